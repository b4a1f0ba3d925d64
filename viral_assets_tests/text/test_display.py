"""Untrusted text on one line, and folded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.display import folded, one_line


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\n\n b\u2003\tc ") == "a b c"


@given(st.text(st.sampled_from("ab \n"), max_size=3000))
def test_folding_loses_nothing(text: str) -> None:
    assert "".join(folded(text)) == text


def test_a_tweet_of_usual_length_is_not_folded() -> None:
    text = "word " * 56
    assert folded(text) == (text, "")


def test_a_long_text_is_cut_between_words_and_a_tall_one_between_lines() -> None:
    shown, rest = folded("word " * 1000)
    assert 300 < len(shown) <= 600
    assert shown.endswith("word")
    assert rest.startswith(" word")
    shown, rest = folded("a\n" * 200)
    assert shown.count("\n") == 13
    assert folded("x" * 5000)[0] == "x" * 600
