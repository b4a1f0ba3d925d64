"""The ledger of one process: the same rules as the shared one, for scripts without a database."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.llm.tiers import STANDARD, Tier
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
    LatencySample,
    QuotaState,
    QuotaStatus,
    Settlement,
    StoredAnswer,
    Waiting,
)
from viral_assets.quota.limits import Limits, PacificDay, pacific_day
from viral_assets.quota.priority import Priority, aged_since, place_in_queue


@dataclass(slots=True)
class _Request:
    granted_at: float
    tokens: int
    cost_usd: float
    tweets: int
    tier: Tier
    status: str = "granted"
    finished_at: float = 0.0


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
class _Day:
    day: PacificDay
    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


class AccountSpending:
    """What one account has spent, for all of its ledgers in this process. They share its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._day = ""
        self._cost_usd = 0.0

    def on(self, day: PacificDay) -> float:
        """USD on a day; only the latest day is known."""
        return self._cost_usd if day.name == self._day else 0.0

    def add(self, day: PacificDay, cost_usd: float) -> None:
        self._cost_usd = self.on(day) + cost_usd
        self._day = day.name


@dataclass(slots=True)
class _Block:
    until: float = 0.0
    reason: str = ""
    learned: LearnedLimit | None = None


class MemoryLedger:
    """See :class:`viral_assets.quota.ledger.Ledger`.

    Args:
        limits: what holds.
        clock: tells the time of grants.
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
        self._ended: deque[str] = deque(maxlen=200)
        # Insertion order is the order of arrival.
        self._runners: dict[str, _Runner] = {}
        self._day = _Day(pacific_day(clock.time()))
        self._block = _Block()

    def join(self, runner: str, tweets: int | None, priority: Priority = Priority.NEWEST_HOUR) -> None:
        with self._lock:
            known = self._runners.setdefault(runner, _Runner())
            known.tweets, known.priority = tweets, priority

    def leave(self, runner: str) -> None:
        with self._lock:
            self._runners.pop(runner, None)

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        check_possible(self.limits, ask.tokens, ask.cost_usd)
        with self._lock:
            now = self._clock.time()
            runner = self._runners.setdefault(ask.runner, _Runner())
            runner.priority = ask.priority
            usage = self._usage(now, runner)
            decision = decide(
                self.limits,
                usage,
                ask.tokens,
                ask.cost_usd,
                lambda: ((request.granted_at, request.tokens) for request in self._window),
            )
            match decision:
                case Granted():
                    runner.asked_at, runner.tweets = None, remaining
                    request = _Request(now, ask.tokens, ask.cost_usd or 0.0, len(ask.tweet_ids), ask.tier)
                    self._window.append(request)
                    self._requests[ask.request_id] = request
                    self._day.requests += 1
                    self._day.tokens += ask.tokens
                    self._pay(request.cost_usd)
                case Waiting():
                    if runner.asked_at is None:
                        runner.asked_at = now
                    runner.asked_tokens = ask.tokens
            return decision

    def withdraw(self, runner: str) -> None:
        with self._lock:
            if (known := self._runners.get(runner)) is not None:
                known.asked_at = None

    def settle(self, request_id: str, settlement: Settlement) -> None:
        with self._lock:
            request = self._requests.pop(request_id)
            now = self._clock.time()
            request.status, request.finished_at = settlement.status, now
            tokens = counted_tokens(self.limits, settlement)
            cost = settled_cost(settlement)
            if settlement.status == "unsent":
                # By identity: two grants can be equal.
                self._window = deque(each for each in self._window if each is not request)
            if request.granted_at >= self._day.day.start:
                self._day.requests -= settlement.status == "unsent"
                self._day.tokens += (request.tokens if tokens is None else tokens) - request.tokens
                self._pay((request.cost_usd if cost is None else cost) - request.cost_usd)
            request.tokens = request.tokens if tokens is None else tokens
            request.cost_usd = request.cost_usd if cost is None else cost
            if settlement.status in ("answered", "failed") and request.tweets:
                self._ended.append(settlement.status)
            if settlement.status == "answered" and request.tweets:
                self._finished[request.tier].append(LatencySample(request.tweets, now - request.granted_at))

    def block(self, seconds: float, reason: str, *, limit: int | None = None, in_a_row: int = 0) -> None:
        with self._lock:
            now = self._clock.time()
            self._forget_old(now)
            self._set_block(now + seconds, reason)
            learned = learned_limit(
                self.limits,
                now,
                stated=limit,
                in_a_row=in_a_row,
                accepted=sum(request.status != "refused" for request in self._window),
                before=self._block.learned,
            )
            self._block.learned = learned or self._block.learned

    def block_today(self, reason: str) -> float:
        with self._lock:
            now = self._clock.time()
            until = pacific_day(now).end
            self._set_block(until, reason)
            return until - now

    def state(self) -> QuotaState:
        with self._lock:
            usage = self._usage(self._clock.time())
            return planner_state(
                self.limits,
                usage,
                [(request.granted_at, request.tokens) for request in self._window],
                [
                    Demand(name, runner.tweets, runner.priority)
                    for name, runner in self._runners.items()
                    if runner.tweets
                ],
            )

    def status(self) -> QuotaStatus:
        with self._lock:
            now = self._clock.time()
            usage = self._usage(now)
            return QuotaStatus(
                limits=self.limits,
                now=now,
                window_requests=usage.window_requests,
                window_tokens=usage.window_tokens,
                day=self._day.day.name,
                day_ends=self._day.day.end,
                day_requests=usage.day_requests,
                day_tokens=usage.day_tokens,
                day_cost_usd=usage.day_cost_usd,
                day_own_cost_usd=self._day.cost_usd,
                blocked_until=self._block.until if self._block.until > now else None,
                block_reason=self._block.reason if self._block.until > now else "",
                learned_requests=usage.learned_requests if usage.learned_until > now else None,
                in_flight=len(self._requests),
                runners=sum(runner.tweets is not None for runner in self._runners.values()),
                waiting=tuple(sorted(Counter(each.priority for each in self._waiters()).items())),
            )

    def unparsed(self, project: str) -> list[StoredAnswer]:
        """None: what this process was paid for ends with it."""
        return []

    def latencies(self, count: int = 50, *, tier: Tier = STANDARD) -> list[LatencySample]:
        with self._lock:
            return list(self._finished[tier])[-count:]

    def failures(self, count: int = 100) -> tuple[int, int]:
        with self._lock:
            newest = list(self._ended)[-count:]
            return newest.count("failed"), len(newest)

    def _pay(self, cost_usd: float) -> None:
        self._day.cost_usd += cost_usd
        self._spending.add(self._day.day, cost_usd)

    def _set_block(self, until: float, reason: str) -> None:
        """A shorter answer that comes later must not let anybody ask before the longer one ends."""
        if until > self._block.until:
            self._block.until, self._block.reason = until, reason

    def _usage(self, now: float, runner: _Runner | None = None) -> QuotaUsage:
        """What counts now, for a runner that asks or for nobody."""
        self._forget_old(now)
        if now >= self._day.day.end:
            self._day = _Day(pacific_day(now))
        learned = self._block.learned
        ahead = [] if runner is None else self._ahead_of(runner, now)
        return QuotaUsage(
            now=now,
            day=self._day.day,
            window_requests=len(self._window),
            window_tokens=sum(request.tokens for request in self._window),
            day_requests=self._day.requests,
            day_tokens=self._day.tokens,
            day_cost_usd=self._spending.on(self._day.day),
            blocked_until=self._block.until,
            block_reason=self._block.reason,
            learned_requests=learned.requests if learned else None,
            learned_until=learned.until if learned else 0.0,
            ahead_requests=len(ahead),
            ahead_tokens=sum(other.asked_tokens for other in ahead),
            ages_at=math.inf if runner is None else ages_at(self.limits, runner.priority, runner.asked_at or now),
        )

    def _ahead_of(self, runner: _Runner, now: float) -> list[_Runner]:
        aged = aged_since(now, self.limits.padded_window_seconds)
        return [each for each in self._waiters() if each is not runner and each.place(aged) < runner.place(aged)]

    def _waiters(self) -> Iterator[_Runner]:
        return (runner for runner in self._runners.values() if runner.asked_at is not None)

    def _forget_old(self, now: float) -> None:
        oldest = now - self.limits.padded_window_seconds
        while self._window and self._window[0].granted_at <= oldest:
            self._window.popleft()
        for request in reversed(self._window):
            if request.granted_at <= now:
                break
            # The clock was set back. Whatever was granted was granted by now.
            request.granted_at = now


def counted_tokens(limits: Limits, settlement: Settlement) -> int | None:
    """What a settled request counts in the token window; None keeps the estimate.

    A refused request was never read, so it counts no tokens; one that failed may have been, so its estimate stays.
    """
    if settlement.status in ("refused", "unsent"):
        return 0
    if settlement.input_tokens is None:
        return None
    output = (settlement.output_tokens or 0) + (settlement.thought_tokens or 0)
    return settlement.input_tokens + (output if limits.counts_output else 0)


def settled_cost(settlement: Settlement) -> float | None:
    """What a settled request costs; None keeps the estimate, because it may have been paid."""
    return 0.0 if settlement.status in ("refused", "unsent") else settlement.cost_usd
