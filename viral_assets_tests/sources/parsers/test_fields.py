"""Single values, whatever their type."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers import fields
from viral_assets.sources.parsers.fields import LARGEST_COUNT, LONGEST_TEXT, Times, UnusableError
from viral_assets_tests.sources.examples import NOW, anything


def reason(function: Any, *values: Any) -> str:
    with pytest.raises(UnusableError) as error:
        function(*values)
    assert error.value.detail
    return error.value.reason


def outcome(function: Any, value: Any) -> Any:
    """What a function gives, or the reason why not."""
    try:
        return function(value)
    except UnusableError as error:
        problem = error
    assert 0 < len(problem.detail) < 500
    return problem.reason


class TestTweetId:
    @given(st.integers(1, 2**63 - 1))
    def test_every_positive_63_bit_number_is_an_id_as_text_and_as_number(self, number: int) -> None:
        assert fields.tweet_id(str(number)) == fields.tweet_id(number) == str(number)

    @pytest.mark.parametrize("value", [None, ""])
    def test_none_is_not_there(self, value: Any) -> None:
        assert reason(fields.tweet_id, value) == "no_id"

    @pytest.mark.parametrize(
        "value",
        ["1.92797E+18", 1.92797e18, "0", "007", "-5", "12x", "١٢٣", str(2**63), 2**63, True, [1], {}, "9" * 500, b"12"],
    )
    def test_anything_else_is_no_id(self, value: Any) -> None:
        assert reason(fields.tweet_id, value) == "bad_id"

    def test_a_rounded_id_is_explained(self) -> None:
        with pytest.raises(UnusableError, match="a spreadsheet has rounded it"):
            fields.tweet_id("1.92797E+18")

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://x.com/jack/status/20", "20"),
            ("https://twitter.com/i/web/statuses/1234567890123456789?s=20", "1234567890123456789"),
            ("https://x.com/jack", None),
            ("https://x.com/jack/status/12345678901234567890123", None),
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


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("2025-11-21T20:20:00.000Z", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("2025-11-21T21:20:00+01:00", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("2025-11-21 20:20:00+00:00", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("2025-11-21 20:20:00 UTC", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("2025-11-21 20:20 +0000", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("Fri Nov 21 20:20:00 +0000 2025", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("Fri, 21 Nov 2025 20:20:00 GMT", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("Nov 21, 2025 · 8:20 PM UTC", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("1763756400", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
            ("1763756400000", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ],
    )
    def test_notations_of_real_files(self, written: str, expected: datetime) -> None:
        times = Times(NOW)
        assert times.created_at(written) == expected
        assert times.zoneless == 0

    @pytest.mark.parametrize(
        "written", ["March 17, 2026 at 05:47 PM", "March 17, 2026 at 05:47\u202fPM", "2026-03-17 17:47:00"]
    )
    def test_a_time_without_a_zone_is_utc_and_counted(self, written: str) -> None:
        times = Times(NOW)
        assert times.created_at(written) == datetime(2026, 3, 17, 17, 47, tzinfo=UTC)
        assert times.zoneless == 1

    @pytest.mark.parametrize("value", [None, ""])
    def test_no_time(self, value: Any) -> None:
        assert reason(Times(NOW).created_at, value) == "no_time"

    @pytest.mark.parametrize(
        "value",
        [
            *("yesterday", "2026-03-17", "03/04/2026 17:47", "2026-13-45T00:00:00Z", 1763756400, ["2026"], {}, True),
            *("1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 100),
        ],
    )
    def test_no_usable_time(self, value: Any) -> None:
        assert reason(Times(NOW).created_at, value) == "bad_time"

    def test_the_future_is_rejected_beyond_what_clocks_differ(self) -> None:
        assert Times(NOW).created_at((NOW + timedelta(minutes=4)).isoformat()) > NOW
        assert reason(Times(NOW).created_at, (NOW + timedelta(hours=1)).isoformat()) == "future"

    def test_a_useless_time_of_collection_is_none(self) -> None:
        assert Times(NOW).collected_at("soon") is None
        assert Times(NOW).collected_at({"at": 1}) is None
        assert Times(NOW).collected_at("2030-01-01T00:00:00Z") is None

    @given(st.text(string.digits + string.ascii_letters + " :,.-+TZ/", max_size=40))
    def test_any_text_gives_a_time_of_tweets_or_a_reason(self, text: str) -> None:
        instant = outcome(Times(NOW).created_at, text)
        assert instant in {"no_time", "bad_time", "future"} or instant.tzinfo is UTC

    @given(
        st.datetimes(datetime(2006, 4, 1), datetime(2026, 11, 20), timezones=st.just(UTC)),  # noqa: DTZ001
        st.integers(-14 * 60, 14 * 60),
    )
    def test_every_instant_survives_iso_8601_in_every_zone(self, instant: datetime, minutes: int) -> None:
        there = instant.astimezone(timezone(timedelta(minutes=minutes)))
        assert Times(NOW).created_at(there.isoformat(timespec="microseconds")) == instant


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
