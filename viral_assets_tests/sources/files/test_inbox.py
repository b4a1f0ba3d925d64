"""The inbox, on real files and a real database: what is known is not opened, and nothing new is missed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.hours import HOUR
from viral_assets.sources.content.file_probe import FileProbe, probe_file
from viral_assets.sources.files import ingest
from viral_assets.sources.files.inbox import DONE, Inbox
from viral_assets.sources.files.ingest import IngestOptions
from viral_assets.sources.files.inspect import hours_of_file
from viral_assets.sources.parsers import xlsx_sheets
from viral_assets.store.engine import Database
from viral_assets.store.inbox_files import known_files
from viral_assets.store.ingested_files import forget_file
from viral_assets_tests.home import FIRST, tweets_of
from viral_assets_tests.sources.formats_at_hand import FILES

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
OPTIONS = IngestOptions(NOW)


def drop(folder: Path, name: str, hour: datetime = FIRST, *, age: float = 60, tweets: int = 2) -> Path:
    """A file that was last changed so many seconds before now."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": tweets_of(hour, tweets)}), encoding="utf-8")
    at = NOW.timestamp() - age
    os.utime(path, (at, at))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose content is read."""
    names: list[str] = []

    def probe(path: Path) -> FileProbe:
        names.append(path.name)
        return probe_file(path)

    monkeypatch.setattr(ingest, "probe_file", probe)
    return names


def test_what_was_read_is_not_opened_again_however_much_there_is(
    folder: Path, database: Database, opened: list[str]
) -> None:
    for number in range(20):
        drop(folder, f"hours/{number}.json", FIRST + number * HOUR)
    inbox = Inbox(folder)

    assert [report.new for report in inbox.read_new(database, OPTIONS)] == [2] * 20
    opened.clear()
    drop(folder, "new.json", FIRST + 30 * HOUR)

    assert [report.new for report in inbox.read_new(database, OPTIONS)] == [2]
    assert opened == ["new.json"]


def test_what_changed_is_read_again(folder: Path, sqlite_database: Database) -> None:
    inbox = Inbox(folder)
    drop(folder, "a.json", tweets=2)
    inbox.read_new(sqlite_database, OPTIONS)
    drop(folder, "a.json", tweets=3, age=50)
    (report,) = inbox.read_new(sqlite_database, OPTIONS)
    assert (report.new, report.read) == (1, 3)
    assert inbox.read_new(sqlite_database, OPTIONS) == []


def test_a_file_that_may_still_change_within_a_tick_of_the_clock_is_looked_at_once_more(
    folder: Path, sqlite_database: Database, opened: list[str]
) -> None:
    inbox = Inbox(folder)
    drop(folder, "a.json", age=1)
    inbox.read_new(sqlite_database, OPTIONS)
    (again,) = inbox.read_new(sqlite_database, IngestOptions(NOW + timedelta(seconds=30)))
    assert again.already_ingested
    assert inbox.read_new(sqlite_database, IngestOptions(NOW + timedelta(seconds=60))) == []
    assert opened == ["a.json", "a.json"]


def test_what_was_known_under_another_name_is_recognised_by_its_content(
    folder: Path, sqlite_database: Database
) -> None:
    inbox, path = Inbox(folder), drop(folder, "a.json")
    inbox.read_new(sqlite_database, OPTIONS)
    path.rename(folder / "b.json")
    (report,) = inbox.read_new(sqlite_database, OPTIONS)
    assert report.already_ingested
    with sqlite_database.read() as connection:
        assert list(known_files(connection, inbox.key)) == ["b.json"], "what is gone is forgotten"


def test_a_content_that_is_to_be_read_again_is(folder: Path, sqlite_database: Database) -> None:
    inbox = Inbox(folder)
    drop(folder, "a.json")
    (report,) = inbox.read_new(sqlite_database, OPTIONS)
    with sqlite_database.begin() as connection:
        forget_file(connection, report.sha256)
    (again,) = inbox.read_new(sqlite_database, OPTIONS)
    assert not again.already_ingested


def test_what_cannot_be_read_is_tried_again_and_stops_no_other(folder: Path, sqlite_database: Database) -> None:
    inbox = Inbox(folder)
    drop(folder, "good.json")
    (folder / "broken.json").write_bytes(b"\x00\x01\x02 not a tweet")
    assert sorted(bool(report.problem) for report in inbox.read_new(sqlite_database, OPTIONS)) == [False, True]
    (again,) = inbox.read_new(sqlite_database, OPTIONS)
    assert again.problem


def test_a_workbook_waits_for_what_reads_it(
    folder: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(folder, "posts.xlsx")
    path.write_bytes(FILES["xlsx"])
    drop(folder, "~$posts.xlsx").write_bytes(b"\x04mara")  # what Excel has beside an open workbook
    options = IngestOptions(NOW + HOUR)
    monkeypatch.setattr(xlsx_sheets, "find_spec", lambda name: None)
    (report,) = Inbox(folder).read_new(sqlite_database, options)
    assert "pip install 'viral_assets[xlsx]'" in (report.problem or "")
    monkeypatch.undo()
    (report,) = Inbox(folder).read_new(sqlite_database, options)
    assert (report.new, report.format) == (3, "table, Excel")
    assert len(hours_of_file(path, options, lambda: False).hours) == 1


def test_two_inboxes_on_one_database_do_not_forget_each_others_files(
    folder: Path, sqlite_database: Database, opened: list[str]
) -> None:
    one, other = Inbox(folder / "one"), Inbox(folder / "other")
    for inbox, hour in ((one, FIRST), (other, FIRST + HOUR)):
        drop(inbox.folder, "a.json", hour)
        inbox.read_new(sqlite_database, OPTIONS)
    opened.clear()
    assert one.read_new(sqlite_database, OPTIONS) == other.read_new(sqlite_database, OPTIONS) == []
    assert opened == []


def test_a_name_that_an_index_cannot_hold_is_read_all_the_same(folder: Path, database: Database) -> None:
    deep = folder.joinpath(*["d" * 200] * 8)
    drop(deep, "a.json")
    inbox = Inbox(folder)
    assert [report.new for report in inbox.read_new(database, OPTIONS)] == [2]
    (again,) = inbox.read_new(database, OPTIONS)
    assert again.already_ingested


def test_read_files_move_where_that_is_wanted(folder: Path, sqlite_database: Database) -> None:
    staying, moving = Inbox(folder), Inbox(folder, moves_read_files=True)
    drop(folder, "before.json")
    staying.read_new(sqlite_database, OPTIONS)
    drop(folder, "monday/a.json", FIRST + HOUR)
    (folder / "broken.json").write_bytes(b"\x00\x01\x02 not a tweet")

    moving.read_new(sqlite_database, OPTIONS)

    assert list(moving.files()) == ["broken.json"]
    assert sorted(path.name for path in (folder / DONE).rglob("*.json")) == ["a.json", "before.json"]
    drop(folder, "before.json", FIRST + 2 * HOUR)
    (report,) = [each for each in moving.read_new(sqlite_database, OPTIONS) if not each.problem]
    assert report.new == 2
    assert len(list((folder / DONE).glob("before*.json"))) == 2, "none takes the place of another"


def test_a_file_that_takes_too_long_tells_the_hours_met_until_then(folder: Path) -> None:
    path = drop(folder, "long.jsonl")
    tweets = [tweet for number in range(500) for tweet in tweets_of(FIRST + number * HOUR, 20)]
    path.write_text("\n".join(json.dumps(tweet) for tweet in tweets), encoding="utf-8")

    part, whole = hours_of_file(path, OPTIONS, lambda: True), hours_of_file(path, OPTIONS, lambda: False)

    assert whole.complete
    assert len(whole.hours) == 500
    assert not part.complete
    assert FIRST in part.hours
    assert part.hours < whole.hours
    assert part.sha256 == whole.sha256
