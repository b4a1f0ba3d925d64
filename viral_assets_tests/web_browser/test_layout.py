"""How the pages lie on a phone, a tablet, a laptop and a desktop, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from viral_assets.queries.filters import Filters
from viral_assets.queries.pages import read_page
from viral_assets.store import revisions
from viral_assets.store.decisions import decide
from viral_assets.store.revision_progress import offer, put_off
from viral_assets.store.suggestion_keys import SuggestionKey
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


@pytest.fixture
def revised(kept: Kept, decided: list[str]) -> list[str]:
    """The same; of the third, one revision is offered, one waits and one was taken."""
    with kept.database.begin() as connection:
        row = read_page(connection, Filters(), now=NOW).rows[1]
        for number, suggestion in enumerate(row.suggestions):
            key = SuggestionKey(row.project, row.tweet_id, suggestion.type_name)
            wish = "less like an advert, and begin with what the tweet says about its evening " * number or "Shorter"
            version = suggestion.version
            asked = revisions.ask(connection, key, version=version, wish=wish, who="Mara Lindqvist-Roy", at=NOW)
            if number == 1:
                put_off(connection, asked.id, reason="the day's 1,500 requests are used up", at=NOW)
                continue
            text = f"{suggestion.text[:100]} {'W' * 60}"
            offer(
                connection,
                asked.id,
                text=text,
                weighted_length=len(text),
                provider="google-genai",
                model="gemini-3.5-flash-lite-preview-11-2026",
                request_id="r",
                at=NOW,
            )
            if number == 2:
                revisions.decide_revision(connection, asked.id, "revise", who="tom", at=NOW, version=version)
    return [*decided, row.tweet_id]


def pages_of(decided: list[str]) -> tuple[str, ...]:
    """Every page there is, of one tweet with what was decided about it and with what is revised."""
    of_tweets = (f"/tweet?project=demo&tweet_id={tweet}" for tweet in (decided[0], decided[-1]))
    lesson = f"/lesson?wish=more&project=demo&tweet_id={decided[1]}"
    return ("/?status=all", "/numbers", "/left-out?recent=6", "/approve-greens", "/nowhere", lesson, *of_tweets)


def open_panels(mara: Visitor, tweet_id: str) -> None:
    for number, name in ((1, "edit"), (2, "reject"), (3, "revise")):
        mara.suggestion(tweet_id, number).locator(f"[data-panel={name}]").evaluate("each => each.open = true")


def test_no_page_scrolls_sideways_overlaps_or_is_too_small_to_read(mara: Visitor, revised: list[str]) -> None:
    page = mara.page
    for path in pages_of(revised):
        mara.open(path)
        if path == "/?status=all":
            open_panels(mara, revised[1])
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


def test_old_and_new_lie_side_by_side_where_there_is_room(mara: Visitor, revised: list[str]) -> None:
    page = mara.open(f"/tweet?project=demo&tweet_id={revised[-1]}")
    old, new = mara.suggestion(revised[-1]).locator(".side").all()
    for width in WIDTHS:
        lay(page, width)
        left, right = box(old), box(new)
        if width == WIDTHS[0]:
            assert right["y"] >= left["y"] + left["height"], "on a phone one below the other"
        else:
            assert right["y"] == left["y"]
            assert abs(right["width"] - left["width"]) < 1
            assert right["x"] >= left["x"] + left["width"]


def within(item: Locator, name: str) -> tuple[float, float]:
    """Where a button of a suggestion lies, from the suggestion's corner."""
    whole, button = box(item), box(item.get_by_text(name).first)
    return button["x"] - whole["x"], button["y"] - whole["y"]


def test_revise_opens_where_it_is_and_moves_nothing(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?topic=digital+detox")
    item = mara.suggestion(kept.listed(topic="digital detox")[0])
    for width in WIDTHS:
        lay(page, width)
        before = [within(item, name) for name in ("Approve", "Edit", "Reject", "Copy")]
        item.get_by_text("Revise", exact=True).first.click()
        expect(item.get_by_role("button", name="Less salesy")).to_be_visible()
        assert [within(item, name) for name in ("Approve", "Edit", "Reject", "Copy")] == before
        item.get_by_role("button", name="Cancel").locator("visible=true").click()


def test_an_error_is_told_once(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?topic=digital+detox")
    first = kept.listed(topic="digital detox")[0]
    mara.edit(first, "wörter " * 60)
    # As somebody who has pulled the field larger leaves it: the answer must not bring that along as a style.
    page.evaluate("document.querySelectorAll('textarea').forEach((each) => { each.style.height = '150px'; })")
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(page.get_by_role("alert")).to_contain_text("weighted characters")
    assert page.locator("body").inner_text().count("weighted characters") == 1
