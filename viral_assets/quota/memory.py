"""The ledger of one process: the same rules as the shared one, for scripts without a database.

Whatever lasts is measured by a clock that nobody sets, and the rules are asked in its time. Only days are those of the
clock on the wall: where they begin and end is as far from now on the one as on the other.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.quota.counting import counted_tokens, remaining_after_each, settled_cost
from viral_assets.quota.decision import (
    LearnedLimit,
    QuotaUsage,
    ages_at,
    check_possible,
    decide,
    learned_limit,
    planner_state,
)
from viral_assets.quota.ledger import (
    Decision,
    Demand,
    Granted,
    GrantRequest,
    InputLimit,
    LatencySample,
    Purpose,
    QuotaState,
    QuotaStatus,
    Settlement,
    StoredAnswer,
    Waiting,
)
from viral_assets.quota.limits import Limits, PacificDay, pacific_day
from viral_assets.quota.priority import Priority, aged_since, place_in_queue
from viral_assets.quota.spending import AccountSpending


@dataclass(slots=True)
class _Day:
    day: PacificDay
    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass(slots=True)
class _Request:
    granted_at: float
    day: _Day
    tokens: int
    cost_usd: float
    tweets: int
    tier: Tier
    status: str = "granted"


@dataclass(slots=True)
class _Runner:
    tweets: int | None = 0
    priority: Priority = Priority.NEWEST_HOUR
    asked_at: float | None = None
    asked_tokens: int = 0

    def place(self, aged: float) -> tuple[int, float]:
        """Who does not wait yet would come after those of its priority who do."""
        return place_in_queue(self.priority, math.inf if self.asked_at is None else self.asked_at, aged)


@dataclass(slots=True)
class _Block:
    until: float = -math.inf
    reason: str = ""
    day: str = ""
    """That the service calls used up, and why it was called so."""
    day_reason: str = ""
    learned: LearnedLimit | None = None


@dataclass(frozen=True, slots=True)
class _Now:
    """A moment by both clocks."""

    monotonic: float
    epoch: float

    def epoch_of(self, monotonic: float) -> float:
        return self.epoch + (monotonic - self.monotonic)

    def monotonic_of(self, epoch: float) -> float:
        return self.monotonic + (epoch - self.epoch)


class MemoryLedger:
    """See :class:`viral_assets.quota.ledger.Ledger`.

    Args:
        limits: what holds.
        clock: measures windows, blocks and waits, and tells what day it is.
        spending: of the account, where several quotas share a budget.
    """

    def __init__(self, limits: Limits, *, clock: Clock = SYSTEM_CLOCK, spending: AccountSpending | None = None) -> None:
        self.limits = limits
        self._clock = clock
        self._spending = spending or AccountSpending()
        self._lock = self._spending.lock
        self._window: deque[_Request] = deque()
        self._requests: dict[str, _Request] = {}
        self._finished: defaultdict[Tier, deque[LatencySample]] = defaultdict(lambda: deque(maxlen=200))
        self._left_work: deque[tuple[str, bool]] = deque(maxlen=200)
        # Insertion order is the order of arrival.
        self._runners: dict[str, _Runner] = {}
        self._days: dict[str, _Day] = {}
        self._block = _Block()
        self._input_limit: InputLimit | None = None

    def join(
        self, runner: str, tweets: int | None, priority: Priority = Priority.NEWEST_HOUR, *, sharing: str = ""
    ) -> None:
        with self._lock:
            known = self._runners.setdefault(runner, _Runner())
            known.tweets, known.priority = tweets, priority

    def leave(self, runner: str) -> None:
        with self._lock:
            self._runners.pop(runner, None)

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        return self.ask_many([ask], remaining=remaining)[0]

    def ask_many(self, asks: Sequence[GrantRequest], *, remaining: int = 0) -> list[Decision]:
        for ask in asks:
            check_possible(self.limits, ask.tokens, ask.cost_usd)
        decisions: list[Decision] = []
        with self._lock:
            now = self._now()
            for ask, tweets in zip(asks, remaining_after_each(asks, remaining), strict=True):
                decisions.append(self._decide(ask, now, tweets))
                if not isinstance(decisions[-1], Granted):
                    break
        return decisions

    def _decide(self, ask: GrantRequest, now: _Now, remaining: int) -> Decision:
        runner = self._runners.setdefault(ask.runner, _Runner())
        runner.priority = ask.priority
        usage = self._usage(now, runner)
        decision = decide(self.limits, usage, ask.tokens, ask.cost_usd, self._releases)
        match decision:
            case Granted():
                runner.asked_at, runner.tweets = None, remaining
                day = self._day(now)
                request = _Request(now.monotonic, day, ask.tokens, ask.cost_usd or 0.0, len(ask.tweet_ids), ask.tier)
                self._window.append(request)
                self._requests[ask.request_id] = request
                self._pay(day, 1, ask.tokens, request.cost_usd)
            case Waiting():
                if runner.asked_at is None:
                    runner.asked_at = now.monotonic
                runner.asked_tokens = ask.tokens
        return decision

    def redate(self, request_id: str) -> float | None:
        with self._lock:
            now = self._now()
            self._forget_old(now)
            request = self._requests.get(request_id)
            if request is None or request.day.day.name != pacific_day(now.epoch).name:
                return None
            if not self._take_out_of_window(request):
                return None
            request.granted_at = now.monotonic
            self._window.append(request)
            return now.monotonic

    def redate_all(self, request_ids: Sequence[str]) -> list[float | None]:
        return [self.redate(each) for each in request_ids]

    def withdraw(self, runner: str) -> None:
        with self._lock:
            if (known := self._runners.get(runner)) is not None:
                known.asked_at = None

    def settle(self, request_id: str, settlement: Settlement) -> None:
        with self._lock:
            request = self._requests.pop(request_id)
            request.status = settlement.status
            tokens = counted_tokens(self.limits, settlement)
            cost = settled_cost(settlement)
            tokens = request.tokens if tokens is None else tokens
            cost = request.cost_usd if cost is None else cost
            unsent = settlement.status == "unsent"
            if unsent:
                self._take_out_of_window(request)
            self._pay(request.day, -int(unsent), tokens - request.tokens, cost - request.cost_usd)
            request.tokens, request.cost_usd = tokens, cost
            if settlement.status in ("answered", "failed") and request.tweets:
                self._left_work.append((request_id, settlement.status == "failed"))
            if settlement.status == "answered" and request.tweets:
                took = self._clock.monotonic() - request.granted_at
                self._finished[request.tier].append(LatencySample(request.tweets, took))

    def settle_all(self, ended: Sequence[tuple[GrantRequest, Settlement]]) -> None:
        for grant, settlement in ended:
            self.settle(grant.request_id, settlement)

    def block(self, seconds: float, reason: str, *, limit: int | None = None, in_a_row: int = 0) -> None:
        with self._lock:
            now = self._now()
            self._forget_old(now)
            # A shorter answer that comes later must not let anybody ask before the longer one ends.
            if now.monotonic + seconds > self._block.until:
                self._block.until, self._block.reason = now.monotonic + seconds, reason
            learned = learned_limit(
                self.limits,
                now.monotonic,
                stated=limit,
                in_a_row=in_a_row,
                accepted=sum(request.status != "refused" for request in self._window),
                before=self._block.learned,
            )
            self._block.learned = learned or self._block.learned

    def block_today(self, reason: str) -> float:
        with self._lock:
            now = self._now()
            day = pacific_day(now.epoch)
            self._block.day, self._block.day_reason = day.name, reason
            return day.end - now.epoch

    def left_work(self, request_ids: Sequence[str]) -> None:
        with self._lock:
            for at, (request_id, left_work) in enumerate(self._left_work):
                self._left_work[at] = (request_id, left_work or request_id in request_ids)

    def learn_input_limit(self, limit: InputLimit) -> None:
        self._input_limit = limit

    def input_limit(self) -> InputLimit | None:
        return self._input_limit

    def now(self) -> float:
        return self._clock.time()

    def state(self) -> QuotaState:
        with self._lock:
            now = self._now()
            demand = [
                Demand(name, runner.tweets, runner.priority) for name, runner in self._runners.items() if runner.tweets
            ]
            return planner_state(self.limits, self._usage(now), self._releases(), demand)

    def status(self) -> QuotaStatus:
        with self._lock:
            now = self._now()
            usage, today = self._usage(now), self._day(now)
            blocked = usage.blocked_until > usage.now
            return QuotaStatus(
                limits=self.limits,
                now=now.epoch,
                window_requests=usage.window_requests,
                window_tokens=usage.window_tokens,
                day=today.day.name,
                day_ends=today.day.end,
                day_requests=usage.day_requests,
                day_tokens=usage.day_tokens,
                day_cost_usd=usage.day_cost_usd,
                day_own_cost_usd=today.cost_usd,
                blocked_until=now.epoch_of(usage.blocked_until) if blocked else None,
                block_reason=usage.block_reason if blocked else "",
                learned_requests=usage.learned_requests if usage.learned_until > usage.now else None,
                in_flight=len(self._requests),
                runners=sum(runner.tweets is not None for runner in self._runners.values()),
                waiting=tuple(sorted(Counter(each.priority for each in self._waiters()).items())),
            )

    def unparsed(self, project: str, purpose: Purpose = "generate") -> list[StoredAnswer]:
        """None: what this process was paid for ends with it."""
        return []

    def latencies(self, count: int = 50, *, tier: Tier = STANDARD) -> list[LatencySample]:
        with self._lock:
            return list(self._finished[tier])[-count:]

    def failures(self, count: int = 100) -> tuple[int, int]:
        with self._lock:
            newest = list(self._left_work)[-count:]
            return sum(left_work for _, left_work in newest), len(newest)

    def _now(self) -> _Now:
        return _Now(self._clock.monotonic(), self._clock.time())

    def _day(self, now: _Now) -> _Day:
        day = pacific_day(now.epoch)
        return self._days.setdefault(day.name, _Day(day))

    def _pay(self, day: _Day, requests: int, tokens: int, cost_usd: float) -> None:
        day.requests += requests
        day.tokens += tokens
        day.cost_usd += cost_usd
        self._spending.add(day.day, cost_usd)

    def _releases(self) -> list[tuple[float, int]]:
        return [(request.granted_at, request.tokens) for request in self._window]

    def _usage(self, now: _Now, runner: _Runner | None = None) -> QuotaUsage:
        """What counts now, for a runner that asks or for nobody. Its times are monotonic."""
        self._forget_old(now)
        today, block, learned = self._day(now), self._block, self._block.learned
        day = replace(today.day, start=now.monotonic_of(today.day.start), end=now.monotonic_of(today.day.end))
        blocked_until, reason = block.until, block.reason
        if block.day == day.name and blocked_until < day.end:
            blocked_until, reason = day.end, block.day_reason
        ahead: list[_Runner] = []
        ages = math.inf
        if runner is not None:
            ahead = self._ahead_of(runner, now)
            ages = ages_at(self.limits, runner.priority, now.monotonic if runner.asked_at is None else runner.asked_at)
        return QuotaUsage(
            now=now.monotonic,
            day=day,
            window_requests=len(self._window),
            window_tokens=sum(request.tokens for request in self._window),
            day_requests=today.requests,
            day_tokens=today.tokens,
            day_cost_usd=self._spending.on(day),
            blocked_until=blocked_until,
            block_reason=reason,
            learned_requests=learned.requests if learned else None,
            learned_until=learned.until if learned else -math.inf,
            ahead_requests=len(ahead),
            ahead_tokens=sum(other.asked_tokens for other in ahead),
            ages_at=ages,
        )

    def _ahead_of(self, runner: _Runner, now: _Now) -> list[_Runner]:
        aged = aged_since(now.monotonic, self.limits.padded_window_seconds)
        return [each for each in self._waiters() if each is not runner and each.place(aged) < runner.place(aged)]

    def _waiters(self) -> Iterator[_Runner]:
        return (runner for runner in self._runners.values() if runner.asked_at is not None)

    def _take_out_of_window(self, request: _Request) -> bool:
        """Whether it was there."""
        before = len(self._window)
        # By identity: two grants can be equal.
        self._window = deque(each for each in self._window if each is not request)
        return len(self._window) < before

    def _forget_old(self, now: _Now) -> None:
        oldest = now.monotonic - self.limits.padded_window_seconds
        while self._window and self._window[0].granted_at <= oldest:
            self._window.popleft()
