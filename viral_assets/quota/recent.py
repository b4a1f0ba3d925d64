"""When the grants of the window were: what a process has seen of them, so that it reads only what is new.

Counting a window of thousands of requests for each grant would take most of a grant's time. Grants are made under a
lock, and none is ever dated before another one (where the clock is set back, those that would lie ahead of it are
dated anew), so new rows come after all known ones; and if the last known row is still there, so are all the others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile

import sqlalchemy as sa

ReadSince = Callable[[sa.Connection, float], Sequence[float]]
"""Times of the quota's grants from a moment on (inclusive), in order."""


class RecentGrants:
    """Thread-safe; sees what the connection's transaction sees."""

    def __init__(self, read_since: ReadSince) -> None:
        self._read_since = read_since
        self._known: deque[float] = deque()
        self._lock = threading.Lock()

    def count(self, connection: sa.Connection, after: float) -> tuple[int, float]:
        """How many grants there are after a moment, and when the newest one was (the moment, if there are none)."""
        with self._lock:
            self._update(connection, after)
            return len(self._known), self._known[-1] if self._known else after

    def times(self, connection: sa.Connection, after: float) -> list[float]:
        """When they were, oldest first."""
        with self._lock:
            self._update(connection, after)
            return list(self._known)

    def _update(self, connection: sa.Connection, after: float) -> None:
        while self._known and self._known[0] <= after:
            self._known.popleft()
        if not self._known or not self._continue(connection):
            self._known = deque(at for at in self._read_since(connection, after) if at > after)

    def _continue(self, connection: sa.Connection) -> bool:
        """Add what is new; False when what is known is no longer true."""
        last = self._known[-1]
        same = sum(1 for _ in takewhile(last.__eq__, reversed(self._known)))
        found = self._read_since(connection, last)
        if list(found[:same]) != [last] * same:
            return False
        self._known.extend(found[same:])
        return True
