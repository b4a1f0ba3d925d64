"""From files into a real store: everything lands or is in quarantine, and the numbers add up."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.sources.files import spool
from viral_assets.sources.files.collection_time import collection_time
from viral_assets.sources.files.ingest import IngestOptions, IngestReport, ingest_file, ingest_paths
from viral_assets.sources.parsers import file_reader
from viral_assets.store.engine import Database
from viral_assets.store.ingested_files import find_file
from viral_assets.store.rejects import read_rejects
from viral_assets.store.tables import tweet_snapshots
from viral_assets.store.tweet_frames import read_tweets
from viral_assets_tests.sources.examples import NOW, json_lines, page, tweet, user

DAY = HourRange(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
HOUR_20 = datetime(2026, 11, 21, 20, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tweets.jsonl"


def stored(database: Database, project: str | None = None) -> dict[str, Any]:
    with database.read() as connection:
        frame = read_tweets(connection, HourRange(datetime(2006, 1, 1, tzinfo=UTC), DAY.end), project=project)
    return {row["tweet_id"]: row for row in frame.to_dict("records")}


def adds_up(report: IngestReport) -> bool:
    return report.read == report.new + report.updated + report.unchanged + report.rejected


class Killed(BaseException):
    """Stands for the end of the process."""


class TestOneFile:
    def test_good_records_land_and_bad_ones_are_quarantined(self, database: Database, path: Path) -> None:
        path.write_bytes(
            json_lines(page(tweet(1), tweet(2, text=None), tweet(3)), {"data": tweet(4, id=...)}) + b"{cut"
        )
        report = ingest_file(database, path, IngestOptions(NOW, window=DAY))
        assert (report.read, report.new, report.rejected, report.problem) == (5, 2, 3, None)
        assert adds_up(report)
        assert report.reject_reasons == Counter(no_text=1, no_id=1, bad_json=1)
        assert report.windows == Counter({HOUR_20: 2})
        assert sorted(stored(database)) == [tweet(1)["id"], tweet(3)["id"]]
        with database.read() as connection:
            rejects = sorted(read_rejects(connection), key=itemgetter("locator"))
        assert [(row["locator"], row["reason"]) for row in rejects] == [
            ("line 1, tweet 2", "no_text"),
            ("line 2", "no_id"),
            ("line 3", "bad_json"),
        ]
        assert rejects[2]["raw"] == "{cut"
        assert {row["source"] for row in rejects} == {str(path)}

    def test_the_same_content_is_read_once_whatever_its_name(self, database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1), tweet(2, text="")))
        first = ingest_file(database, path, IngestOptions(NOW))
        copy = path.rename(path.with_name("copy.txt"))
        again = ingest_file(database, copy, IngestOptions(NOW))
        assert not first.already_ingested
        assert again.already_ingested
        assert (again.read, again.new, again.updated, again.unchanged, again.rejected) == (2, 0, 0, 1, 1)
        assert adds_up(again)

    def test_for_another_project_it_is_read_again_and_changes_no_tweet(self, database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1)))
        ingest_file(database, path, IngestOptions(NOW, project="one"))
        assert stored(database, "two") == {}
        report = ingest_file(database, path, IngestOptions(NOW, project="two"))
        assert (report.new, report.unchanged) == (0, 1)
        assert len(stored(database, "one")) == len(stored(database, "two")) == 1

    def test_newer_counts_of_known_tweets_update_them_and_stay_as_snapshots(
        self, database: Database, path: Path
    ) -> None:
        reports = []
        for minute, likes in ((10, 5), (40, 50)):
            seen = {"retrieved_at": f"2026-11-21T20:{minute}:00+00:00"}
            path.write_bytes(json_lines(page(tweet(1, public_metrics={"like_count": likes}), __twarc=seen)))
            reports.append(ingest_file(database, path, IngestOptions(NOW)))
        assert [(report.new, report.updated) for report in reports] == [(1, 0), (0, 1)]
        assert stored(database)[tweet(1)["id"]]["like_count"] == 50
        with database.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(tweet_snapshots)).scalar() == 2

    def test_the_same_id_twice_is_counted_twice_and_stored_once(self, database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1), tweet(1), tweet(1, public_metrics={"like_count": 999})))
        report = ingest_file(database, path, IngestOptions(NOW))
        assert (report.read, report.new) == (3, 1)
        assert adds_up(report)
        assert stored(database)[tweet(1)["id"]]["like_count"] == 999

    def test_tweets_outside_the_configured_hours_are_stored_and_counted(self, database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1), tweet(2, created_at="2026-11-20T23:59:59Z")))
        report = ingest_file(database, path, IngestOptions(NOW, window=DAY))
        assert (report.new, report.outside) == (2, 1)

    def test_hostile_text_is_stored_on_every_database(self, database: Database, path: Path) -> None:
        path.write_bytes(
            json_lines(tweet(1, text="nul \0 and half an emoji", lang="\0", author=user(name="\0x", username="\0")))
        )
        path.write_bytes(path.read_bytes() + rb'{"id":"7","created_at":"soon","text":"\u0000\ud83d"}' + b"\n\xff\0{\n")
        report = ingest_file(database, path, IngestOptions(NOW))
        assert (report.new, report.rejected) == (1, 2)

    def test_the_largest_count_fits(self, database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1, public_metrics={"like_count": 2**31 - 1, "impression_count": 2**31 - 1})))
        assert ingest_file(database, path, IngestOptions(NOW)).new == 1

    def test_progress_tells_every_record(self, sqlite_database: Database, path: Path) -> None:
        path.write_bytes(json_lines(*(tweet(number) for number in range(25)), {"nothing": 1}))
        told: list[int] = []
        ingest_file(sqlite_database, path, IngestOptions(NOW), progress=told.append)
        assert sum(told) == 26

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"a letter", b'{"a": 1}'])
    def test_a_file_of_something_else_is_a_problem_and_no_exception(
        self, sqlite_database: Database, path: Path, content: bytes
    ) -> None:
        path.write_bytes(content)
        report = ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert report.problem
        assert report.problem.startswith(f"{path}: ")
        assert (report.read, report.stored) == (0, 0)

    def test_a_file_with_nothing_but_rejects_is_read(self, sqlite_database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1, id=None)))
        report = ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert (report.problem, report.read, report.stored, report.rejected) == (None, 1, 0, 1)

    def test_a_file_that_grows_meanwhile_is_not_marked_as_read(self, sqlite_database: Database, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1)))

        def grow(_: int) -> None:
            path.write_bytes(json_lines(tweet(1), tweet(2)))

        report = ingest_file(sqlite_database, path, IngestOptions(NOW), progress=grow)
        assert "the file changed while it was read; ingest it again" in report.remarks
        assert ingest_file(sqlite_database, path, IngestOptions(NOW)).new == 1


class TestTimeOfCollection:
    def collected(self, database: Database) -> datetime:
        (row,) = stored(database).values()
        at: datetime = row["collected_at"].to_pydatetime()
        return at

    def write(self, path: Path, *values: Any, modified: datetime = NOW) -> None:
        path.write_bytes(json_lines(*values))
        os.utime(path, (modified.timestamp(), modified.timestamp()))

    def test_what_the_file_says(self, sqlite_database: Database, path: Path) -> None:
        self.write(path, page(tweet(1), __twarc={"retrieved_at": "2026-11-21T20:30:00+00:00"}))
        ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert self.collected(sqlite_database) == datetime(2026, 11, 21, 20, 30, tzinfo=UTC)

    def test_else_the_end_of_the_hour_of_its_newest_tweet(self, sqlite_database: Database, path: Path) -> None:
        self.write(path, tweet(1))
        ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert self.collected(sqlite_database) == datetime(2026, 11, 21, 21, tzinfo=UTC)

    def test_what_the_caller_says_goes_first(self, sqlite_database: Database, path: Path) -> None:
        self.write(path, page(tweet(1), __twarc={"retrieved_at": "2026-11-21T20:30:00+00:00"}))
        said = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)
        ingest_file(sqlite_database, path, IngestOptions(NOW, collected_at=said))
        assert self.collected(sqlite_database) == said

    def test_never_before_the_tweet_was_posted(self, sqlite_database: Database, path: Path) -> None:
        self.write(path, page(tweet(1), __twarc={"retrieved_at": "2020-01-01T00:00:00+00:00"}))
        ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert self.collected(sqlite_database) == datetime(2026, 11, 21, 20, 5, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("modified", "expected"),
        [
            (datetime(2026, 11, 21, 20, 20, tzinfo=UTC), datetime(2026, 11, 21, 20, 20, tzinfo=UTC)),
            (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 21, 21, tzinfo=UTC)),
            # An archive unpacked with a nonsense date: such a file cannot be older than its tweets.
            (datetime(1980, 1, 1, tzinfo=UTC), datetime(2026, 11, 21, 21, tzinfo=UTC)),
        ],
    )
    def test_the_time_the_file_was_changed_counts_where_it_makes_sense(
        self, modified: datetime, expected: datetime
    ) -> None:
        posted = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
        assert collection_time(posted, modified, NOW) == expected

    def test_never_in_the_future(self) -> None:
        posted = datetime(2026, 11, 21, 21, 20, tzinfo=UTC)
        assert collection_time(posted, NOW + timedelta(days=1), NOW) == NOW
        assert collection_time(None, NOW, NOW) == NOW


class TestManyFiles:
    def test_a_bad_one_never_stops_the_others(self, database: Database, tmp_path: Path) -> None:
        folder = tmp_path / "inbox"
        (folder / "deeper").mkdir(parents=True)
        (tmp_path / "nothing here").mkdir()
        (folder / "1.json").write_bytes(b"")
        (folder / "2.json").write_bytes(json_lines(tweet(1)))
        (folder / "deeper" / "3.csv").write_text("id,text,created_at\n5,hello,2026-11-21T20:00:00Z\n")
        paths = [tmp_path / "nothing here", tmp_path / "missing", folder]
        reports = ingest_paths(database, paths, IngestOptions(NOW))
        assert [report.problem is None for report in reports] == [False, False, False, True, True]
        assert all(adds_up(report) for report in reports)
        assert sorted(stored(database)) == [tweet(1)["id"], "5"]

    def test_twins_in_one_call_are_noticed(self, sqlite_database: Database, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / name).write_bytes(json_lines(tweet(1)))
        first, second = ingest_paths(sqlite_database, [tmp_path / "a", tmp_path / "b"], IngestOptions(NOW))
        assert (first.already_ingested, second.already_ingested) == (False, True)


class TestKill:
    def test_a_kill_in_the_middle_loses_and_repeats_nothing(
        self, database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file_reader, "BATCH_RECORDS", 10)
        path.write_bytes(json_lines(*(tweet(number) for number in range(1, 35)), tweet(35, text=None)))
        committed: list[int] = []

        def die(records: int) -> None:
            committed.append(records)
            if len(committed) == 2:
                raise Killed

        with pytest.raises(Killed):
            ingest_file(database, path, IngestOptions(NOW), progress=die)
        assert len(stored(database)) == 20

        report = ingest_file(database, path, IngestOptions(NOW))
        assert not report.already_ingested
        assert (report.read, report.new, report.unchanged, report.rejected) == (35, 14, 20, 1)
        assert len(stored(database)) == 34
        with database.read() as connection:
            assert find_file(connection, report.sha256, "*") is not None

    def test_a_large_file_waits_on_disk_and_not_in_memory(
        self, sqlite_database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spool, "SPOOL_MEMORY", 1000)
        path.write_bytes(json_lines(*(tweet(number) for number in range(1, 101))))
        assert ingest_file(sqlite_database, path, IngestOptions(NOW)).new == 100
