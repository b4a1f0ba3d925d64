"""Which tweets share the next request: the planner's plan for all that is ready, made anew when it is out of date."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial

from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.failures.reserve import SECONDS_OF_A_REQUEST, plan_with_reserve
from viral_assets.generation.run.planning.late_starters import Reserve, with_room_for_late_starters
from viral_assets.generation.run.planning.planner import Group, plan
from viral_assets.generation.run.planning.quota_shares import share_of
from viral_assets.generation.run.queue import WorkQueue
from viral_assets.generation.run.session import Session

PLANNING_SHARE = 0.1
"""A plan that took long to make is used so long that no more than this share of the time goes into planning."""

JOIN_SECONDS = 2.0
"""A request with room to spare waits so long for tweets that will be asked again."""


class BatchPlan:
    """Takes batches out of the queue as planned.

    Args:
        work: the run's queue.
        runner: the run's name in the ledger.
    """

    def __init__(self, session: Session, work: WorkQueue, runner: str) -> None:
        self._session, self._work, self._runner = session, work, runner
        self._packs: deque[tuple[str, int]] = deque()
        self._good_until = 0.0
        self._spare = 0
        self._reserve = Reserve()

    @property
    def spare_quota(self) -> bool:
        """Whether a request more costs no waiting: nothing waits for what is left of the window."""
        return self._spare > 0 and not len(self._work)

    def granted(self) -> None:
        """A request has been granted."""
        self._spare -= 1

    async def next_batch(self, *, concurrency: int, busy: Sequence[float]) -> RequestBatch | None:
        """What is to be asked next; None when nothing is ready.

        Args:
            concurrency: requests under way at once.
            busy: when each request now under way should end, on the run's clock.
        """
        now = self._session.clock.monotonic()
        if (batch := self._work.next_bisection()) is not None:
            return batch
        ready = self._work.ready(now)
        if not ready:
            return None
        if now >= self._good_until or not self._packs or self._packs[0][0] not in ready:
            await self._plan(self._expected(ready, now), now, concurrency, busy)
        project, tweets = self._packs.popleft()
        if tweets > ready.get(project, 0) and self._work.ready(now + JOIN_SECONDS) != ready:
            return None
        return RequestBatch(tuple(self._work.take(project, tweets, now)))

    async def _plan(self, ready: Mapping[str, int], now: float, concurrency: int, busy: Sequence[float]) -> None:
        session, names = self._session, list(ready)
        groups = [self._group(name, ready[name]) for name in names]
        quota = share_of(
            await session.store(session.ledger.state),
            self._runner,
            # A run that starts together with this one probably has about as much to do as this one had.
            newcomer=max(1, session.counters.total),
            request_tokens=max(group.tokens_of(group.tweets) for group in groups),
        )
        quota, self._reserve = with_room_for_late_starters(
            quota, self._runner, self._reserve, tweets=sum(ready.values()), cap=max(map(self._cap, names)), now=now
        )
        self._spare = quota.free
        began = session.clock.monotonic()
        latency, ends = session.latency.latency, [max(0.0, end - now) for end in busy]
        planned = plan_with_reserve(
            partial(
                plan,
                groups,
                concurrency=concurrency,
                cap=max(map(self._cap, names)),
                latency=latency,
                busy=ends,
                exact=session.options.exact,
            ),
            quota,
            share=session.failures.share,
            busy=ends,
            latency=latency,
            request_seconds=0.0 if self._work.has_new else SECONDS_OF_A_REQUEST,
        )
        ended = session.clock.monotonic()
        session.counters.expected_end = now + planned.makespan
        self._packs = deque((names[pack.group], pack.tweets) for pack in planned.packs)
        self._good_until = ended + (ended - began) / PLANNING_SHARE

    def _expected(self, ready: Mapping[str, int], now: float) -> Mapping[str, int]:
        """What is ready, and where requests fail what is in backoff for a moment: both may share a request."""
        return self._work.ready(now + JOIN_SECONDS) if self._session.failures.share else ready

    def _cap(self, project: str) -> int:
        return self._session.options.exact or self._session.projects[project].generation.max_tweets_per_request

    def _group(self, project: str, tweets: int) -> Group:
        session = self._session
        sample = [item.still_asked for item in self._work.sample(project, self._cap(project))]
        return session.tokens.group(session.projects[project], sample, tweets, model=session.options.model)
