"""How many requests are under way at once."""

from __future__ import annotations

from collections import deque


class ConcurrencyControl:
    """Additive increase, multiplicative decrease of the requests under way at once.

    What counts as trouble is a service that cannot keep up: 5xx, timeouts, answers much slower than usual. Single
    failures happen to every service; the limit is halved when they are a third of the last ten. Waiting for quota is
    no trouble.

    A service that refuses what is too much at once (429) is asked for as much as it took. The next time more is tried
    soon, since it may have been chance; after that later and later.
    """

    MEMORY = 10
    TROUBLE_SHARE = 1 / 3

    __slots__ = ("_limit", "_maximum", "_recent", "_refusals")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = float(maximum)
        self._recent: deque[bool] = deque(maxlen=self.MEMORY)
        self._refusals = 0

    @property
    def limit(self) -> int:
        return int(self._limit)

    def record(self, *, trouble: bool, is_news: bool = True, all_fail: bool = False) -> None:
        """Take one ended request into account.

        Args:
            is_news: it was sent after the last refusal was known, so that it says something of the limit since.
            all_fail: no other one has been answered for a while.
        """
        self._recent.append(trouble)
        if not trouble:
            self._limit = min(self._maximum, self._limit + (self._growth if is_news else 0.0))
        elif all_fail or (len(self._recent) == self.MEMORY and sum(self._recent) >= self.TROUBLE_SHARE * self.MEMORY):
            self._limit = max(1.0, self._limit / 2)
            self._recent.clear()

    def refused(self, others: int, *, is_news: bool) -> None:
        """One was too much while ``others`` were under way.

        Args:
            is_news: it was sent after the last refusal was known; else it belongs to the same burst.
        """
        self._refusals += is_news
        self._limit = max(1.0, min(self._limit, float(others)))

    @property
    def _growth(self) -> float:
        """Of the limit, for each answer."""
        if not self._refusals:
            return 1 / self._limit
        return float(self._limit ** (-2.0 * (self._refusals - 1)))
