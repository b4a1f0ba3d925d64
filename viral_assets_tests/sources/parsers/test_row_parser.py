"""What cells hold, and what the ids say of the times."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from viral_assets.sources.parsers.column_evidence import Evidence
from viral_assets.sources.parsers.fields import UnusableError
from viral_assets.sources.parsers.layouts import layout
from viral_assets.sources.parsers.row_parser import RowParser
from viral_assets.sources.parsers.snowflakes import time_in_id
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW


def row(_times: Any = None, **cells: str) -> Tweet:
    found = RowParser(Evidence(layout(list(cells))), _times or Times(NOW), Counter()).tweet(list(cells.values()))
    assert found
    return found


BASIC = {"id": "2124232631000000001", "text": "hi", "created_at": "2026-11-21T20:05:00Z"}


class TestCells:
    def test_objects_left_in_cells_by_pandas_are_opened(self) -> None:
        found = row(
            **BASIC,
            public_metrics="{'like_count': 7, 'reply_count': 2, 'impression_count': 900}",
            author=json.dumps({"username": "mara", "public_metrics": {"followers_count": 55}, "name": "Mara"}),
            referenced_tweets="[{'type': 'quoted', 'id': '5'}, {'type': 'replied_to', 'id': '6'}]",
        )
        assert (found.like_count, found.reply_count, found.view_count) == (7, 2, 900)
        assert (found.author_handle, found.author_followers, found.author_name) == ("mara", 55, "Mara")
        assert (found.is_quote, found.is_reply, found.is_retweet) == (True, True, False)

    def test_an_object_that_is_cut_costs_nothing_else(self) -> None:
        assert row(**BASIC, public_metrics="{'like_count': 7, 'repl").like_count is None

    @pytest.mark.parametrize(("written", "count"), [("1.2K", 1200), ("3M", 3_000_000), ("1,234", 1234), ("12.0", 12)])
    def test_counts_as_pages_show_them(self, written: str, count: int) -> None:
        assert row(**BASIC, views=written).view_count == count

    def test_the_id_and_the_author_are_in_the_address(self) -> None:
        found = row(url="https://twitter.com/jack/status/20?s=20", text="hi", date="2026-11-21T20:05:00Z")
        assert (found.tweet_id, found.author_handle) == ("20", "jack")
        with pytest.raises(UnusableError, match="no tweet id"):
            row(url="https://example.org", text="hi", date="2026-11-21T20:05:00Z")

    def test_the_counts_of_a_retweet_are_the_originals(self) -> None:
        found = row(**BASIC, isRetweet="TRUE", likes="5000", views="90000")
        assert (found.is_retweet, found.like_count, found.view_count) == (True, 0, None)

    def test_a_search_that_found_nothing_is_no_record(self) -> None:
        remarks: Counter[str] = Counter()
        rows = RowParser(Evidence(layout(["id", "text", "created_at", "noResults"])), Times(NOW), remarks)
        assert rows.tweet(["", "", "", "true"]) is None
        assert remarks == {"a search that found nothing": 1}


class TestZones:
    def test_times_without_a_zone_are_of_the_zone_given(self) -> None:
        times = Times(NOW, ZoneInfo("America/New_York"))
        written = {**BASIC, "id": "20", "created_at": "March 17, 2026 at 05:47 PM"}
        assert row(times, **written).created_at == datetime(2026, 3, 17, 21, 47, tzinfo=UTC)
        assert row(times, **BASIC).created_at == datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
        assert times.zoneless == 1

    def test_the_ids_tell_when_the_zone_is_wrong(self) -> None:
        times, right = Times(NOW), Times(NOW, ZoneInfo("America/New_York"))
        for number in range(5):
            posted = datetime(2026, 3, 17, 17, 47 + number, 30, tzinfo=UTC)
            since = posted - datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
            identity = str((since // timedelta(milliseconds=1)) << 22)
            assert time_in_id(identity) == posted
            written = f"{posted.astimezone(ZoneInfo('America/New_York')):%B %d, %Y at %I:%M %p}"
            for each in (times, right):
                row(each, id=identity, text="hi", created_at=written)
        assert times.zone_in_doubt() == (
            "times without a zone are 4 hours earlier than the ids of their tweets say, "
            "whose times were taken; give the zone with --timezone for other times"
        )
        assert right.zone_in_doubt() is None

    def test_ids_from_before_they_told_are_not_asked(self) -> None:
        times = Times(NOW)
        for number in range(5):
            row(times, id=str(20 + number), text="hi", created_at="2026-11-21 20:05:00")
        assert times.zone_in_doubt() is None
