"""Wishes that are fulfilled without a model, and those that it is said need one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.drafting.countable_wishes import CannotFulfil, fulfil
from viral_assets.text.x_rules import hashtags, text_weight
from viral_assets.vocabulary import COMMON_WISHES

DRAFT = "Put the charger in the hall! 🎉 It works #calm wonders 👨‍👩‍👧. Which part is hard? We tried it for two weeks."


@pytest.mark.parametrize(
    ("wish", "becomes"),
    [
        ("Shorter", "Put the charger in the hall! 🎉 It works #calm wonders 👨‍👩‍👧. Which part is hard?"),
        (
            "please make it a bit shorter, without the question",
            "Put the charger in the hall! 🎉 It works #calm wonders 👨‍👩‍👧.",
        ),
        (
            "no emoji",
            "Put the charger in the hall! It works #calm wonders. Which part is hard? We tried it for two weeks.",
        ),
        (
            "Without hashtags, no emojis and without exclamation marks",
            "Put the charger in the hall. It works wonders. Which part is hard? We tried it for two weeks.",
        ),
        (
            "Without a question",
            "Put the charger in the hall! 🎉 It works #calm wonders 👨‍👩‍👧. We tried it for two weeks.",
        ),
    ],
)
def test_what_can_be_counted_is_done(wish: str, becomes: str) -> None:
    assert fulfil(wish, DRAFT, shortest=20) == becomes


@pytest.mark.parametrize("wish", ["Less salesy", "shorter, and warmer", "in German", "shorter?", "", ".", "no"])
def test_for_anything_else_it_is_said_that_it_takes_a_key(wish: str) -> None:
    with pytest.raises(CannotFulfil, match=r"without a key only what can be counted is done: .*set GEMINI_API_KEY"):
        fulfil(wish, DRAFT, shortest=20)


@pytest.mark.parametrize(
    ("wish", "draft", "why"),
    [
        ("shorter", "Put the charger into the hall, where nobody sleeps.", "a single sentence"),
        ("shorter", "Put it away. Then wait for two weeks.", "would have 12 characters, and the project wants 20"),
        ("no question", "Put it away for two weeks.", "no question in it"),
        ("no question", "Why not? Which part of it is hard?", "the question is most of it"),
        ("no hashtags", "Put it away for two weeks.", "not a hashtag in it"),
        ("no emoji", "Put it away — for 2 weeks (really)…", "not an emoji in it"),
        ("fewer exclamation points", "Put it away.", "not an exclamation mark in it"),
    ],
)
def test_what_cannot_be_done_says_why(wish: str, draft: str, why: str) -> None:
    with pytest.raises(CannotFulfil, match=why):
        fulfil(wish, draft, shortest=20)


def test_of_the_common_wishes_those_that_can_be_counted_are_understood() -> None:
    understood = []
    for wish in COMMON_WISHES:
        try:
            fulfil(wish, DRAFT, shortest=20)
        except CannotFulfil:
            continue
        understood.append(wish)
    assert understood == ["Shorter", "Without a question"]


@given(
    st.text(max_size=200),
    st.sampled_from(["shorter", "no emoji", "no hashtags", "no question", "no exclamation marks"]),
)
def test_whatever_the_draft_the_wish_holds_or_it_is_said_that_it_cannot_be(draft: str, wish: str) -> None:
    try:
        text = fulfil(wish, draft, shortest=1)
    except CannotFulfil:
        return
    assert text != draft
    match wish:
        case "shorter":
            assert text_weight(text) < text_weight(draft)
        case "no question":
            assert "?" not in text
        case "no exclamation marks":
            assert "!" not in text
        case "no hashtags":
            assert not [each for each in hashtags(text) if f"#{each}" in text.split()]
