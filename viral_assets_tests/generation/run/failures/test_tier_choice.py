"""When a run asks at a cheaper tier, and when it gives up on it."""

from __future__ import annotations

from dataclasses import replace

from viral_assets.generation.run.failures.tier_choice import (
    FAILURES_IN_A_ROW,
    FAILURES_OF_A_TWEET,
    PAUSE_SECONDS,
    TierChoice,
)
from viral_assets.generation.run.items import Item
from viral_assets.llm.tiers import FLEX, STANDARD
from viral_assets_tests.generation.make import opportunity

TWEET = Item(opportunity())


def test_the_cheaper_tier_is_asked_until_the_deadline() -> None:
    choice = TierChoice(FLEX, until=3600)
    assert choice.of([TWEET], 3599) == FLEX
    assert choice.of([TWEET], 3600) == STANDARD


def test_the_standard_tier_has_nothing_to_learn() -> None:
    choice = TierChoice()
    assert not any(choice.failed(STANDARD, 0) for _ in range(10))
    assert choice.usual(0) == STANDARD


def test_a_busy_tier_is_left_alone_for_a_while_and_then_tried_once() -> None:
    choice = TierChoice(FLEX)
    assert [choice.failed(FLEX, 10) for _ in range(FAILURES_IN_A_ROW)][-2:] == [False, True]
    assert choice.usual(10 + PAUSE_SECONDS - 1) == STANDARD
    assert choice.usual(10 + PAUSE_SECONDS) == FLEX
    assert choice.failed(FLEX, 10 + PAUSE_SECONDS), "it is still busy"
    assert choice.usual(10 + PAUSE_SECONDS) == STANDARD


def test_an_answer_in_between_is_a_new_start() -> None:
    choice = TierChoice(FLEX)
    for _ in range(5):
        assert not choice.failed(FLEX, 0)
        choice.answered(FLEX)
    assert choice.usual(0) == FLEX


def test_a_tweet_without_luck_is_asked_about_at_the_standard_tier() -> None:
    choice = TierChoice(FLEX)
    tried = replace(TWEET, cheap_failures=FAILURES_OF_A_TWEET)
    assert choice.of([TWEET, tried], 0) == STANDARD
    assert choice.of([TWEET], 0) == FLEX, "the others go on"


def test_a_tier_that_is_not_there_is_not_asked_again() -> None:
    choice = TierChoice(FLEX)
    assert choice.failed(FLEX, 0, for_good=True)
    assert choice.usual(1e9) == STANDARD
