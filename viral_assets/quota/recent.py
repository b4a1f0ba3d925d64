"""The grants of the window: what a process has seen of them, so that it reads only what has changed.

Counting a window of thousands of requests for each grant would take most of a grant's time. Whatever changes a window
is dated under the lock of the ledger, and nothing is dated before what is there already (where the clock is set back,
what would lie ahead of it is dated anew): so new grants come after all known ones and new answers, which change the
tokens of a grant, after all known answers. What was sent late is dated anew, and comes after all known ones too. If the
last known grant is still there, so are all the others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa


class WindowGrant(NamedTuple):
    """Times in seconds since the epoch; ``answered_at`` None as long as its tokens are an estimate."""

    request_id: str
    at: float
    tokens: int
    answered_at: float | None


class Window(NamedTuple):
    """What a window holds, when the last of it happened, and a way to the grants themselves, oldest first."""

    requests: int
    tokens: int
    newest: float | None
    grants: Callable[[], Sequence[WindowGrant]]


class SeenGrants(NamedTuple):
    """What was seen of the grants after a moment. ``last`` is the newest, ``last_answer`` no later than the newest
    answer."""

    after: float
    requests: int
    tokens: int
    last: WindowGrant
    last_answer: float


ReadSince = Callable[[sa.Connection, float, float | None], Iterable[WindowGrant]]
"""The quota's grants from a moment on, and those answered from another moment on (both inclusive), oldest first."""


class RecentGrants:
    """Thread-safe; sees what the connection's transaction sees."""

    def __init__(self, read_since: ReadSince) -> None:
        self._read_since = read_since
        self._lock = threading.Lock()
        self._known: OrderedDict[str, WindowGrant] = OrderedDict()
        self._tokens, self._last_answer, self._after = 0, 0.0, 0.0

    def window(self, connection: sa.Connection, after: float) -> Window:
        """The grants after a moment."""
        with self._lock:
            self._drop_until(after)
            if self._known:
                last = next(reversed(self._known.values()))
                found = list(self._read_since(connection, last.at, max(self._last_answer, after)))
                if any(grant.request_id == last.request_id and grant.at == last.at for grant in found):
                    self._take_in(found, after)
                    return self._window()
                self.forget()
            self._take_in(self._read_since(connection, after, None), after)
            self._after = after
            return self._window()

    def known(self) -> SeenGrants | None:
        """What was seen last; None where that is nothing."""
        with self._lock:
            if not self._known:
                return None
            last = next(reversed(self._known.values()))
            return SeenGrants(self._after, len(self._known), self._tokens, last, max(self._last_answer, self._after))

    def take_in(self, found: Iterable[WindowGrant], since: WindowGrant, *, after: float) -> None:
        """What somebody else has read of the table, under the ledger's lock.

        Args:
            found: the grants since ``since``, itself included, and the answers since what was known of them, oldest
                first.
            after: what is older does not count any more.
        """
        with self._lock:
            known = self._known.get(since.request_id)
            if known is None or known.at != since.at:
                # Read anew meanwhile, and perhaps from an older view: between the two something may be missing.
                return
            after = max(after, self._after)
            self._take_in(found, after)
            self._drop_until(after)

    def forget(self) -> None:
        """Read all of it again next time."""
        self._known = OrderedDict()
        self._tokens, self._last_answer, self._after = 0, 0.0, 0.0

    def _drop_until(self, after: float) -> None:
        while self._known and (oldest := next(iter(self._known.values()))).at <= after:
            del self._known[oldest.request_id]
            self._tokens -= oldest.tokens
        self._after = after

    def _take_in(self, found: Iterable[WindowGrant], after: float) -> None:
        for grant in found:
            if grant.at <= after:
                continue
            known = self._known.get(grant.request_id)
            if known is not None and known.at != grant.at:
                # Dated anew: oldest first is the order in which they leave.
                del self._known[grant.request_id]
            self._known[grant.request_id] = grant
            self._tokens += grant.tokens - (known.tokens if known else 0)
            if grant.answered_at is not None:
                self._last_answer = max(grant.answered_at, self._last_answer)

    def _window(self) -> Window:
        newest = max(next(reversed(self._known.values())).at, self._last_answer) if self._known else None
        return Window(len(self._known), self._tokens, newest, self._grants)

    def _grants(self) -> list[WindowGrant]:
        with self._lock:
            return list(self._known.values())
