"""What processes do at once, and what they are killed at."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from multiprocessing.synchronize import Barrier
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import DagsterSqliteStorage
from viral_assets.instance import make_ready
from viral_assets_tests.waiting import PATIENCE


def as_a_command_does(folder: Path) -> None:
    make_ready(folder)


def as_webserver_and_daemon_do(folder: Path) -> None:
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert instance.get_runs() == []


def as_dagster_without_us_does(folder: Path) -> None:
    DagsterSqliteStorage.from_local(str(folder))


def together(start: Barrier, way: Callable[[Path], None], folder: Path, environment: Mapping[str, str]) -> None:
    """Open an instance in the same moment as others do."""
    os.environ.update(environment)
    start.wait(PATIENCE)
    way(folder)


def until_killed(way: Callable[[Path], None], folder: Path, statements: int, environment: Mapping[str, str]) -> None:
    """Open an instance, and be killed before the statement of that number, counted from 1."""
    os.environ.update(environment)
    left = statements

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def _count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    way(folder)
