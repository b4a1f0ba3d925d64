"""The file for what the database could not take."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from viral_assets.store.engine import Database
from viral_assets.store.unsaved_lines import UnsavedLines


@pytest.fixture
def unsaved(tmp_path: Path) -> UnsavedLines:
    return UnsavedLines(tmp_path / "made" / "unsaved.jsonl")


class KilledError(Exception):
    """The process, at this very moment."""


def test_what_was_added_is_taken_in_in_its_order_and_then_forgotten(unsaved: UnsavedLines) -> None:
    taken: list[str] = []
    unsaved.add(["one", "two"])
    unsaved.add(["drei ü"])

    assert unsaved.take_in(taken.extend) == 3
    assert taken == ["one", "two", "drei ü"]
    assert unsaved.take_in(taken.extend) == 0
    assert len(taken) == 3


def test_only_its_owner_can_read_it(unsaved: UnsavedLines) -> None:
    unsaved.add(["an answer"])
    assert stat.S_IMODE(unsaved.path.stat().st_mode) == 0o600


def test_a_kill_while_it_is_taken_in_leaves_it_for_the_next_one(unsaved: UnsavedLines) -> None:
    taken: list[str] = []
    unsaved.add(["one"])

    def killed(lines: list[str]) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        unsaved.take_in(killed)
    assert unsaved.take_in(taken.extend) == 1


def test_a_line_that_a_kill_has_cut_off_spoils_no_other(unsaved: UnsavedLines) -> None:
    taken: list[str] = []
    unsaved.add(["one"])
    with unsaved.path.open("a") as file:
        file.write('{"cut off')
    unsaved.add(["two"])
    with unsaved.path.open("a") as file:
        file.write('{"cut off again')

    unsaved.take_in(taken.extend)

    assert taken[0] == "one"
    assert taken[-1] == "two"


def test_nothing_was_ever_added(unsaved: UnsavedLines) -> None:
    assert unsaved.take_in(lambda lines: pytest.fail("there is nothing")) == 0


def test_each_database_has_its_own(tmp_path: Path) -> None:
    sqlite = UnsavedLines.of(Database(f"sqlite:///{tmp_path}/viral_assets.db"), None)
    one, other = (
        UnsavedLines.of(Database(f"postgresql://me:secret@host/{name}"), tmp_path) for name in ("one", "other")
    )
    same = UnsavedLines.of(Database("postgresql://you:changed@host/one"), tmp_path)

    assert sqlite is not None
    assert sqlite.path == tmp_path / "viral_assets.db.unsaved.jsonl"
    assert one is not None
    assert other is not None
    assert same is not None
    assert one.path.parent == tmp_path
    assert one.path == same.path != other.path
    assert UnsavedLines.of(Database("postgresql://me:secret@host/one"), None) is None
