"""Sentences and emoji, told the same way by whoever speaks of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.parts import (
    ends_as_question,
    has_emoji,
    has_several_sentences,
    sentences_of,
    without_emoji,
)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("It rose by 3.5 percent.", ["It rose by 3.5 percent."]),
        ("He said “yes.” Then he left.", ["He said “yes.” ", "Then he left."]),
        ("Well… maybe", ["Well… ", "maybe"]),
        ("放进厨房。孩子不再问了。", ["放进厨房。", "孩子不再问了。"]),
        ("هل تنجح؟ نعم.", ["هل تنجح؟ ", "نعم."]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences
    assert has_several_sentences(text) is (len(sentences) > 1)


@given(st.text(st.sampled_from("ab .!?。\n”")))
def test_sentences_together_are_the_text(text: str) -> None:
    assert "".join(sentences_of(text)) == text


def test_an_ending_of_marks_and_emoji_is_no_sentence() -> None:
    assert not has_several_sentences("That is it. 🍞")
    assert not has_several_sentences("That is it... !")


@pytest.mark.parametrize("emoji", ["🍞", "❤️", "👨‍👩‍👧", "🇩🇪", "1️⃣", "⌚", "↔️", "👍🏽"])
def test_emoji_are_told_and_go_whole(emoji: str) -> None:
    assert has_emoji(f"Bread {emoji}!")
    assert without_emoji(f"Bread {emoji}!") == "Bread !"


@pytest.mark.parametrize("text", ["a → b", "3 × 4", "© 2026", "for 2 weeks (really)…", "x ↔ y", "½"])
def test_signs_are_no_emoji(text: str) -> None:
    assert not has_emoji(text)
    assert without_emoji(text) == text


@pytest.mark.parametrize("text", ["Why?", "Why?” ", "为什么？", "لماذا؟", "(Why?)"])
def test_questions(text: str) -> None:
    assert ends_as_question(text)
    assert not ends_as_question(text + " So.")
