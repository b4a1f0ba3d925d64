"""The tweets of a run that have not ended yet, and which of them may share the next request.

A tweet that makes its whole request fail is found by halving: one half is asked again, and its answer tells about the
other half too. What seems to be fine is asked together with the next half, not by itself. So one bad tweet among K
costs at most ``1 + log2(K)`` (rounded up) requests more, and its neighbours nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from viral_assets.errors import ProviderError
from viral_assets.generation.opportunity import Opportunity

TweetKey = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class AcceptedSuggestion:
    """A suggestion that passed the quality filter, and the request that paid for it."""

    suggestion_type: str
    text: str
    weighted_length: int
    provider: str
    model: str
    request_id: str


@dataclass(eq=False, slots=True)
class Item:
    """One tweet on its way. ``not_before`` is on the executor's clock; ``largest_pack`` shrinks when packs fail.

    ``attempts`` counts the requests it took part in, ``failures`` those that came to nothing for it, the first of them
    at ``failed_since``.
    """

    opportunity: Opportunity
    attempts: int = 0
    failures: int = 0
    failed_since: float = math.inf
    quality_attempts: int = 0
    not_before: float = 0.0
    largest_pack: int = 1_000
    accepted: dict[str, AcceptedSuggestion] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> TweetKey:
        return (self.opportunity.project, self.opportunity.tweet_id)

    @property
    def missing(self) -> tuple[str, ...]:
        """Suggestion types still wanted."""
        return tuple(kind for kind in self.opportunity.suggestion_types if kind not in self.accepted)


@dataclass(frozen=True, slots=True)
class Bisection:
    """A search for the tweet that makes requests fail.

    It is either among the first ``suspects`` of the batch's items (the others seem to be fine), or in ``rest``, which
    is not asked now. ``error`` is what the last failure was.
    """

    suspects: int
    rest: tuple[Item, ...]
    error: ProviderError


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """What the next request asks about; ``bisection`` when its answer will tell about other tweets too."""

    items: tuple[Item, ...]
    bisection: Bisection | None = None

    @property
    def involved(self) -> tuple[Item, ...]:
        """All tweets whose fate is bound to this request, asked about or not."""
        return (*self.items, *(self.bisection.rest if self.bisection else ()))


@dataclass(frozen=True, slots=True)
class PoisonItem:
    """A tweet that makes requests fail, and how they fail."""

    item: Item
    error: ProviderError


class WorkQueue:
    """Order of arrival within a project; what failed comes back mixed with what is new."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        self._bisections: deque[RequestBatch] = deque()
        for item in items:
            self.put_back(item)

    def __len__(self) -> int:
        """Tweets that wait here (not those under way)."""
        return sum(map(len, self._waiting.values())) + sum(len(batch.involved) for batch in self._bisections)

    def put_back(self, item: Item) -> None:
        self._waiting.setdefault(item.opportunity.project, deque()).append(item)

    def put_first(self, items: Sequence[Item]) -> None:
        """Hand back what was taken out and not asked about, or was refused unread."""
        for item in reversed(items):
            self._waiting.setdefault(item.opportunity.project, deque()).appendleft(item)

    def put_batch_first(self, batch: RequestBatch) -> None:
        """Hand back a batch as a whole when it is part of a search."""
        if batch.bisection is None:
            self.put_first(batch.items)
        else:
            self._bisections.appendleft(batch)

    def next_bisection(self) -> RequestBatch | None:
        """The next step of a search, if there is one."""
        return self._bisections.popleft() if self._bisections else None

    def ready(self, now: float) -> dict[str, int]:
        """How many tweets of each project could be asked about now."""
        counts = {
            project: sum(item.not_before <= now for item in waiting) for project, waiting in self._waiting.items()
        }
        return {project: count for project, count in counts.items() if count}

    def next_ready_at(self) -> float | None:
        """When the first tweet in backoff may be asked about again; None when none waits."""
        return min((item.not_before for waiting in self._waiting.values() for item in waiting), default=None)

    def take(self, project: str, tweets: int, now: float) -> list[Item]:
        """Up to so many ready tweets of a project, in order; fewer when one of them asks for a smaller pack."""
        taken: list[Item] = []
        passed: deque[Item] = deque()
        waiting = self._waiting.get(project, deque())
        while waiting and len(taken) < tweets:
            item = waiting.popleft()
            if item.not_before <= now and len(taken) < item.largest_pack:
                taken.append(item)
                tweets = min(tweets, item.largest_pack)
            else:
                passed.append(item)
        waiting.extendleft(reversed(passed))
        return taken

    def sample(self, project: str, tweets: int) -> list[Item]:
        """Some of a project's tweets, without taking them out."""
        return list(islice(self._waiting[project], tweets))

    def drain(self) -> list[Item]:
        """Take everything out."""
        items = [item for waiting in self._waiting.values() for item in waiting]
        for batch in self._bisections:
            items.extend(batch.involved)
        self._waiting.clear()
        self._bisections.clear()
        return items

    def bisect_failed(self, batch: RequestBatch, error: ProviderError) -> PoisonItem | None:
        """The batch's request failed because of what it asks about: look closer.

        Returns:
            A tweet that was asked about alone.
        """
        suspects, fine, rest = batch.items, batch.items[:0], batch.items[:0]
        if batch.bisection is not None:
            rest = batch.bisection.rest
            suspects, fine = batch.items[: batch.bisection.suspects], batch.items[batch.bisection.suspects :]
        if not suspects:
            # What seemed to be fine fails without the suspect too: there are at least two, or it was never the one.
            self._bisections.append(RequestBatch(rest))
            return self.bisect_failed(RequestBatch(fine), error)
        if len(batch.items) == 1:
            for item in rest:
                self.put_back(item)
            return PoisonItem(batch.items[0], error)
        if len(suspects) == 1:
            # All that is left to see is whether the others do well without it.
            self._bisections.append(RequestBatch((*fine, *rest), Bisection(0, suspects, error)))
        else:
            self._bisect(suspects, (*fine, *rest), error)
        return None

    def bisect_passed(self, batch: RequestBatch) -> PoisonItem | None:
        """The batch's request did not fail: what a search looks for is in the part that was not asked about.

        Returns:
            A tweet without which the others did well, after they had failed with it.
        """
        if batch.bisection is None:
            return None
        rest, error = batch.bisection.rest, batch.bisection.error
        if len(rest) > 1:
            self._bisect(rest, (), error)
        elif batch.bisection.suspects:
            # It has never been asked about without those that were answered now: make sure.
            self._bisections.append(RequestBatch(rest))
        else:
            return PoisonItem(rest[0], error)
        return None

    def abandon_bisection(self, batch: RequestBatch) -> None:
        """Give up the batch's search: whatever it did not ask about goes back."""
        for item in batch.bisection.rest if batch.bisection else ():
            self.put_back(item)

    def _bisect(self, suspects: tuple[Item, ...], fine: tuple[Item, ...], error: ProviderError) -> None:
        middle = len(suspects) // 2
        self._bisections.append(RequestBatch((*suspects[:middle], *fine), Bisection(middle, suspects[middle:], error)))
