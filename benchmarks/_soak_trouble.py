"""What befalls a soak: each trouble is a context of some seconds, drawn by a seeded chance."""

from __future__ import annotations

import contextlib
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from _postgres import Postgres
from _soak_worker import OFFSET

from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import GeminiEmulator

FAULTS = {
    "503": 0.03, "malformed": 0.02, "truncated": 0.02, "missing": 0.02, "reset": 0.01, "no_text": 0.01, "echo": 0.01,
    "prompt_block": 0.005, "slow": 0.02, "429_no_details": 0.002,
}  # fmt: skip
"""All the time, of every request."""

OUTAGES = ("503", "reset", "502", "no_json")


class Store(Protocol):
    """The database of a soak, and how it fails."""

    url: str
    counts_by_the_machine: bool
    """Whether grants are counted by the clock of the processes' machine."""

    def outage(self, workers: list[int], chance: random.Random) -> tuple[str, AbstractContextManager[None]]:
        """Something that keeps the processes from writing, and its name."""

    def close(self) -> None: ...


def upgraded(url: str) -> str:
    """The database with all its tables."""
    database = Database(url)
    database.upgrade()
    database.dispose()
    return url


class SqliteStore:
    """A file that somebody locks, or that cannot grow."""

    counts_by_the_machine = True

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'soak.db'}"
        self._path = folder / "soak.db"
        upgraded(self.url)

    def outage(self, workers: list[int], chance: random.Random) -> tuple[str, AbstractContextManager[None]]:
        if sys.platform == "linux" and chance.random() < 0.5:
            return "disk full", self._full(workers)
        return "database locked", self._locked()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import sqlite3

        connection = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    @contextmanager
    def _full(self, workers: list[int]) -> Iterator[None]:
        """No file of the processes may be written beyond its first page: what the system says is near enough."""
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(worker, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            for worker in workers:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self) -> None:
        """A file needs none."""


class PostgresStore:
    """A server of its own that is stopped and started."""

    counts_by_the_machine = False

    def __init__(self) -> None:
        self._server = Postgres()
        self._server.__enter__()
        self.url = upgraded(self._server.new_database())

    def outage(self, workers: list[int], chance: random.Random) -> tuple[str, AbstractContextManager[None]]:
        return "database stopped", self._stopped()

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    def close(self) -> None:
        self._server.__exit__()


@dataclass
class Soaked:
    """What trouble can be made for."""

    emulator: GeminiEmulator
    store: Store
    folder: Path
    workers: Callable[[], list[subprocess.Popen[bytes]]]
    chance: random.Random

    def next_trouble(self) -> tuple[str, AbstractContextManager[None]]:
        """Its name, and the context in which it lasts."""
        weights = {"kill": 4, "service outage": 2, "database outage": 2, "clock": 2}
        if not self.store.counts_by_the_machine:
            del weights["clock"]
        (kind,) = self.chance.choices(list(weights), list(weights.values()))
        if kind == "kill":
            return "kill -9", self._kill()
        if kind == "service outage":
            fault = self.chance.choice(OUTAGES)
            return f"service answers {fault}", self._service(fault)
        if kind == "database outage":
            return self.store.outage([each.pid for each in self.workers()], self.chance)
        seconds = self.chance.choice((-3600.0, -90.0, -5.0, 5.0, 90.0, 3600.0))
        return f"clock set by {seconds:+g} s", self._clock(seconds)

    @contextmanager
    def _kill(self) -> Iterator[None]:
        self.chance.choice(self.workers()).kill()
        yield

    @contextmanager
    def _service(self, fault: str) -> Iterator[None]:
        before = self.emulator.config
        self.emulator.config = replace(before, faults={fault: 1.0})
        try:
            yield
        finally:
            self.emulator.config = before

    @contextmanager
    def _clock(self, seconds: float) -> Iterator[None]:
        file, new = self.folder / OFFSET, self.folder / "clock-offset.new"
        new.write_text(str(seconds))
        # In one step: nobody reads half of it.
        new.replace(file)
        try:
            yield
        finally:
            file.unlink()
