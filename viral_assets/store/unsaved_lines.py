"""A file beside the database for what could not be written into it: lines are added during an outage, and taken in
when the database is there again.

What is in the lines is not known here. A line counts once it ends: one that was cut off by a kill or a full disk is
passed over.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from viral_assets.store.engine import Database


class UnsavedLines:
    """Safe to share between threads and processes: whoever adds or takes in has the file to itself meanwhile.

    Args:
        path: of the file, which is there only as long as it holds something.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}.lock")

    @classmethod
    def of(cls, database: Database, home: Path | None) -> UnsavedLines | None:
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
        # The first line break ends what a kill may have cut off.
        text = "\n" + "".join(f"{line}\n" for line in lines)
        with self._lock, os.fdopen(self._opened(), "ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        _keep_name(self.path.parent)

    def take_in(self, store: Callable[[list[str]], None]) -> int:
        """Hand all lines to ``store``, and forget them when it has returned.

        A kill in between leaves them: ``store`` is then called once more with the same ones.

        Returns:
            How many there were.
        """
        if not self.path.exists():
            return 0
        with self._lock:
            try:
                *lines, _cut_off = self.path.read_bytes().split(b"\n")
            except FileNotFoundError:
                return 0
            texts = [line.decode("utf-8", "replace") for line in lines if line.strip()]
            if texts:
                store(texts)
            self.path.unlink()
            return len(texts)

    def _opened(self) -> int:
        # It holds tweets and answers: nobody else's business.
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _keep_name(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
