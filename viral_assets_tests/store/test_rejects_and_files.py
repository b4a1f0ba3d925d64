"""What could not be read stays where it can be looked at; what was read is remembered by its content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from viral_assets.hours import floor_hour
from viral_assets.store.engine import Database
from viral_assets.store.ingested_files import find_file, record_file
from viral_assets.store.rejects import count_rejects, count_rejects_by_reason, read_rejects, write_rejects


def reject(now: datetime, locator: str, **changes: Any) -> dict[str, Any]:
    row = {
        "source": "tweets.jsonl",
        "source_sha256": "f" * 64,
        "locator": locator,
        "reason": "no_text",
        "detail": "text is missing",
        "raw": '{"id": "1"}',
        "rejected_at": now,
    }
    return {**row, **changes}


def file(now: datetime, **changes: Any) -> dict[str, Any]:
    counts = ("records_read", "records_new", "records_updated", "records_unchanged", "records_rejected")
    return {
        "sha256": "a" * 64,
        "project": "*",
        "name": "tweets.jsonl",
        "format": "x_api_v2_jsonl",
        **dict.fromkeys(counts, 1),
        "first_window": floor_hour(now),
        "last_window": None,
        "ingested_at": now,
        **changes,
    }


def test_a_record_is_quarantined_once_for_each_place(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        assert write_rejects(connection, [reject(now, "line 1"), reject(now, "line 2")]) == 2
        assert write_rejects(connection, [reject(now, "line 2"), reject(now, "line 2", source_sha256="0")]) == 1
        assert write_rejects(connection, []) == 0
        assert count_rejects(connection) == 3


def test_the_latest_rejects_come_first(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        write_rejects(connection, [reject(now, f"line {n}", reason="no_id" if n % 3 else "bad_time") for n in range(5)])
        found = read_rejects(connection, 2)
        everything = read_rejects(connection)

        assert [row["locator"] for row in found] == ["line 4", "line 3"]
        assert [row["raw"] for row in found] == ['{"id": "1"}'] * 2
        assert all(row["rejected_at"] == now for row in found)
        assert len(everything) == 5
        assert count_rejects_by_reason(connection) == {"no_id": 3, "bad_time": 2}
        assert list(count_rejects_by_reason(connection)) == ["no_id", "bad_time"]


def test_the_raw_text_is_kept_whatever_its_size_but_for_what_no_database_can_hold(
    database: Database, now: datetime
) -> None:
    with database.begin() as connection:
        write_rejects(connection, [reject(now, "x" * 1000, raw="\0\udcff" + "ä" * 2_000_000)])
        (kept,) = read_rejects(connection)

    assert kept["raw"] == "ä" * 2_000_000


def test_a_file_is_remembered_by_content_and_project(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        assert find_file(connection, "a" * 64, "*") is None
        record_file(connection, file(now))
        record_file(connection, file(now, project="p", name="renamed.jsonl"))

        assert find_file(connection, "a" * 64, "*") == file(now)
        assert find_file(connection, "a" * 64, "p") == file(now, project="p", name="renamed.jsonl")
        assert find_file(connection, "b" * 64, "*") is None


def test_reading_a_file_again_replaces_what_was_remembered(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        record_file(connection, file(now))
        record_file(connection, file(now, records_new=0, records_unchanged=2))

        assert find_file(connection, "a" * 64, "*") == file(now, records_new=0, records_unchanged=2)
