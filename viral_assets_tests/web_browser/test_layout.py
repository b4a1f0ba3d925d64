"""How the pages lie on a phone, a tablet, a laptop and a desktop, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from viral_assets.queries.filters import Filters
from viral_assets.queries.pages import read_page
from viral_assets.store.decisions import SuggestionKey, decide
from viral_assets_tests.web_browser.conftest import NOW, Kept
from viral_assets_tests.web_browser.layout import WIDTHS, faults
from viral_assets_tests.web_browser.visitor import LEAST_TARGET, SMALL_TARGETS, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

HEIGHT = 900
WIDE_WIDTHS = WIDTHS[2:]
"""With room for all filters in a row."""


def lay(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})


def box(element: Locator) -> dict[str, float]:
    found = element.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


@pytest.fixture
def decided(kept: Kept) -> list[str]:
    """The tweets of the list; of the first one suggestion is approved, one rejected and one posted."""
    with kept.database.begin() as connection:
        rows = read_page(connection, Filters(), now=NOW).rows
        for suggestion, action in zip(rows[0].suggestions, ("approve", "reject", "post"), strict=True):
            key = SuggestionKey(rows[0].project, rows[0].tweet_id, suggestion.type_name)
            decide(connection, key, action, who="Mara Lindqvist-Roy", at=NOW, version=suggestion.version)
    return [row.tweet_id for row in rows]


def test_no_page_scrolls_sideways_overlaps_or_is_too_small_to_read(mara: Visitor, decided: list[str]) -> None:
    page = mara.page
    paths = ("/?status=all", "/numbers", "/left-out?recent=6", "/approve-greens", "/nowhere")
    for path in (*paths, f"/tweet?project=demo&tweet_id={decided[0]}"):
        mara.open(path)
        if path == "/?status=all":
            for number, name in ((1, "edit"), (2, "reject")):
                mara.suggestion(decided[1], number).locator(f"[data-panel={name}]").evaluate("each => each.open = true")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                lay(page, width)
                assert (path, scheme, width, faults(page)) == (path, scheme, width, [])
        lay(page, WIDTHS[0])
        assert (path, mara.too_wide(), page.evaluate(SMALL_TARGETS, LEAST_TARGET)) == (path, [], [])


def test_the_head_keeps_its_place_whatever_is_opened(mara: Visitor) -> None:
    page = mara.open("/?project=demo&label=green")
    search, hours = page.get_by_role("searchbox"), page.get_by_text("Hours", exact=True)
    for width in WIDTHS:
        lay(page, width)
        for link in page.locator("nav a").all():
            assert box(link)["height"] < 40, "one line each, or the one that is chosen stands too high"
        if width not in WIDE_WIDTHS:
            page.get_by_text("Filters").click()
        before = box(search)
        assert before["width"] >= 200
        hours.click()
        expect(page.get_by_role("button", name="Show these hours")).to_be_visible()
        assert box(search) == before
        assert faults(page) == []
        if width in WIDE_WIDTHS:
            assert abs(before["y"] - box(page.get_by_label("Status", exact=True))["y"]) < 2, "all in one row"
            page.locator("h1").click()
        else:
            hours.click()
            page.get_by_text("Filters").click()
        expect(page.get_by_role("button", name="Show these hours")).to_be_hidden()


def test_what_is_pressed_moves_nothing_under_the_finger(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?topic=digital+detox")
    first, second = kept.listed(topic="digital detox")[:2]
    total = kept.count(topic="digital detox")
    item = mara.suggestion(first)
    item.get_by_role("button", name="Approve").click()
    expect(page.locator("#count")).to_have_text(f"{total - 1} tweets to decide")
    expect(item.locator(".button.primary:visible")).to_have_text(["Open in X: suggestion 1, in a new tab\u00a0↗"])
    expect(mara.toast().locator("[data-toast]")).to_be_visible()
    other = mara.suggestion(second)
    for width in WIDTHS:
        lay(page, width)
        before = [box(other.get_by_text(name).first) for name in ("Copy", "Edit")]
        other.get_by_text("Reject", exact=True).first.click()
        expect(other.get_by_role("button", name="too generic")).to_be_visible()
        expect(page.locator("[data-toast]")).to_have_count(0)
        top = box(other)["y"]
        after = [box(other.get_by_text(name).first) for name in ("Copy", "Edit")]
        assert [each["x"] for each in after] == [each["x"] for each in before]
        assert after[0]["y"] - after[1]["y"] == before[0]["y"] - before[1]["y"], (width, top)
        other.get_by_role("button", name="Cancel").locator("visible=true").click()
        expect(other.get_by_role("button", name="too generic")).to_be_hidden()
    with mara.context.expect_page():
        item.get_by_role("link", name="Open in X").click()
    colours = "each => getComputedStyle(each).backgroundColor"
    assert item.get_by_role("button", name="Posted").evaluate(colours) != item.locator("[data-composer]").evaluate(
        colours
    )


def test_an_error_is_told_once(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?topic=digital+detox")
    first = kept.listed(topic="digital detox")[0]
    mara.edit(first, "wörter " * 60)
    # As somebody who has pulled the field larger leaves it: the answer must not bring that along as a style.
    page.evaluate("document.querySelectorAll('textarea').forEach((each) => { each.style.height = '150px'; })")
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(page.get_by_role("alert")).to_contain_text("weighted characters")
    assert page.locator("body").inner_text().count("weighted characters") == 1
