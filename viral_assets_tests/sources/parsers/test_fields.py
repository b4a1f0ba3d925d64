"""Single values, whatever their type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers import fields
from viral_assets.sources.parsers.fields import LARGEST_COUNT, LONGEST_TEXT, UnusableError
from viral_assets.sources.parsers.times import Times
from viral_assets_tests.sources.examples import NOW, anything, outcome, reason


class TestTweetId:
    @given(st.integers(1, 2**63 - 1))
    def test_every_positive_63_bit_number_is_an_id_as_text_and_as_number(self, number: int) -> None:
        assert fields.tweet_id(str(number)) == fields.tweet_id(number) == str(number)

    @pytest.mark.parametrize("value", [None, ""])
    def test_none_is_not_there(self, value: Any) -> None:
        assert reason(fields.tweet_id, value) == "no_id"

    @pytest.mark.parametrize(
        "value",
        ["0", "007", "-5", "12x", "١٢٣", str(2**63), 2**63, True, [1], {}, "9" * 500, b"12"],
    )
    def test_anything_else_is_no_id(self, value: Any) -> None:
        assert reason(fields.tweet_id, value) == "bad_id"

    def test_a_rounded_id_is_explained(self) -> None:
        with pytest.raises(UnusableError, match="a program has rounded it"):
            fields.tweet_id("1.92797E+18")

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://x.com/jack/status/20", "20"),
            ("https://twitter.com/i/web/statuses/1234567890123456789?s=20", "1234567890123456789"),
            ("https://x.com/jack", None),
            ("https://x.com/jack/status/12345678901234567890123", None),
            ("https://x.com/jack/status/1.92797E+18", None),
            (None, None),
        ],
    )
    def test_it_can_be_found_in_the_address(self, url: Any, expected: str | None) -> None:
        assert fields.id_in_url(url) == expected


class TestText:
    def test_the_longest_candidate_counts(self) -> None:
        assert fields.tweet_text("cut off he…", "cut off here, you see", None) == "cut off here, you see"

    def test_entities_are_resolved_once(self) -> None:
        assert fields.tweet_text("Q&amp;A &lt;3 &#39;ok&#39; &amp;lt;") == "Q&A <3 'ok' &lt;"

    def test_a_link_is_not_mistaken_for_an_entity(self) -> None:
        assert fields.tweet_text("https://a.example/?x=1&copy=2&lt=3") == "https://a.example/?x=1&copy=2&lt=3"

    @pytest.mark.parametrize("value", [None, "", "  \n", "\0\0", "&#32;&nbsp;", 5, ["text"], {"text": "x"}])
    def test_nothing_said_is_no_text(self, value: Any) -> None:
        assert reason(fields.tweet_text, value) == "no_text"

    def test_the_longest_post_passes_and_a_longer_one_does_not(self) -> None:
        assert len(fields.tweet_text("x" * LONGEST_TEXT)) == LONGEST_TEXT
        assert reason(fields.tweet_text, "x" * (LONGEST_TEXT + 1)) == "too_long"

    def test_undecodable_bytes_are_rejected(self) -> None:
        assert reason(fields.tweet_text, b"caf\xff\xfe".decode("utf-8", "surrogateescape")) == "bad_encoding"

    def test_half_an_emoji_costs_only_itself(self) -> None:
        assert fields.tweet_text("good night \ud83d") == "good night \ufffd"

    @given(st.text(st.characters(exclude_categories=())))
    def test_whatever_passes_can_be_stored(self, text: str) -> None:
        try:
            stored = fields.tweet_text(text)
        except UnusableError:
            return
        assert "\0" not in stored
        assert stored.strip()
        stored.encode("utf-8")


class TestCount:
    @given(st.integers(0, LARGEST_COUNT))
    def test_whole_numbers_pass_in_every_notation(self, number: int) -> None:
        assert fields.count("like_count", number) == number
        assert fields.count("like_count", float(number)) == number
        assert fields.written_count("likes", str(number)) == number
        assert fields.written_count("likes", f" {number:,} ") == number
        assert fields.written_count("likes", f"{number}.0") == number

    @pytest.mark.parametrize(
        "value", [-1, LARGEST_COUNT + 1, 1.5, float("nan"), float("inf"), "many", "12", True, [], {"a": 1}, 10**400]
    )
    def test_what_counts_nothing_is_rejected(self, value: Any) -> None:
        assert reason(fields.count, "like_count", value) == "bad_count"

    @pytest.mark.parametrize("value", ["-5", "many", "1.5", "1.2Q", "12,34", "9" * 400, "inf", "1e999"])
    def test_what_is_written_and_counts_nothing_is_rejected(self, value: str) -> None:
        assert reason(fields.written_count, "likes", value) == "bad_count"

    @pytest.mark.parametrize("value", ["", " ", "-", "nan", "None", "NULL", "N/A"])
    def test_a_blank_cell_tells_nothing(self, value: str) -> None:
        assert fields.written_count("views", value) is None
        assert fields.count("views", None) is None


class TestDecoration:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("@Mara_1", "Mara_1"), ('"><script>', ""), ("née", ""), ("a" * 65, ""), (None, ""), (7, ""), ("a b", "")],
    )
    def test_a_handle_is_safe_in_a_link_or_empty(self, value: Any, expected: str) -> None:
        assert fields.handle(value) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("en", "en"),
            ("EN", "en"),
            ("zh-TW", "zh-tw"),
            ("pt_BR", "pt-br"),
            ("und", "und"),
            ("english!", None),
            (3, None),
        ],
    )
    def test_languages(self, value: Any, expected: str | None) -> None:
        assert fields.language(value) == expected


@given(anything)
def test_no_value_of_any_type_gets_anything_else_than_a_reason(value: Any) -> None:
    times = Times(NOW)
    for strict in (fields.tweet_id, fields.tweet_text, times.created_at, lambda v: fields.count("n", v)):
        outcome(strict, value)
    for lenient in (fields.handle, fields.language, fields.author_name, fields.optional_id):
        lenient(value)
    fields.id_in_url(value)
    times.collected_at(value)
