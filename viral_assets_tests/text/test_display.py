"""What a person gets to see of an untrusted text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.display import MAX_COMBINING_MARKS, folded, one_line, readable

BIDI_CONTROLS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

awkward = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\n\r\t \u2028\u200d\u200c\u200b\u202e\ufe0f\u0301\u0489\U0001f3f4\U000e0067\U000e007f\U0001f468"
        ),
    )
)


@given(awkward)
def test_a_text_made_readable_is_readable(text: str) -> None:
    assert readable(readable(text)) == readable(text)


@given(awkward)
def test_no_control_character_but_tab_and_line_feed_is_left(text: str) -> None:
    assert not [c for c in readable(text) if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]


@given(awkward)
def test_nothing_that_reorders_its_surroundings_is_left(text: str) -> None:
    assert not set(readable(text)) & set(BIDI_CONTROLS)


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd", "Po", "Sm")), min_size=1))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "family \U0001f468\u200d\U0001f469\u200d\U0001f467 and \u2764\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: a word with a non-joiner
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
        "\u0928\u092e\u0938\u094d\u0924\u0947, ti\u1ebfng Vi\u1ec7t, \u0e17\u0e35\u0e48\u0e19\u0e35\u0e48",
        "line one\n\nline two\n\tindented",
    ],
)
def test_what_means_something_survives(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("hostile", "seen"),
    [
        ("a\u200bb\ufeffc\u2060d\u00ade", "abcde"),
        ("\u202egnp.exe", "gnp.exe"),
        ("ign\U000e0069\U000e0067\U000e006eore", "ignore"),
        ("a\u200db", "ab"),
        ("\u3164\u200b \u2028", ""),
        ("a\0b\x1b[31mc\x07", "ab[31mc"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\n \n\n\t\n\nb", "a\n\nb"),
        ("half \ud83d a pair", "half \ufffd a pair"),
    ],
)
def test_what_is_invisible_goes(hostile: str, seen: str) -> None:
    assert readable(hostile) == seen


@pytest.mark.parametrize("tower", ["\u0301" * 10_000, "\u0301\u200d" * 10_000, "\u0489\ufe0f" * 5_000])
def test_ten_thousand_accents_become_a_handful(tower: str) -> None:
    shown = readable(f"Z{tower}!")
    assert shown[0] == "Z"
    assert shown[-1] == "!"
    assert sum(unicodedata.category(c) in ("Mn", "Me") for c in shown) <= MAX_COMBINING_MARKS


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
