"""The tweets of a run that have not ended yet, and which of them may share the next request.

A tweet that makes its whole request fail is found by halving: one half is asked again, and its answer tells about the
other half too. So one bad tweet among K costs at most ``2 + log2(K)`` requests more, and its neighbours nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from viral_assets.generation.opportunity import Opportunity

Key = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class Suggestion:
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

    ``attempts`` counts the requests it took part in, ``failures`` those that came to nothing for it.
    """

    opportunity: Opportunity
    attempts: int = 0
    failures: int = 0
    quality_attempts: int = 0
    not_before: float = 0.0
    largest_pack: int = 1_000
    accepted: dict[str, Suggestion] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.opportunity.project, self.opportunity.tweet_id)

    @property
    def missing(self) -> tuple[str, ...]:
        """Suggestion types still wanted."""
        return tuple(kind for kind in self.opportunity.suggestion_types if kind not in self.accepted)


@dataclass(frozen=True, slots=True)
class Search:
    """The other half of a search for the tweet that makes requests fail."""

    rest: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What the next request asks about; ``search`` when its answer will tell about other tweets too."""

    items: tuple[Item, ...]
    search: Search | None = None


class WorkQueue:
    """Order of arrival within a project; what failed comes back mixed with what is new."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        self._suspects: deque[Batch] = deque()
        for item in items:
            self.put_back(item)

    def __len__(self) -> int:
        """Tweets that wait here (not those under way)."""
        return sum(map(len, self._waiting.values())) + sum(
            len(batch.items) + len(batch.search.rest if batch.search else ()) for batch in self._suspects
        )

    def put_back(self, item: Item) -> None:
        self._waiting.setdefault(item.opportunity.project, deque()).append(item)

    def put_first(self, items: Sequence[Item]) -> None:
        """Hand back what was taken out and not asked about, or was refused unread."""
        for item in reversed(items):
            self._waiting.setdefault(item.opportunity.project, deque()).appendleft(item)

    def put_batch_first(self, batch: Batch) -> None:
        """Hand back a batch as a whole when it is part of a search."""
        if batch.search is None:
            self.put_first(batch.items)
        else:
            self._suspects.appendleft(batch)

    def suspect(self) -> Batch | None:
        """The next step of a search, if there is one."""
        return self._suspects.popleft() if self._suspects else None

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
        for batch in self._suspects:
            items.extend((*batch.items, *(batch.search.rest if batch.search else ())))
        self._waiting.clear()
        self._suspects.clear()
        return items

    def search_failed(self, batch: Batch) -> Item | None:
        """The batch's request failed because of what it asks about: look closer.

        Returns:
            The tweet itself when it was alone.
        """
        if batch.search is not None:
            # It is among these, so the other half is probably fine.
            for item in batch.search.rest:
                self.put_back(item)
        if len(batch.items) == 1:
            return batch.items[0]
        self._split(batch.items)
        return None

    def search_passed(self, batch: Batch) -> None:
        """The batch's request did not fail: if there was a search, what it looks for is in the other half."""
        if batch.search is None:
            return
        if len(batch.search.rest) == 1:
            self._suspects.append(Batch(batch.search.rest))
        else:
            self._split(batch.search.rest)

    def _split(self, items: tuple[Item, ...]) -> None:
        middle = len(items) // 2
        self._suspects.append(Batch(items[:middle], Search(items[middle:])))
