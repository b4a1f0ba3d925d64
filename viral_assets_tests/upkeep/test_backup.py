"""Copies of the embedded database: whole, of one moment, and put back without losing what was there."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.store.engine import Database
from viral_assets.store.tables import kept_values, quota_runners, tweets
from viral_assets.store.tweets import upsert_tweets
from viral_assets.upkeep.backup import NotABackupError, back_up, restore
from viral_assets.upkeep.forget import forget
from viral_assets_tests.store.rows import tweet_row

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def note(database: Database, name: str) -> None:
    with database.begin() as connection:
        connection.execute(sa.insert(kept_values).values(name=name, value=""))


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(kept_values.c.name).where(kept_values.c.name != "first_hour")))


def test_a_copy_put_back_brings_the_state_of_its_moment_and_keeps_the_one_before(
    database: Database, tmp_path: Path
) -> None:
    note(database, "early")
    copy = back_up(database, tmp_path / "copies" / "one.db")
    note(database, "late")
    done = restore(database, copy.path, NOW)
    assert names(database) == {"early"}
    assert done.before is not None
    assert done.before.path.name == f"{Path(str(database.url.database)).name}.before-20261121T203000Z"
    assert names(Database(f"sqlite:///{done.before.path}")) == {"early", "late"}


def test_a_copy_is_one_file_with_what_is_still_in_the_write_ahead_log(database: Database, tmp_path: Path) -> None:
    with database.read():  # somebody reads: nothing moves from the log to the file
        note(database, "in the log")
        back_up(database, tmp_path / "one.db")
    assert [path.name for path in tmp_path.glob("*one.db*")] == ["one.db"]
    assert names(Database(f"sqlite:///{tmp_path / 'one.db'}")) == {"in the log"}


def test_a_copy_made_while_somebody_writes_has_whole_transactions_only(database: Database, tmp_path: Path) -> None:
    ended = threading.Event()

    def write_pairs() -> None:
        number = 0
        while not ended.is_set():
            with database.begin() as connection:
                for side in "ab":
                    connection.execute(sa.insert(kept_values).values(name=f"{number} {side}", value=""))
            number += 1

    writer = threading.Thread(target=write_pairs)
    writer.start()
    try:
        copies = [back_up(database, tmp_path / f"{number}.db").path for number in range(5)]
    finally:
        ended.set()
        writer.join()
    for path in copies:
        found = names(Database(f"sqlite:///{path}"))
        assert {name[:-1] for name in found if name.endswith("a")} == {
            name[:-1] for name in found if name.endswith("b")
        }


def test_who_has_the_database_open_sees_what_was_put_back(database: Database, tmp_path: Path) -> None:
    copy = back_up(database, tmp_path / "one.db")
    other = Database(database.url.render_as_string(hide_password=False))
    note(other, "late")
    restore(database, copy.path, NOW)
    assert names(other) == set()
    note(other, "later")
    assert names(database) == {"later"}


def test_an_existing_file_is_replaced_only_when_that_is_said(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    with pytest.raises(ConfigurationError, match="--replace"):
        back_up(database, target)
    assert target.read_text() == "mine"
    back_up(database, target, replace=True)
    back_up(database, target, replace=True)
    assert names(Database(f"sqlite:///{target}")) == set()


def test_the_database_is_not_copied_onto_itself(database: Database) -> None:
    path = Path(str(database.url.database))
    with pytest.raises(ConfigurationError):
        back_up(database, path, replace=True)
    with pytest.raises(NotABackupError):
        restore(database, path, NOW)


def test_without_a_database_there_is_nothing_to_copy_and_a_copy_makes_one(database: Database, tmp_path: Path) -> None:
    note(database, "early")
    copy = back_up(database, tmp_path / "one.db")
    empty = Database(f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}")
    with pytest.raises(ConfigurationError, match="no database"):
        back_up(empty, tmp_path / "two.db")
    assert restore(empty, copy.path, NOW).before is None
    assert names(empty) == {"early"}


def broken(path: Path) -> None:
    """Overwrite the pages behind the first."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


@pytest.mark.parametrize("kind", ["no database", "a damaged one", "another one", "a newer one", "a folder", "nothing"])
def test_what_is_no_copy_is_refused_in_one_line_and_nothing_changes(
    database: Database, tmp_path: Path, kind: str
) -> None:
    note(database, "mine")
    path = tmp_path / "given.db"
    if kind == "no database":
        path.write_text("hello")
    elif kind == "a folder":
        path.mkdir()
    elif kind == "another one":
        with closing(sqlite3.connect(path)) as made:
            made.execute("create table notes (text)")
    elif kind != "nothing":
        back_up(database, path)
        if kind == "a damaged one":
            broken(path)
        else:
            with closing(sqlite3.connect(path)) as made, made:
                made.execute("update viral_assets_revision set version_num = '9999'")
    with pytest.raises(NotABackupError) as refused:
        restore(database, path, NOW)
    assert "\n" not in str(refused.value)
    assert names(database) == {"mine"}
    assert not list(Path(str(database.url.database)).parent.glob("*before*"))


def test_what_cannot_be_copied_is_named_and_not_the_file_that_was_begun(database: Database, tmp_path: Path) -> None:
    note(database, "mine")
    file = Path(str(database.url.database))
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("update viral_assets_revision set version_num = '9999'")
    with pytest.raises(NotABackupError, match=f"^{file} has revision 9999"):
        back_up(database, tmp_path / "copies" / "one.db")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_damaged_database_is_moved_aside_for_a_copy(database: Database, tmp_path: Path) -> None:
    note(database, "early")
    copy = back_up(database, tmp_path / "one.db")
    database.dispose()
    broken(Path(str(database.url.database)))
    done = restore(database, copy.path, NOW)
    assert names(database) == {"early"}
    assert done.before is not None
    assert done.before.path.is_file()


def test_what_was_forgotten_meanwhile_does_not_come_back(database: Database, tmp_path: Path) -> None:
    with database.begin() as connection:
        upsert_tweets(
            connection, [tweet_row("1"), tweet_row("2", author_handle="gone", author_id="78"), tweet_row("3")]
        )
    copy = back_up(database, tmp_path / "one.db")
    forget(database, [("tweet", "1"), ("handle", "gone")], NOW)
    restore(database, copy.path, NOW)
    with database.begin() as connection:
        assert set(connection.scalars(sa.select(tweets.c.tweet_id))) == {"3"}
        assert upsert_tweets(connection, [tweet_row("1"), tweet_row("4", author_handle="Gone")]).new == 0


def test_nothing_is_put_back_under_a_run(database: Database, tmp_path: Path) -> None:
    copy = back_up(database, tmp_path / "one.db")
    runner = {"runner": "one", "quota_key": "key", "host": "here", "pid": 1, "joined_at": 0.0, "tweets": 3}
    with database.begin() as connection:
        connection.execute(sa.insert(quota_runners).values(**runner, seen_at=NOW.timestamp() - 5))
    with pytest.raises(ConfigurationError, match="under way"):
        restore(database, copy.path, NOW)
    with database.begin() as connection:
        connection.execute(sa.update(quota_runners).values(seen_at=NOW.timestamp() - 60))
    restore(database, copy.path, NOW)


def test_postgresql_has_its_own_way(tmp_path: Path) -> None:
    database = Database("postgresql://me:secret@127.0.0.1:1/mine")
    for refused in (lambda: back_up(database, tmp_path / "x"), lambda: restore(database, tmp_path / "x", NOW)):
        with pytest.raises(ConfigurationError, match="pg_dump") as error:
            refused()
        assert "secret" not in str(error.value)
