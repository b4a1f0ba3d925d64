"""What of an untrusted text is stored, shown to a model, shown to a person, and posted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.cleaning import (
    MAX_COMBINING_MARKS,
    models_reply,
    persons_reply,
    text_for_display,
    text_for_prompt,
    text_for_storage,
)

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
def test_a_text_made_readable_is_text_for_display(text: str) -> None:
    assert text_for_display(text_for_display(text)) == text_for_display(text)


@given(awkward)
def test_no_control_character_but_tab_and_line_feed_is_left(text: str) -> None:
    assert not [c for c in text_for_display(text) if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]


@given(awkward)
def test_nothing_that_reorders_its_surroundings_is_left(text: str) -> None:
    assert not set(text_for_display(text)) & set(BIDI_CONTROLS)


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd", "Po", "Sm")), min_size=1))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    assert text_for_display(text) == text


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
    assert text_for_display(text) == text


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
    assert text_for_display(hostile) == seen


@pytest.mark.parametrize("tower", ["\u0301" * 10_000, "\u0301\u200d" * 10_000, "\u0489\ufe0f" * 5_000])
def test_ten_thousand_accents_become_a_handful(tower: str) -> None:
    shown = text_for_display(f"Z{tower}!")
    assert shown[0] == "Z"
    assert shown[-1] == "!"
    assert sum(unicodedata.category(c) in ("Mn", "Me") for c in shown) <= MAX_COMBINING_MARKS


def test_a_models_reply_is_one_visible_line_without_entities_and_outer_quotes() -> None:
    assert models_reply(' "Tom &amp; Ann\n say\u200b hi" ') == "Tom & Ann say hi"
    assert models_reply("“So it goes.”") == "So it goes."
    assert models_reply('"One" and "two"') == '"One" and "two"'
    assert models_reply("a \u202eright\u2066 b") == "a right b"
    assert models_reply("tags \U000e0041\U000e0042\U000e0043 gone") == "tags gone"
    assert models_reply("a family 👨‍👩‍👧 and می‌خواهم stay") == "a family 👨‍👩‍👧 and می‌خواهم stay"
    assert models_reply("cafe\u0301") == "café"


@given(st.text())
def test_cleaning_leaves_what_is_clean_and_never_what_cannot_be_stored(text: str) -> None:
    seen = text_for_prompt(text)
    assert text_for_prompt(seen) == seen
    models_reply(text).encode("utf-8")
    assert "\n" not in models_reply(text)
    text_for_storage(text).encode("utf-8")
    assert "\x00" not in text_for_storage(text)


@pytest.mark.parametrize("text", ["", "plain", "caf\u00e9 \U0001f600", "a\u200b\u202eb"])
def test_what_can_be_stored_is_not_touched(text: str) -> None:
    assert text_for_storage(text) is text


def test_half_an_emoji_goes_or_leaves_a_mark() -> None:
    assert text_for_storage("a\x00b\ud83d c") == "ab c"
    assert text_for_storage("a\x00b\ud83d c", for_half_a_pair="\ufffd") == "ab\ufffd c"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  One.\r\nTwo. ", "One.\nTwo."),
        ("One.\n\n\n\n \n\nTwo.", "One.\n\nTwo."),
        ("One.\u2028Two.\u202e\u200b", "One.\nTwo."),
        ('"Quoted" &amp; kept', '"Quoted" &amp; kept'),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        (" \u200b\n\x00", ""),
    ],
)
def test_what_a_person_wrote_keeps_its_lines_and_loses_what_nobody_sees(typed: str, kept: str) -> None:
    assert persons_reply(typed) == kept
