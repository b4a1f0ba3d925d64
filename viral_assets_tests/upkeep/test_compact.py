"""What is free in a file goes back to the disk: step by step where the file allows it, else by writing it anew."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError
from viral_assets.store.engine import Database
from viral_assets.upkeep import compact
from viral_assets.upkeep.compact import PAGES_AT_ONCE, free_room, give_back

ROWS = 3 * PAGES_AT_ONCE


@pytest.fixture(params=["ours", "another"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file in which most is free; of our own, new, or as any other program makes it."""
    path = tmp_path / "some.db"
    if request.param == "ours":
        database = Database(f"sqlite:///{path}")
        database.ensure_ready()
        database.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE filled (id INTEGER PRIMARY KEY, content BLOB)")
        connection.executemany("INSERT INTO filled (content) VALUES (?)", [(b"x" * 4_000,)] * ROWS)
        connection.execute("DELETE FROM filled WHERE id > 10")
        connection.commit()
    return path


def content(path: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT id, length(content) FROM filled").fetchall()


def test_the_file_gets_smaller_and_holds_what_it_held(file: Path) -> None:
    before, room = content(file), free_room(file)
    assert room.free_bytes > ROWS * 3_500
    given = give_back(file)
    assert given > ROWS * 3_500
    assert content(file) == before
    assert free_room(file).free_bytes == 0
    assert room.size_bytes - given == file.stat().st_size
    assert give_back(file) == 0
    assert not [each for each in file.parent.iterdir() if not each.name.startswith(file.name)]


def test_it_goes_step_by_step_from_the_first_time_on(file: Path) -> None:
    first: list[int] = []
    needed = free_room(file).needed_bytes
    give_back(file, first.append)
    assert bool(needed) == (not first), "either it needs room, or it goes in steps"
    with closing(sqlite3.connect(file)) as connection:
        connection.executemany("INSERT INTO filled (content) VALUES (?)", [(b"x" * 4_000,)] * ROWS)
        connection.execute("DELETE FROM filled WHERE id > 10")
        connection.commit()
    assert free_room(file).needed_bytes == 0
    steps: list[int] = []
    give_back(file, steps.append)
    assert len(steps) >= 3
    assert steps == sorted(steps, reverse=True)


def test_others_write_between_two_steps(file: Path) -> None:
    give_back(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.executemany("INSERT INTO filled (content) VALUES (?)", [(b"x" * 4_000,)] * ROWS)
        connection.execute("DELETE FROM filled WHERE id > 10")
        connection.commit()
    with closing(sqlite3.connect(file, timeout=0)) as other:

        def writes(_left: int) -> None:
            other.execute("INSERT INTO filled (content) VALUES ('short')")
            other.commit()

        give_back(file, writes)
    assert len(content(file)) >= 13


def test_one_who_reads_does_not_keep_it_from_going_on(file: Path) -> None:
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM filled").fetchone()
        give_back(file)
        assert reader.execute("SELECT count(*) FROM filled").fetchone() == (10,)
    give_back(file)
    assert len(content(file)) == 10


def test_too_little_room_is_said_before_anything_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = free_room(file).needed_bytes
    if not needed:
        pytest.skip("step by step it needs none")
    usage = shutil.disk_usage(file.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=needed - 1))
    before = file.stat().st_size
    with pytest.raises(ConfigurationError, match="make room"):
        give_back(file)
    assert file.stat().st_size == before


def test_a_file_that_somebody_has_locked_is_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "LOCK_TIMEOUT_SECONDS", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError, match="locked"):
            give_back(file)
    give_back(file)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no file"):
        free_room(tmp_path / "none.db")
    assert not list(tmp_path.iterdir())
