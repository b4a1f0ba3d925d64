"""Text as X counts and reads it, and as a person sees it."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text import x_rules
from viral_assets.text.x_rules import (
    clean_text,
    handles,
    hashtags,
    links,
    person_text,
    storable,
    text_weight,
    visible_text,
)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("plain words", 11),
        ("e\u0301", 1),
        ("日本語", 6),
        ("😀", 2),
        ("👨‍👩‍👧", 2),
        ("see https://example.com/a/very/long/path/that/goes/on for more", 4 + 23 + 9),
        ("see example.com.", 4 + 23 + 1),
        ("3.5 hours, e.g. at night", 24),
        ("日本 https://t.co/abc", 5 + 23),
        ("Слово", 5),
        ("“quotes” – and…", 16),
    ],
)
def test_weights_are_those_of_x(text: str, weight: int) -> None:
    assert text_weight(text) == weight


@given(st.text(st.characters(max_codepoint=127), max_size=120))
def test_the_fast_count_of_plain_ascii_is_the_parsers(text: str) -> None:
    assert text_weight(text) == x_rules._twitter_text().parse_tweet(text).weightedLength


def test_links_are_found_with_and_without_a_scheme_and_behind_look_alike_dots() -> None:
    assert links("go to https://a.com/x or bit.ly/3aB.") == ["https://a.com/x", "bit.ly/3aB"]
    assert links("see http://evil.example/x, www.evil.nowhere or evil.test!") == [
        "http://evil.example/x",
        "www.evil.nowhere",
        "evil.test",
    ]
    assert links("evil．com and evil․com") == ["evil.com"]
    assert links("At 3.5 hours, e.g. in the evening") == []


def test_handles_and_hashtags_are_found_but_not_addresses_and_numbers() -> None:
    assert handles("@Ann and ＠bob, not a@b.example") == ["ann", "bob"]
    assert hashtags("#Calm and $TSLA, not #1, $5 or a#b") == ["calm", "tsla"]


def test_clean_text_is_one_visible_line_without_entities_and_outer_quotes() -> None:
    assert clean_text(' "Tom &amp; Ann\n say\u200b hi" ') == "Tom & Ann say hi"
    assert clean_text("“So it goes.”") == "So it goes."
    assert clean_text('"One" and "two"') == '"One" and "two"'
    assert clean_text("a \u202eright\u2066 b") == "a right b"
    assert clean_text("tags \U000e0041\U000e0042\U000e0043 gone") == "tags gone"
    assert clean_text("a family 👨‍👩‍👧 and می‌خواهم stay") == "a family 👨‍👩‍👧 and می‌خواهم stay"
    assert clean_text("cafe\u0301") == "café"


@given(st.text())
def test_cleaning_leaves_what_is_clean_and_never_what_cannot_be_stored(text: str) -> None:
    seen = visible_text(text)
    assert visible_text(seen) == seen
    clean_text(text).encode("utf-8")
    assert "\n" not in clean_text(text)
    storable(text).encode("utf-8")
    assert "\x00" not in storable(text)


def test_the_parser_is_imported_without_pkg_resources_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in {"twitter_text", "pkg_resources"}]:
        monkeypatch.delitem(sys.modules, name)
    x_rules._twitter_text.cache_clear()
    try:
        assert x_rules._twitter_text().parse_tweet("日本 a.com 😀").weightedLength == 5 + 23 + 3
        assert "pkg_resources" not in sys.modules
    finally:
        x_rules._twitter_text.cache_clear()


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
    assert person_text(typed) == kept
