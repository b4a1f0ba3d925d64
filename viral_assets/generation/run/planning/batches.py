"""Which tweets share the next request: the planner's plan for all that is ready, made anew when it is out of date."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.planning.day import share_of_this_hour
from viral_assets.generation.run.planning.exchange import NOTHING, TweetExchange, exchange_of
from viral_assets.generation.run.planning.joining import (
    JOIN_SECONDS,
    JOIN_WHEN_SHORT_SECONDS,
    halves_at_once,
    more_may_come,
)
from viral_assets.generation.run.planning.late_starters import SlotReserve, with_room_for_late_starters
from viral_assets.generation.run.planning.packs import PackGroup
from viral_assets.generation.run.planning.quota_shares import share_of
from viral_assets.generation.run.planning.run_plan import PLANNED_SECONDS, PlanProgress, PlanTerms, plan_of_run
from viral_assets.generation.run.planning.spare import SpareQuota
from viral_assets.generation.run.planning.stretch import stretched_cap
from viral_assets.generation.run.queue import WorkQueue
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.sharing import Sharing
from viral_assets.quota.ledger import GrantRequest, InputLimit, QuotaState

PLANNING_SHARE = 0.1
"""A plan that took long to make is used so long that no more than this share of the time goes into planning."""


class BatchPlan:
    """Takes batches out of the queue as planned.

    Args:
        work: the run's queue.
        runner: the run's name in the ledger.
        sharing: told what the run exchanges with others.
    """

    def __init__(self, session: RunSession, work: WorkQueue, runner: str, sharing: Sharing) -> None:
        self._session, self._work, self._runner, self._sharing = session, work, runner, sharing
        self._packs: deque[tuple[str, int]] = deque()
        self._good_until = 0.0
        self.look_again_at = math.inf
        """When something that is ready is not waited with any longer, though nothing has changed by then."""
        self._stretched_until, self._first = -math.inf, math.inf
        self._reserve = SlotReserve()
        self._spare: SpareQuota | None = None
        self._largest = PackGroup(1)
        self._share: tuple[float, float] | None = None
        self._input_limit: InputLimit | None = None

    def has_spare(self, tweets: int) -> bool:
        """Whether one more request, about so many tweets, costs no waiting: nothing waits for what is left of the
        window and the day, and that is enough."""
        if self._spare is None or len(self._work):
            return False
        usd = self._largest.usd_of(tweets)
        if self._share is not None and (self._share[0] < 1 or self._share[1] < usd):
            return False
        return self._spare.allows(self._largest.tokens_of(tweets), self._session.clock.monotonic(), usd=usd)

    def granted(self, grant: GrantRequest) -> None:
        """A request has been granted."""
        if self._spare is not None:
            self._spare.granted(grant.tokens, grant.cost_usd or 0.0)
        if self._share is not None:
            requests, usd = self._share
            self._share = (max(0.0, requests - 1), max(0.0, usd - (grant.cost_usd or 0.0)))

    async def next_batches(
        self, now: float, *, concurrency: int, busy: Callable[[], Sequence[float]], most: int
    ) -> list[RequestBatch]:
        """What is to be asked next; nothing when nothing is ready.

        Args:
            now: on the run's clock.
            concurrency: requests under way at once.
            busy: when each request now under way should end, on the run's clock.
            most: so many at most, and only what one plan says.
        """
        batches: list[RequestBatch] = []
        self.look_again_at = math.inf
        while len(batches) < most and (batch := await self._next(now, concurrency, busy, may_plan=not batches)):
            batches.append(batch)
        return batches

    async def _next(
        self, now: float, concurrency: int, busy: Callable[[], Sequence[float]], *, may_plan: bool
    ) -> RequestBatch | None:
        ready = self._work.ready(now)
        if ready and (now >= self._good_until or self._is_out_of_date(ready)):
            if not may_plan:
                return None
            state = await self._session.store(self._session.ledger.state)
            self._sharing.exchange = self._exchange(state, ready)
            if await self._sharing.give():
                return await self._next(self._session.clock.monotonic(), concurrency, busy, may_plan=True)
            self._plan(state, self._expected(ready, now), now, concurrency, busy())
        if self._is_short(now) and more_may_come(self._work, now, busy()):
            self.look_again_at = now + JOIN_WHEN_SHORT_SECONDS
            return None
        if (batch := self._work.next_bisection()) is not None:
            return self._filled(batch, now)
        if not ready:
            return None
        project, tweets = self._packs[0]
        if tweets > ready.get(project, 0) and self._work.ready(now + JOIN_SECONDS) != ready:
            return None
        self._packs.popleft()
        return RequestBatch(self._fitting(project, self._work.take(project, tweets, now)))

    def _is_short(self, now: float) -> bool:
        """Whether there are fewer requests left of the window than tweets, so that none is to be wasted."""
        return self._spare is not None and self._spare.requests(now) < len(self._work)

    def _filled(self, batch: RequestBatch, now: float) -> RequestBatch:
        """A part of a pack, with others where requests are short."""
        project = batch.items[0].opportunity.project
        others = self._most(project, now) - len(batch.items)
        if self._session.options.exact or others <= 0 or not self._is_short(now):
            return batch
        batch, *rest = halves_at_once(batch)
        for each in rest:
            self._work.put_batch_first(each)
        # What it leaves is planned anew.
        self._packs.clear()
        return replace(batch, items=self._fitting(project, [*batch.items, *self._work.take(project, others, now)]))

    def _is_out_of_date(self, ready: Mapping[str, int]) -> bool:
        learnt = self._session.tokens.input_limit != self._input_limit
        return learnt or not self._packs or self._packs[0][0] not in ready

    def _fitting(self, project: str, items: Sequence[Item]) -> tuple[Item, ...]:
        """As many of them as the model takes at once: these tweets may be longer than those the plan knew."""
        session, taken = self._session, list(items)
        while self._input_limit is not None and len(taken) > 1:
            asked = [item.still_asked for item in taken]
            if not session.tokens.is_too_large(
                build_request(session.projects[project], asked, model=session.options.model)
            ):
                break
            self._work.put_first([taken.pop()])
        return tuple(taken)

    def _exchange(self, state: QuotaState, ready: Mapping[str, int]) -> TweetExchange:
        """Only runs of one project exchange anything."""
        [(project, tweets)] = ready.items() if len(ready) == 1 else [("", 0)]
        if not tweets or not any(each.sharing for each in state.demand):
            return NOTHING
        group = self._group(project, tweets)
        return exchange_of(
            state,
            self._runner,
            cap=self._cap(project),
            newcomer=self._newcomer,
            group=group,
            latency=self._session.latency.latency,
        )

    @property
    def _newcomer(self) -> int:
        """A run that starts together with this one probably has about as much to do as this one had."""
        return max(1, self._session.counters.total)

    def _plan(
        self, state: QuotaState, ready: Mapping[str, int], now: float, concurrency: int, busy: Sequence[float]
    ) -> None:
        session, names = self._session, list(ready)
        groups = [self._group(name, ready[name]) for name in names]
        quota = share_of(
            state,
            self._runner,
            newcomer=self._newcomer,
            request_tokens=max(group.tokens_of(group.tweets) for group in groups),
        )
        latency = session.latency.latency
        quota, self._reserve = with_room_for_late_starters(
            quota,
            self._runner,
            self._reserve,
            tweets=sum(ready.values()),
            cap=max(map(self._cap, names)),
            latency=latency,
            now=now,
        )
        self._spare = SpareQuota(quota, now)
        self._largest = max(groups, key=lambda group: group.tokens_of(1))
        self._input_limit = session.tokens.input_limit
        if session.options.paced and self._share is None:
            self._share = share_of_this_hour(quota)
        began = session.clock.monotonic()
        self._first = min(self._first, now)
        terms = PlanTerms(
            concurrency=concurrency,
            cap=max(map(self._cap, names)),
            latency=latency,
            failures=session.failures,
            exact=session.options.exact,
            share=self._share,
            is_measured=session.latency.is_measured,
        )
        progress = PlanProgress(
            busy=tuple(max(0.0, end - now) for end in busy),
            is_long=now > self._first + quota.window_seconds / 2,
            has_new=self._work.has_new,
            asked=tuple(min(self._work.asked(name), ready[name]) for name in names),
            has_stretched=now < self._stretched_until,
        )
        planned = plan_of_run(groups, quota, terms, progress)
        ended = session.clock.monotonic()
        if now >= self._stretched_until and any(p.tweets > self._cap(names[p.group]) for p in planned.packs):
            self._stretched_until = now + quota.window_seconds
        session.counters.expected_end = now + planned.makespan
        # The ledger says what the day has no room for; one request asks it.
        nothing_fits = [(names[0], self._cap(names[0]))]
        self._packs = deque([(names[pack.group], pack.tweets) for pack in planned.packs] or nothing_fits)
        self._good_until = ended + max(PLANNED_SECONDS, (ended - began) / PLANNING_SHARE)

    def _expected(self, ready: Mapping[str, int], now: float) -> Mapping[str, int]:
        """What is ready, and where requests fail what is in backoff for a moment: both may share a request."""
        return self._work.ready(now + JOIN_SECONDS) if self._session.failures.share else ready

    def _cap(self, project: str) -> int:
        return self._session.options.exact or self._session.projects[project].generation.max_tweets_per_request

    def _most(self, project: str, now: float) -> int:
        """Tweets that share a request with some that are asked about again now, at most."""
        return (
            self._cap(project)
            if now >= self._stretched_until
            else stretched_cap(self._session.projects[project].generation, asked_before=True)
        )

    def _group(self, project: str, tweets: int) -> PackGroup:
        session = self._session
        sample = [item.still_asked for item in self._work.sample(project, self._cap(project))]
        return session.tokens.group(
            session.projects[project],
            sample,
            tweets,
            model=session.options.model,
            asked_before=bool(self._work.asked(project)),
            price_of=session.price_of,
            tier=session.tiers.usual(session.clock.monotonic()),
        )
