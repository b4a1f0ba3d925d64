"""The review with the keyboard alone."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.visitor import Visitor, alone

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

SHORT = {"topic": "digital detox", "label": "green"}
SHORT_LIST = f"/?{urlencode(SHORT)}"
CURRENT = re.compile(r"\bcurrent\b")
CHOSEN = re.compile(r"\bchosen\b")


def test_a_whole_review_without_a_mouse(mara: Visitor, kept: Kept) -> None:
    """Every key once, in the order of somebody's work."""
    mara.open(SHORT_LIST)
    first, second, third = kept.listed(**SHORT)[:3]
    mara.press("j")
    expect(mara.card(first)).to_have_class(CURRENT)
    expect(mara.card(first)).to_be_focused()
    expect(mara.suggestion(first, 1)).to_have_class(CHOSEN)
    mara.press("2")
    expect(mara.suggestion(first, 2)).to_have_class(CHOSEN)
    expect(mara.toast()).to_contain_text("Suggestion 2:")
    mara.press("a")
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "approved")
    expect(mara.card(first)).to_be_focused()
    assert kept.statuses(first) == ["pending", "approved", "pending"]

    mara.press("j", "e")
    text = mara.suggestion(second).locator("textarea[name=text]")
    expect(text).to_be_focused()
    mara.press("Control+a")
    mara.page.keyboard.type("Typed, not clicked.")
    mara.press("Control+Enter")
    expect(mara.suggestion(second)).to_have_attribute("data-status", "edited")
    assert kept.of(second)[0] == ("edited", "Typed, not clicked.")

    mara.press("j", "1", "r")
    expect(mara.suggestion(third).locator("input[name=reason]")).to_be_focused()
    mara.page.keyboard.type("not for us")
    mara.press("Enter")
    expect(mara.suggestion(third)).to_have_attribute("data-status", "rejected")
    assert kept.events()[-1] == ("mara", "reject", "not for us")

    mara.press("u")
    expect(mara.suggestion(third)).to_have_attribute("data-status", "pending")
    mara.press("u")
    expect(mara.suggestion(second)).to_have_attribute("data-status", "pending")
    expect(mara.card(second)).to_have_class(CURRENT)
    mara.press("k")
    expect(mara.card(first)).to_have_class(CURRENT)
    mara.press("2", "p")
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "posted")


def test_the_composer_opens_by_a_key(mara: Visitor, kept: Kept) -> None:
    mara.open(SHORT_LIST)
    first = kept.listed(**SHORT)[0]
    mara.press("j", "3")
    with mara.context.expect_page() as opened:
        mara.press("o")
    opened.value.wait_for_url("https://x.com/**")
    assert parse_qs(urlsplit(opened.value.url).query) == {"in_reply_to": [first], "text": [kept.of(first)[2][1]]}


def test_the_search_and_the_help_have_keys(mara: Visitor) -> None:
    page = mara.open(SHORT_LIST)
    mara.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    mara.press("j", "a")
    assert page.locator(".current").count() == 0, "the page behind the help does not listen"
    mara.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    mara.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("bedroom")
    mara.press("Enter")
    page.wait_for_url("**/?search=bedroom&*")


def test_keys_are_letters_while_one_types(mara: Visitor, kept: Kept) -> None:
    page = mara.open(SHORT_LIST)
    keys = "jkaereopuc/?12345"
    page.get_by_role("searchbox").click()
    page.keyboard.type(keys)
    expect(page.get_by_role("searchbox")).to_have_value(keys)
    first = kept.listed(**SHORT)[0]
    mara.edit(first, "")
    page.keyboard.type(keys)
    text = mara.suggestion(first).locator("textarea[name=text]")
    expect(text).to_have_value(keys)
    mara.press("Escape")
    expect(text).to_be_hidden()
    expect(mara.card(first)).to_be_focused()
    for select in ("Status", "Label"):
        page.get_by_label(select, exact=True).focus()
        mara.press("j", "u")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    assert kept.events() == []
    assert mara.abroad == []
    assert len(mara.context.pages) == 1


def test_keys_of_the_browser_stay_the_browsers(mara: Visitor, kept: Kept) -> None:
    mara.open(SHORT_LIST)
    mara.press("j", "Control+a", "Alt+a", "Meta+u")
    expect(mara.suggestion(kept.listed(**SHORT)[0])).to_have_attribute("data-status", "pending")
    assert kept.events() == []


def test_what_is_not_possible_is_said(mara: Visitor, kept: Kept) -> None:
    mara.open(SHORT_LIST)
    first = kept.listed(**SHORT)[0]
    mara.press("a")
    expect(mara.toast()).to_contain_text("Choose a tweet first")
    mara.press("j", "a")
    expect(mara.suggestion(first)).to_have_attribute("data-status", "approved")
    mara.press("a")
    expect(mara.toast()).to_contain_text("that is not possible now")
    assert len(kept.events()) == 1


def test_everything_can_be_reached_by_the_tab_key(mara: Visitor, kept: Kept) -> None:
    page = mara.open(alone(kept.listed()[0]))
    mara.press("Tab")
    expect(page.get_by_role("link", name="Skip to the tweets")).to_be_focused()
    mara.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reached = set()
    for _ in range(40):
        mara.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText || document.activeElement.tagName"))
        if "History" in reached:
            break
    assert {"Approve", "Edit", "Reject", "Posted", "Write new ones", "History"} <= reached
    outline = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "solid 2px" in outline, "one sees where the keyboard is"
