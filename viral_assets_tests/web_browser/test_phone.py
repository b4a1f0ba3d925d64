"""The review on a small phone, and in dark and light."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.visitor import LEAST_TARGET, PHONE, SMALL_TARGETS, Visit, Visitor, alone, phone

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

COMFORTABLE_TARGET = 40
"""For what a thumb does with every tweet."""


@pytest.fixture
def pocket(visit: Visit) -> Visitor:
    """A person with a phone."""
    return visit(**phone())


def test_open_panels_and_menus_fit_too(pocket: Visitor, kept: Kept) -> None:
    page = pocket.open("/")
    first = kept.listed()[0]
    page.get_by_text("Filters").tap()
    expect(page.get_by_label("Topic", exact=True)).to_be_visible()
    page.locator(".name summary").tap()
    expect(page.get_by_label("Your name in the record")).to_be_visible()
    assert pocket.too_wide() == []
    page.locator(".name summary").tap()
    pocket.suggestion(first, 1).get_by_text("Edit", exact=True).tap()
    pocket.suggestion(first, 1).locator("textarea").fill("wide" * 200)
    pocket.suggestion(first, 2).get_by_text("Reject", exact=True).first.tap()
    expect(pocket.suggestion(first, 2).get_by_role("button", name="too generic")).to_be_visible()
    assert pocket.too_wide() == []
    assert page.evaluate(SMALL_TARGETS, LEAST_TARGET) == []


def test_every_action_is_a_comfortable_tap(pocket: Visitor, kept: Kept) -> None:
    page = pocket.open("/")
    first, second = kept.listed()[:2]
    item = pocket.suggestion(first)
    for name in ("Approve", "Posted", "Copy"):
        box = item.get_by_role("button", name=name).bounding_box()
        assert box is not None, name
        assert min(box["width"], box["height"]) >= COMFORTABLE_TARGET, (name, box)
    item.get_by_role("button", name="Approve").tap()
    expect(item).to_have_attribute("data-status", "approved")
    item.get_by_role("button", name="Posted").tap()
    expect(item).to_have_attribute("data-status", "posted")
    item = pocket.suggestion(second)
    item.get_by_text("Edit", exact=True).tap()
    item.locator("textarea").fill("From the bus.")
    item.get_by_role("button", name="Save and approve").tap()
    expect(item).to_have_attribute("data-status", "edited")
    item.get_by_text("Reject", exact=True).first.tap()
    item.get_by_role("button", name="tone", exact=True).tap()
    expect(item).to_have_attribute("data-status", "rejected")
    page.locator("#undo button").tap()
    expect(item).to_have_attribute("data-status", "edited")
    with pocket.context.expect_page() as opened:
        item.locator("[data-composer]").tap()
    opened.value.close()
    page.get_by_text("Filters").tap()
    page.get_by_label("Label", exact=True).select_option("yellow")
    page.wait_for_url("**/?label=yellow")
    assert pocket.too_wide() == []
    assert [action for _, action, _ in kept.events()] == ["approve", "post", "edit", "reject", "undo"]


def test_a_message_hides_no_button_for_long(pocket: Visitor, kept: Kept) -> None:
    """It can be acted through: whatever is below it can be scrolled to a free place."""
    first = kept.listed()[0]
    page = pocket.open(alone(first))
    pocket.suggestion(first).get_by_role("button", name="Approve").tap()
    toast = page.locator("[data-toast]")
    expect(toast).to_be_visible()
    box = toast.bounding_box()
    assert box is not None
    assert box["height"] < PHONE["height"] / 6
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


def test_the_header_leaves_room_for_the_tweets(pocket: Visitor) -> None:
    page = pocket.open("/")
    assert page.evaluate("() => { scrollTo({ top: 2_000, behavior: 'instant' }); return scrollY; }") > 300
    box = page.locator(".top").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < PHONE["height"] / 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme_of_the_system(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme).open("/?label=green")
    paper, ink = page.evaluate(
        """() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].map(
            (color) => color.match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 3)"""
    )
    assert (paper > 200 and ink < 60) if scheme == "light" else (paper < 60 and ink > 200)
    card = page.locator("[data-opportunity]").first
    expect(card).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"
