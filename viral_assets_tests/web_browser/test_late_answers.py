"""Somebody quicker than the server: more is asked about a tweet before the first answer is there."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from viral_assets_tests.waiting import until
from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.visitor import Visitor, alone

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Route

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

IN_TURN, THE_LATER_ONE_FIRST = (0, 1), (1, 0)
TOO_LONG = "wörter " * 60
EITHER_WAY = pytest.mark.parametrize("order", [IN_TURN, THE_LATER_ONE_FIRST])


@dataclass
class Late:
    """Answers to decisions: the server has done what was asked, and the page learns of it when a test says so."""

    visitor: Visitor
    held: list[tuple[Route, APIResponse]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.visitor.page.route("**/decide", lambda route: self.held.append((route, route.fetch())))

    def wait_for(self, count: int) -> None:
        """Until so many decisions are made."""

        def made() -> bool:
            self.visitor.page.wait_for_timeout(20)  # Playwright hears of what happens while it is called
            return len(self.held) >= count

        until(made, "the decision", every=0)

    def arrive(self, order: tuple[int, int]) -> None:
        """One after the other: the second once the first is there."""
        for number in order:
            route, answer = self.held[number]
            with self.visitor.page.expect_request_finished(partial(operator.eq, route.request)):
                route.fulfill(response=answer)


@EITHER_WAY
def test_two_decisions_about_a_tweet_are_both_shown(mara: Visitor, kept: Kept, order: tuple[int, int]) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    late = Late(mara)
    for number in (1, 2):
        mara.suggestion(first, number).get_by_role("button", name="Approve").click()
        late.wait_for(number)
    assert kept.statuses(first) == ["approved", "approved", "pending"]
    late.arrive(order)
    for number, status in enumerate(kept.statuses(first), 1):
        expect(mara.suggestion(first, number)).to_have_attribute("data-status", status)
    mara.page.unroute_all()
    mara.suggestion(first, 2).get_by_role("button", name="Posted").click()
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "posted")


@pytest.mark.parametrize("refused", [1, 2])
def test_a_refusal_that_comes_last_is_said_whichever_was_asked_first(mara: Visitor, kept: Kept, refused: int) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    late = Late(mara)
    mara.edit(first, TOO_LONG)
    buttons = {
        refused: mara.suggestion(first).get_by_role("button", name="Save and approve"),
        3 - refused: mara.suggestion(first, 2).get_by_role("button", name="Approve"),
    }
    for number in (1, 2):
        buttons[number].click()
        late.wait_for(number)
    late.arrive(IN_TURN if refused == 2 else THE_LATER_ONE_FIRST)
    expect(mara.suggestion(first).get_by_role("alert")).to_contain_text("weighted characters")
    expect(mara.suggestion(first).locator("textarea[name=text]")).to_have_value(TOO_LONG)
    assert kept.statuses(first) == ["pending", "approved", "pending"]


@EITHER_WAY
def test_a_panel_is_closed_by_the_answer_to_its_own_form(mara: Visitor, kept: Kept, order: tuple[int, int]) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    late = Late(mara)
    mara.suggestion(first, 2).get_by_role("button", name="Approve").click()
    late.wait_for(1)
    mara.edit(first, "Said in her own words.")
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    late.wait_for(2)
    late.arrive(order)
    for number, status in enumerate(("edited", "approved", "pending"), 1):
        expect(mara.suggestion(first, number)).to_have_attribute("data-status", status)
    expect(mara.suggestion(first).locator(".reply")).to_have_text("Said in her own words.")
    expect(mara.suggestion(first).locator("textarea[name=text]")).to_be_hidden()
