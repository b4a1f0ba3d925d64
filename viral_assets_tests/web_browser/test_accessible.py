"""The pages by the rules of axe-core: nothing serious or critical, in both schemes, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from viral_assets.store.tables import comment_suggestions, llm_requests
from viral_assets_tests.delivery.examples import request
from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.layout import WIDTHS
from viral_assets_tests.web_browser.test_layout import decided, open_panels, pages_of, revised  # noqa: F401 - fixtures
from viral_assets_tests.web_browser.visitor import Visit, Visitor, options, phone

if TYPE_CHECKING:
    from playwright.sync_api import Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
expect: Any = playwright.expect

GRAVE = ("serious", "critical")
BY_SCHEME = ("color-contrast",)
BY_PLACE = ("color-contrast", "target-size", "scrollable-region-focusable")
"""Rules that what lies where decides; all others look at what there is and what it is called."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe_script() -> str:
    """axe-core itself, from the wheel."""
    return Path(axe.AXE_FILE_PATH).read_text(encoding="utf-8")


def grave_issues(page: Page, *, only: Sequence[str] = ()) -> list[str]:
    """What axe finds, one line each; with ``only``, by these rules."""
    # Evaluated by the debugger, which the page's content security policy does not bind.
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_script())
    run = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": TAGS}
    found = page.evaluate("runOnly => axe.run({ runOnly, resultTypes: ['violations'] })", run)
    return [
        f"{issue['id']} ({issue['impact']}): {issue['help']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for issue in found["violations"]
        if issue["impact"] in GRAVE
        for node in issue["nodes"][:3]
    ]


def lay_whole(page: Page, width: int) -> None:
    """All of the page in the window, where nothing lies under its head or a message; and no more, as all is drawn."""
    page.set_viewport_size({"width": width, "height": 100})
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": height + 400})


def assert_accessible(visitor: Visitor) -> None:
    """In light and in dark, which differ in nothing but colours."""
    visitor.page.emulate_media(color_scheme="light")
    assert grave_issues(visitor.page) == []
    visitor.page.emulate_media(color_scheme="dark")
    assert grave_issues(visitor.page, only=BY_SCHEME) == []


@pytest.fixture(params=["desktop", "phone"])
def anyone(request: pytest.FixtureRequest, visit: Visit) -> Visitor:
    """A person with a desktop, and one with a phone."""
    return visit(**(phone() if request.param == "phone" else options()))


def test_the_list_with_every_kind_of_decision(anyone: Visitor, kept: Kept) -> None:
    page = anyone.open("/?status=all&search=bedroom")
    cards = [str(card.get_attribute("data-tweet")) for card in anyone.cards().all()]
    anyone.suggestion(cards[0], 1).get_by_role("button", name="Approve").click()
    expect(anyone.suggestion(cards[0], 1)).to_have_attribute("data-status", "approved")
    anyone.suggestion(cards[1], 1).get_by_role("button", name="Posted").click()
    expect(anyone.suggestion(cards[1], 1)).to_have_attribute("data-status", "posted")
    item = anyone.suggestion(cards[0], 2)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_role("button", name="too generic").click()
    expect(item).to_have_attribute("data-status", "rejected")
    expect(page.locator("[data-toast]")).to_be_visible()
    assert_accessible(anyone)


def test_a_tweet_being_edited_and_refused(anyone: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    page = anyone.open(f"/tweet?project=demo&tweet_id={first}")
    anyone.edit(first, "wörter " * 60)
    anyone.suggestion(first, 1).get_by_role("button", name="Save and approve").click()
    expect(page.get_by_role("alert")).to_be_visible()
    anyone.suggestion(first, 2).get_by_text("Reject", exact=True).first.click()
    anyone.suggestion(first, 3).get_by_role("button", name="Approve").click()
    expect(anyone.suggestion(first, 3)).to_have_attribute("data-status", "approved")
    # What scrolls under the head of the page or a message is covered for a moment: here nothing has to.
    assert page.viewport_size is not None
    lay_whole(page, page.viewport_size["width"])
    assert_accessible(anyone)
    page.reload()
    expect(page.locator(".history li")).to_have_count(1)
    assert_accessible(anyone)


OPENED = ("/approve-greens", "/numbers", "/nowhere", "/?label=purple", "/?search=nothing+is+like+this")
"""Pages on which everything that can be is opened."""


def test_every_page_at_every_width(visit: Visit, revised: list[str]) -> None:  # noqa: F811
    mara = visit()
    for path in dict.fromkeys((*pages_of(revised), *OPENED)):
        page = mara.open(path)
        if path in OPENED:
            page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        if path == "/?status=all":
            open_panels(mara, revised[1])
            # The cards of which something is special; axe takes a second for every few dozen that are alike.
            kept = [f'[data-tweet="{each}"]' for each in (*revised[:3], revised[-1])]
            page.evaluate(
                "kept => document.querySelectorAll('[data-opportunity]').forEach("
                "(each) => { if (!kept.some((one) => each.matches(one))) each.remove(); })",
                kept,
            )
        if path.startswith("/left-out"):
            # A page full of them is looked at in test_left_out.
            page.evaluate("[...document.querySelectorAll('[data-left-out]')].slice(5).forEach((each) => each.remove())")
        for width in WIDTHS:
            lay_whole(page, width)
            page.emulate_media(color_scheme="light")
            # Whatever is shown at a width between is shown at one of these, and there it lies elsewhere at most.
            outermost = width in (WIDTHS[0], WIDTHS[-1])
            assert (path, width, grave_issues(page, only=() if outermost else BY_PLACE)) == (path, width, [])
            if outermost:
                page.emulate_media(color_scheme="dark")
                assert (path, width, grave_issues(page, only=BY_SCHEME)) == (path, width, [])


def test_the_numbers_of_requests(anyone: Visitor, kept: Kept) -> None:
    with kept.database.begin() as connection:
        table = comment_suggestions
        ids = list(connection.execute(sa.select(table.c.tweet_id).distinct()).scalars())
        connection.execute(sa.insert(llm_requests), [request("r", ids, 0.01)])
        decided = {"status": "approved", "provider": "google-genai", "model": "m" * 60, "request_id": "r"}
        connection.execute(sa.update(table).values(decided))
    page = anyone.open("/numbers")
    section = page.get_by_role("region", name="Approval by tweets in a request", exact=True)
    expect(section.get_by_role("table").first).to_contain_text("not enough decisions yet: it takes")
    expect(section.get_by_role("img")).to_have_count(2)
    assert anyone.too_wide() == []
    assert_accessible(anyone)


def test_the_help_and_the_menus(anyone: Visitor) -> None:
    page = anyone.open("/?topic=digital+detox&label=green")
    anyone.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(anyone)
    anyone.press("Escape")
    page.get_by_role("link", name="Approve all greens").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(anyone)
    anyone.press("Escape")
    page.locator(".name summary").click()
    page.evaluate("document.querySelectorAll('.filters details').forEach((each) => { each.open = true; })")
    assert_accessible(anyone)


def test_the_login(visit: Visit, serve: Any) -> None:
    address = serve(token="a token that is long enough")
    for kind in (options(), phone()):
        visitor = visit(address, **kind)
        page = visitor.open("/")
        assert_accessible(visitor)
        page.get_by_label("Token").fill("wrong")
        page.get_by_label("Your name").fill("Zoë")
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_accessible(visitor)
