"""The tweets of a run that have not ended yet, and which of them may share the next request."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from viral_assets.generation.opportunity import TweetKey
from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.outcome import BatchOutcome


class WorkQueue:
    """Order of arrival within a project; what failed comes back mixed with what is new."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        # Of these, the ones that have or had to wait for their time: few, so that thousands need not be looked at.
        self._timed: set[Item] = set()
        self._bisections: deque[RequestBatch] = deque()
        for item in items:
            self.put_back(item)

    def __len__(self) -> int:
        """Tweets that wait here (not those under way)."""
        return sum(map(len, self._waiting.values())) + sum(len(batch.involved) for batch in self._bisections)

    @property
    def has_new(self) -> bool:
        """Whether there is a tweet that no request has been about."""
        return any(not item.attempts for waiting in self._waiting.values() for item in waiting)

    def asked(self, project: str) -> int:
        """How many tweets of a project a request has been about."""
        return sum(item.attempts > 0 for item in self._waiting.get(project, ()))

    def put_back(self, item: Item) -> None:
        """Behind all others of its project."""
        self._waiting.setdefault(item.opportunity.project, deque()).append(item)
        self._remember_time(item)

    def put_first(self, items: Sequence[Item]) -> None:
        """Hand back what was taken out and not asked about, or was refused unread."""
        for item in reversed(items):
            self._waiting.setdefault(item.opportunity.project, deque()).appendleft(item)
            self._remember_time(item)

    def put_batch_first(self, batch: RequestBatch) -> None:
        """Hand back a batch; as a whole when it is part of a bisection."""
        if batch.bisection is None and not batch.suspected:
            self.put_first(batch.items)
        else:
            self._bisections.appendleft(batch)

    def put(self, outcome: BatchOutcome) -> None:
        """What is left to do of a batch. Bisections are asked before anything else, in the order in which they came.
        Whether a higher cap helps against thoughts should be known before all others have been billed for them."""
        for item in outcome.again:
            if not item.raised_cap:
                self.put_back(item)
        self.put_first([item for item in outcome.again if item.raised_cap])
        if outcome.first is not None:
            self.put_batch_first(outcome.first)
        self._bisections.extend(outcome.bisections)

    def next_bisection(self) -> RequestBatch | None:
        """The next step of a bisection, if there is one."""
        return self._bisections.popleft() if self._bisections else None

    def ready(self, now: float) -> dict[str, int]:
        """How many tweets of each project could be asked about now."""
        late = Counter(item.opportunity.project for item in self._timed if item.not_before > now)
        counts = {project: len(waiting) - late[project] for project, waiting in self._waiting.items()}
        return {project: count for project, count in counts.items() if count}

    def next_ready_at(self, now: float) -> float | None:
        """When the next tweet in backoff may be asked about again; None when none is."""
        return min((item.not_before for item in self._timed if item.not_before > now), default=None)

    def take(self, project: str, tweets: int, now: float) -> list[Item]:
        """Up to so many ready tweets of a project, in order; fewer when one of them asks for a smaller pack."""
        taken: list[Item] = []
        passed: deque[Item] = deque()
        waiting = self._waiting.get(project, deque())
        while waiting and len(taken) < tweets:
            item = waiting.popleft()
            if item.not_before <= now and len(taken) < item.largest_pack:
                taken.append(item)
                self._timed.discard(item)
                tweets = min(tweets, item.largest_pack)
            else:
                passed.append(item)
        waiting.extendleft(reversed(passed))
        return taken

    def sample(self, project: str, tweets: int) -> list[Item]:
        """Some of a project's tweets, without taking them out."""
        return list(islice(self._waiting[project], tweets))

    def fresh(self) -> list[Item]:
        """The tweets that no request has been about and that wait for nothing, in order."""
        return [
            item
            for waiting in self._waiting.values()
            for item in waiting
            if not item.attempts and not item.failures and not item.not_before
        ]

    def due(self, now: float) -> set[TweetKey]:
        """Of the tweets that had to wait for their time, those whose time has come."""
        return {item.key for item in self._timed if item.not_before <= now}

    def take_out(self, keys: Collection[TweetKey]) -> list[Item]:
        """These tweets, of those that are in no bisection."""
        taken = [item for waiting in self._waiting.values() for item in waiting if item.key in keys]
        for waiting in self._waiting.values() if taken else ():
            kept = [item for item in waiting if item.key not in keys]
            waiting.clear()
            waiting.extend(kept)
        self._timed.difference_update(taken)
        return taken

    def drain(self) -> list[Item]:
        """Take everything out."""
        items = [item for waiting in self._waiting.values() for item in waiting]
        for batch in self._bisections:
            items.extend(batch.involved)
        self._waiting.clear()
        self._timed.clear()
        self._bisections.clear()
        return items

    def _remember_time(self, item: Item) -> None:
        if item.not_before:
            self._timed.add(item)
