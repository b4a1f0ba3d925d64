"""Text as X counts and reads it."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text import x_rules
from viral_assets.text.x_rules import handles, hashtags, links, text_weight


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


def test_the_parser_is_imported_without_pkg_resources_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in {"twitter_text", "pkg_resources"}]:
        monkeypatch.delitem(sys.modules, name)
    x_rules._twitter_text.cache_clear()
    try:
        assert x_rules._twitter_text().parse_tweet("日本 a.com 😀").weightedLength == 5 + 23 + 3
        assert "pkg_resources" not in sys.modules
    finally:
        x_rules._twitter_text.cache_clear()
