"""How many requests are under way at once."""

from __future__ import annotations

from collections import deque


class ConcurrencyControl:
    """Additive increase, multiplicative decrease of the requests under way at once.

    What counts as trouble is a service that cannot keep up: 5xx, timeouts, answers much slower than usual. Single
    failures happen to every service; the limit is halved when they are a third of the last ten. Waiting for quota is
    no trouble.
    """

    MEMORY = 10
    TROUBLE_SHARE = 1 / 3

    __slots__ = ("_limit", "_maximum", "_recent")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = float(maximum)
        self._recent: deque[bool] = deque(maxlen=self.MEMORY)

    @property
    def limit(self) -> int:
        return int(self._limit)

    def record(self, *, trouble: bool) -> None:
        """Take one ended request into account."""
        self._recent.append(trouble)
        if not trouble:
            self._limit = min(self._maximum, self._limit + 1 / self._limit)
        elif len(self._recent) == self.MEMORY and sum(self._recent) >= self.TROUBLE_SHARE * self.MEMORY:
            self._limit = max(1.0, self._limit / 2)
            self._recent.clear()
