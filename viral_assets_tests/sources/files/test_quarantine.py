"""Files that cannot be read, kept as one record."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from viral_assets.sources.files.quarantine import RAW_BYTES, quarantine_file
from viral_assets.store.engine import Database
from viral_assets.store.tables import rejected_records
from viral_assets_tests.store.rows import stored


def test_a_file_is_kept_with_its_reason_and_its_beginning(database: Database, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(b"\x00\xff{" + b"a" * 10_000)
    assert quarantine_file(database, path, "no text", now)
    (row,) = stored(database, rejected_records)
    assert (row["source"], row["reason"], row["detail"]) == (str(path), "unreadable_file", "no text")
    assert row["raw"].endswith("{" + "a" * (RAW_BYTES - 3))
    assert row["rejected_at"] == now


def test_the_same_content_is_kept_once_and_another_one_again(database: Database, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(b"one")
    assert [quarantine_file(database, path, "no text", now) for _ in range(2)] == [True, False]
    path.write_bytes(b"two")
    assert quarantine_file(database, path, "no text", now)


def test_a_file_that_cannot_be_opened_is_known_by_its_name(database: Database, tmp_path: Path, now: datetime) -> None:
    gone = [tmp_path / "gone.json", tmp_path / "gone too.json"]
    assert [quarantine_file(database, path, "cannot be read", now) for path in [*gone, *gone]] == [
        True,
        True,
        False,
        False,
    ]
