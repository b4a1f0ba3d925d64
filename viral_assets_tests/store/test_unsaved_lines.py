"""The file for what the database could not take."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from viral_assets.store.engine import Database
from viral_assets.store.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "made" / "unsaved.jsonl")


class KilledError(Exception):
    """The process, at this very moment."""


def test_what_was_added_is_taken_in_in_its_order_and_then_forgotten(spool: Spool) -> None:
    taken: list[str] = []
    spool.add(["one", "two"])
    spool.add(["drei ü"])

    assert spool.take_in(taken.extend) == 3
    assert taken == ["one", "two", "drei ü"]
    assert spool.take_in(taken.extend) == 0
    assert len(taken) == 3


def test_only_its_owner_can_read_it(spool: Spool) -> None:
    spool.add(["an answer"])
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600


def test_a_kill_while_it_is_taken_in_leaves_it_for_the_next_one(spool: Spool) -> None:
    taken: list[str] = []
    spool.add(["one"])

    def killed(lines: list[str]) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        spool.take_in(killed)
    assert spool.take_in(taken.extend) == 1


def test_a_line_that_a_kill_has_cut_off_spoils_no_other(spool: Spool) -> None:
    taken: list[str] = []
    spool.add(["one"])
    with spool.path.open("a") as file:
        file.write('{"cut off')
    spool.add(["two"])
    with spool.path.open("a") as file:
        file.write('{"cut off again')

    spool.take_in(taken.extend)

    assert taken[0] == "one"
    assert taken[-1] == "two"


def test_nothing_was_ever_added(spool: Spool) -> None:
    assert spool.take_in(lambda lines: pytest.fail("there is nothing")) == 0


def test_each_database_has_its_own(tmp_path: Path) -> None:
    sqlite = Spool.of(Database(f"sqlite:///{tmp_path}/viral_assets.db"), None)
    one, other = (Spool.of(Database(f"postgresql://me:secret@host/{name}"), tmp_path) for name in ("one", "other"))
    same = Spool.of(Database("postgresql://you:changed@host/one"), tmp_path)

    assert sqlite is not None
    assert sqlite.path == tmp_path / "viral_assets.db.unsaved.jsonl"
    assert one is not None
    assert other is not None
    assert same is not None
    assert one.path.parent == tmp_path
    assert one.path == same.path != other.path
    assert Spool.of(Database("postgresql://me:secret@host/one"), None) is None
