"""What a run reads from the disk does not grow with what was read before: files are counted, not seconds."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from viral_assets.hours import HOUR
from viral_assets_tests.home import BAKING, FIRST, GARDEN, make_home, tweets_of

A_WHILE_AGO = time.time() - 3600

_listening: list[list[str]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        for opened in _listening:
            opened.append(arguments[0])


# It cannot be taken away again, and costs nothing while nobody listens.
sys.addaudithook(_note)


@contextmanager
def opened_in(folder: Path) -> Iterator[Counter[str]]:
    """The files of a folder that are opened meanwhile, by name, and how often."""
    found, opened = Counter[str](), list[str]()
    _listening.append(opened)
    try:
        yield found
    finally:
        _listening.pop()
        paths = map(Path, opened)
        found.update(path.name for path in paths if path.is_relative_to(folder) and path.suffix)


@pytest.mark.parametrize("read_before", [2, 30])
def test_a_run_opens_of_the_inbox_what_is_new_and_projects_not_for_each_file(tmp_path: Path, read_before: int) -> None:
    with make_home(tmp_path, projects={"baking": BAKING, "garden": GARDEN}) as home:
        for number in range(read_before):
            # One that was written this very moment is looked into once more.
            path = home.drop(f"{number}.json", tweets_of(FIRST + number * HOUR, 1))
            os.utime(path, (A_WHILE_AGO, A_WHILE_AGO))
        home.run(1)
        home.drop("new.json", tweets_of(FIRST + 40 * HOUR, 1))
        with opened_in(home.inbox) as of_inbox, opened_in(tmp_path / "projects") as of_projects:
            home.run(1)
        assert set(of_inbox) == {"new.json"}
        # For the names of their columns, and for what they ask of tweets.
        assert of_projects == {"baking.yml": 2, "garden.yml": 2}
