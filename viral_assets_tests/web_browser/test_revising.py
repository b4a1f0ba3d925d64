"""Having a suggestion revised in a real browser: by mouse, by keyboard, and with something else open meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from viral_assets_tests.waiting import until
from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.visitor import Visit, Visitor, alone, phone

if TYPE_CHECKING:
    from playwright.sync_api import Locator

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect


def ask(item: Locator, wish: str) -> None:
    item.get_by_text("Revise", exact=True).first.click()
    item.get_by_role("button", name=wish, exact=True).click()


@pytest.mark.parametrize("kind", ["desktop", "phone"])
def test_the_new_one_is_taken_and_given_back(visit: Visit, kept: Kept, kind: str) -> None:
    mara = visit(**phone()) if kind == "phone" else visit()
    first = kept.listed()[0]
    (_, old), *_ = kept.of(first)
    mara.open(alone(first))
    item = mara.suggestion(first)
    ask(item, "Shorter")
    expect(item.get_by_role("button", name="Take the new one")).to_be_visible()
    expect(item.locator(".side").first).to_contain_text(old)
    expect(mara.toast()).to_contain_text("Revised by offline")
    expect(mara.page.get_by_text("Revised by offline")).to_have_count(1)
    assert kept.of(first)[0] == ("pending", old)
    item.get_by_role("button", name="Take the new one").click()
    expect(mara.toast()).to_contain_text("Taken: Add value is pending")
    expect(item.locator(".state").filter(has_text="revised")).to_be_visible()
    status, new = kept.of(first)[0]
    assert (status, len(new) < len(old)) == ("pending", True)
    mara.toast().get_by_role("button", name="Undo").click()
    expect(mara.toast()).to_contain_text("Undone")
    assert kept.of(first)[0] == ("pending", old)
    item.get_by_role("button", name="Keep the old one").click()
    expect(item.get_by_role("button", name="Approve")).to_be_visible()
    assert [action for _, action, _ in kept.events()] == ["revise", "undo", "keep"]


def test_the_keyboard_alone_is_enough(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    mara.press("j", "2", "v")
    mara.page.keyboard.type("a bit shorter")
    mara.press("Enter")
    item = mara.suggestion(first, 2)
    expect(item.get_by_role("button", name="Take the new one")).to_be_visible()
    mara.press("a")
    expect(mara.toast()).to_contain_text("that is not possible now")
    item.get_by_role("button", name="Take the new one").press("Enter")
    expect(mara.toast()).to_contain_text("Taken")
    assert kept.events() == [("mara", "revise", "a bit shorter")]
    mara.press("u")
    expect(mara.toast()).to_contain_text("Undone")


def test_what_is_typed_in_another_panel_outlives_the_answer(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    ask(mara.suggestion(first, 1), "Shorter")
    other = mara.suggestion(first, 2)
    other.get_by_text("Revise", exact=True).first.click()
    other.locator("input[name=wish]").fill("warmer, please")
    expect(mara.suggestion(first, 1).get_by_role("button", name="Take the new one")).to_be_visible()
    expect(other.locator("input[name=wish]")).to_have_value("warmer, please")
    other.get_by_role("button", name="Revise", exact=True).click()
    refused = mara.page.get_by_text("Without a key only what can be counted")
    expect(refused).to_have_count(1)
    expect(mara.card(first).locator("[role=alert]")).to_contain_text("Without a key only what can be counted")
    expect(mara.suggestion(first, 1).get_by_role("button", name="Take the new one")).to_be_visible()


def test_without_scripts_it_goes_by_forms(visit: Visit, kept: Kept) -> None:
    mara = visit(java_script_enabled=False)
    first = kept.listed()[0]
    page = mara.open(alone(first))
    with page.expect_navigation():
        ask(mara.suggestion(first), "Shorter")
    take = mara.suggestion(first).get_by_role("button", name="Take the new one")

    def written() -> bool:
        """Nobody looks for the end of the job but the person who loads the page again."""
        page.reload()
        return take.is_visible()

    until(written, "the new one")
    take.click()
    expect(mara.toast()).to_contain_text("Taken: Add value is pending")
    assert kept.events() == [("mara", "revise", "Shorter")]
