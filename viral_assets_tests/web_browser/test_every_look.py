"""Deciding on a phone, a tablet, a laptop and a desktop, in light and in dark: what is pressed, said and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from viral_assets.safety.flag import Flag, flags_as_text
from viral_assets.store.people import add_person
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweet_scores
from viral_assets_tests.web_browser.conftest import NOW, Kept
from viral_assets_tests.web_browser.layout import WIDTHS, faults
from viral_assets_tests.web_browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

TOPIC = "/?topic=digital+detox"
ILLNESS = flags_as_text([Flag("illness", 1.0, "“cancer”")])

# What lies in the middle of each of them is itself: nothing covers it.
_UNCOVERED = """buttons => buttons.every((button) => {
  button.scrollIntoView({ block: "center" });
  const box = button.getBoundingClientRect();
  return button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
})"""

# Names of choices that have less room than their text takes. Chromium draws its arrow 16 pixels wide.
_CUT_OFF = """names => names.filter((name) => {
  const select = document.querySelector(`select[name=${name}]`);
  const style = getComputedStyle(select), pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16;
  return pen.measureText(select.selectedOptions[0].text).width > room;
})"""


def looks(page: Page) -> Iterator[tuple[int, str]]:
    """Each width in each theme, one after the other."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            yield width, scheme


def test_what_a_decision_says_counts_and_offers_next(mara: Visitor, kept: Kept) -> None:
    """The count moves, the loud button is the next step, no message covers the reasons of the next card, and an error
    is told once."""
    page, (tweet, other, *_) = mara.open(TOPIC), kept.listed(topic="digital detox")
    total, item, second = kept.count(topic="digital detox"), mara.suggestion(tweet), mara.suggestion(other)
    fill = "each => getComputedStyle(each).backgroundColor"
    for look in looks(page):
        item.get_by_role("button", name="Approve").click()
        expect(page.locator("#count")).to_have_text(f"{total - 1} tweets to decide")
        expect(item.locator(".button.primary:visible")).to_have_text(["Open in X: suggestion 1, in a new tab\u00a0↗"])
        loud, posted = item.locator("[data-composer]"), item.get_by_role("button", name="Posted")
        assert (look, loud.evaluate(fill) != posted.evaluate(fill)) == (look, True)
        expect(mara.toast().locator("[data-toast]")).to_be_visible()
        places = [second.get_by_text(name).first.bounding_box() for name in ("Copy", "Edit")]
        second.get_by_text("Reject", exact=True).first.click()
        reasons = second.locator("[data-panel=reject] button")
        expect(reasons.first).to_be_visible()
        now = [second.get_by_text(name).first.bounding_box() for name in ("Copy", "Edit")]
        assert (look, [each and each["x"] for each in now]) == (look, [each and each["x"] for each in places])
        assert (look, reasons.evaluate_all(_UNCOVERED)) == (look, True)
        second.get_by_role("button", name="Cancel").locator("visible=true").click()
        page.locator("#undo button").click()
        expect(page.locator("#count")).to_have_text(f"{total} tweets to decide")
        mara.edit(other, "wörter " * 60)
        second.get_by_role("button", name="Save and approve").click()
        # The alert of the look before is still there until this answer is: a panel that is closed sooner opens again.
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        expect(second.get_by_role("alert")).to_contain_text("weighted characters")
        assert (look, page.locator("body").inner_text().count("weighted characters")) == (look, 1)
        assert (look, faults(page)) == (look, [])
        second.get_by_role("button", name="Cancel").locator("visible=true").click()


def test_the_greens_are_listed_on_the_page_the_doubtful_ones_unticked(mara: Visitor, kept: Kept) -> None:
    sensitive, offline, *_ = green = kept.listed(topic="digital detox", label="green")
    with kept.database.begin() as connection:
        scores, written = tweet_scores.c, comment_suggestions.c
        connection.execute(sa.update(tweet_scores).where(scores.tweet_id == sensitive).values(flags=ILLNESS))
        connection.execute(
            sa.update(comment_suggestions)
            .where(written.tweet_id == offline)
            .values(provider="offline", model="offline-1")
        )
    page = mara.open(TOPIC)
    address = page.url
    page.evaluate("window.stayed = true")
    dialog = page.get_by_role("dialog", name="Approve which of the greens?")
    for look in looks(page):
        page.get_by_role("link", name="Approve all greens").click()
        boxes = dialog.get_by_role("checkbox")
        expect(boxes).to_have_count(len(green))
        ticked = [box.is_checked() for box in boxes.all()]
        assert (look, ticked) == (look, [False, False] + [True] * (len(green) - 2))
        assert (look, faults(page)) == (look, [])
        dialog.get_by_role("link", name="Cancel").click()
        expect(dialog).to_be_hidden()
    assert (page.url, page.evaluate("window.stayed")) == (address, True)


def test_with_several_projects_and_people_the_filters_can_be_read(mara: Visitor, kept: Kept) -> None:
    """As many filters as there can be, in a row where there is room for one."""
    with kept.database.begin() as connection:
        add_person(connection, "mara", NOW)
        row = connection.execute(sa.select(comment_opportunities).limit(1)).one()._asdict()
        connection.execute(sa.insert(comment_opportunities).values(row | {"project": "evenings without a screen"}))
    page = mara.open("/?project=demo&label=green&assigned=nobody&recent=24")
    for look in looks(page):
        if look[0] < 1200 and not page.get_by_label("Status", exact=True).is_visible():
            page.get_by_text("Filters").click()
        assert (look, page.evaluate(_CUT_OFF, ["label", "assigned", "recent", "sort"])) == (look, [])
        search = page.get_by_role("searchbox").bounding_box()
        assert search is not None
        assert (look, search["width"] >= 200, faults(page)) == (look, True, [])
        page.get_by_text("Hours", exact=True).click()
        expect(page.get_by_role("button", name="Show these hours")).to_be_visible()
        assert (look, page.get_by_role("searchbox").bounding_box(), faults(page)) == (look, search, [])
        page.get_by_text("Hours", exact=True).click()
        tabs = [link.bounding_box() for link in page.locator("nav a").all()]
        assert (look, max(tab["height"] for tab in tabs if tab) < 40) == (look, True)
