"""A file beside the database for what could not be written into it: lines are added during an outage, and taken in
when the database is there again.

What is in the lines is not known here. A line counts once it ends: one that was cut off by a kill or a full disk is
passed over.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from viral_assets.store.engine import Database


class Spool:
    """Safe to share between threads and processes: whoever adds or takes in has the file to itself meanwhile.

    Args:
        path: of the file, which is there only as long as it holds something.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, database: Database, home: Path | None) -> Spool | None:
        """Beside the file of SQLite; for PostgreSQL in ``home``, a file for each database. None without a home."""
        if database.dialect == "sqlite":
            return cls(Path(f"{database.url.database}.unsaved.jsonl"))
        if home is None:
            return None
        # Which database it is, whoever uses it.
        where = f"{database.url.host}:{database.url.port}/{database.url.database}?{sorted(database.url.query.items())}"
        return cls(home / f"unsaved-{hashlib.sha256(where.encode()).hexdigest()[:12]}.jsonl")

    def add(self, lines: Sequence[str]) -> None:
        """Add lines, which hold no line break; they are on the disk when this returns.

        Raises:
            OSError: it cannot be written. What was added before stays.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # It holds tweets and answers: nobody else's business.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            text = "".join(f"{line}\n" for line in lines)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = f"\n{text}"
            _write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _keep_name(self.path.parent)

    def take_in(self, store: Callable[[list[str]], None]) -> int:
        """Hand all lines to ``store``, and forget them when it has returned.

        A kill in between leaves them: ``store`` is then called once more with the same ones.

        Returns:
            How many there were.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                *lines, _cut_off = file.read().split(b"\n")
            texts = [line.decode("utf-8", "replace") for line in lines if line.strip()]
            if texts:
                store(texts)
            # Not removed: somebody may have opened it, and waits for the lock to add to it.
            os.ftruncate(descriptor, 0)
            os.fsync(descriptor)
            return len(texts)
        finally:
            os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
