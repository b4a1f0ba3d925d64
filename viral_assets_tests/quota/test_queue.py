"""The law of the queue: the urgent first, and nobody is passed over for more than a stated time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from viral_assets.quota.ledger import Granted, GrantRequest, QuotaStatus, Waiting
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.priority import AGED_AFTER_WINDOWS, Priority, place_in_queue
from viral_assets_tests.virtual_clock import VirtualClock

WINDOW = 10.0
PADDED = Limits(window_seconds=WINDOW).padded_window_seconds
END = 12 * WINDOW
NOT_YET_AGED = 0.01
"""Seconds by which a waiter may be late at the moment from which on it counts as first."""
AT_ONCE = 1e-5
"""Who asks within so many seconds asks at once: seconds since the epoch are told apart by a quarter of a millionth."""


@dataclass
class Runner:
    """Has something to ask ``pause`` seconds after each grant, from ``begins`` on."""

    name: str
    priority: Priority
    begins: float
    pause: float
    tokens: int
    waits_since: float | None = None
    wakes: float = 0.0

    def __post_init__(self) -> None:
        self.wakes = self.begins


class Waiter(NamedTuple):
    priority: Priority
    since: float
    tokens: int


@dataclass(frozen=True)
class Grant:
    """``others`` waited when it was granted; ``free_*`` is what it left of the window."""

    at: float
    priority: Priority
    waited_since: float
    others: tuple[Waiter, ...]
    free_requests: int
    free_tokens: float

    def has_room_for(self, some: Sequence[Waiter]) -> bool:
        """Whether they could be granted at once too, so that nobody has been overtaken."""
        return len(some) <= self.free_requests and sum(each.tokens for each in some) <= self.free_tokens


@dataclass
class Queue:
    """Runners that ask when they want something and come back when they are told to."""

    limits: Limits
    runners: list[Runner]
    clock: VirtualClock = field(default_factory=VirtualClock)
    grants: list[Grant] = field(default_factory=list)

    def run(self) -> None:
        ledger = MemoryLedger(self.limits, clock=self.clock)
        number = 0
        while (runner := min(self.runners, key=lambda each: each.wakes)).wakes < END:
            self.clock.advance(max(0.0, runner.wakes - self.clock.monotonic()))
            now, number = self.clock.monotonic(), number + 1
            ask = GrantRequest(str(number), runner.name, runner.tokens, 0.0, priority=runner.priority)
            since = now if runner.waits_since is None else runner.waits_since
            match ledger.ask(ask):
                case Granted():
                    runner.waits_since, runner.wakes = None, now + runner.pause
                    self.note_grant(now, runner, since, ledger.status())
                case Waiting(seconds=seconds):
                    assert seconds > 0
                    runner.waits_since, runner.wakes = since, now + seconds
                case decision:
                    raise AssertionError(decision)

    def note_grant(self, now: float, runner: Runner, since: float, status: QuotaStatus) -> None:
        others = [
            Waiter(each.priority, each.waits_since, each.tokens)
            for each in self.runners
            if each.waits_since is not None
        ]
        free_tokens = (self.limits.max_tokens or math.inf) - status.window_tokens
        free_requests = self.limits.max_requests - status.window_requests
        self.grants.append(Grant(now, runner.priority, since, tuple(others), free_requests, free_tokens))


def runners(most_tokens: int) -> st.SearchStrategy[list[Runner]]:
    one = st.tuples(
        st.sampled_from(Priority), st.floats(0, 3 * WINDOW), st.floats(0.05, 2 * WINDOW), st.integers(1, most_tokens)
    )
    return st.lists(one, min_size=2, max_size=7).map(
        lambda many: [Runner(f"runner-{number}", *each) for number, each in enumerate(many)]
    )


quotas = st.builds(
    Limits, st.integers(1, 5), max_tokens=st.one_of(st.none(), st.integers(100, 300)), window_seconds=st.just(WINDOW)
)


@given(quotas, runners(most_tokens=100))
def test_the_higher_is_never_passed_by_a_lower_one_that_has_not_aged(limits: Limits, many: list[Runner]) -> None:
    queue = Queue(limits, many)

    queue.run()

    for grant in queue.grants:
        aged = grant.at - AGED_AFTER_WINDOWS * PADDED
        mine = place_in_queue(grant.priority, grant.waited_since - AT_ONCE, aged + NOT_YET_AGED)
        before = [
            each for each in grant.others if place_in_queue(each.priority, each.since, aged - NOT_YET_AGED) < mine
        ]
        assert grant.has_room_for(before)


@given(quotas, runners(most_tokens=100))
def test_who_has_waited_for_two_windows_is_passed_by_nobody_who_came_later(limits: Limits, many: list[Runner]) -> None:
    queue = Queue(limits, many)

    queue.run()

    for grant in queue.grants:
        aged = grant.at - AGED_AFTER_WINDOWS * PADDED - NOT_YET_AGED
        assert grant.has_room_for(
            [each for each in grant.others if each.since <= aged and each.since < grant.waited_since - AT_ONCE]
        )


@given(st.integers(1, 5), runners(most_tokens=1))
def test_nobody_waits_for_more_than_three_windows_where_one_window_has_room_for_all(
    spare: int, many: list[Runner]
) -> None:
    """When a waiter has aged, those in front are at most all the others, each with one request: one more window."""
    queue = Queue(Limits(max_requests=len(many) + spare, window_seconds=WINDOW), many)

    queue.run()

    longest = max(grant.at - grant.waited_since for grant in queue.grants)
    assert longest <= (AGED_AFTER_WINDOWS + 1) * PADDED + NOT_YET_AGED
    waiting = [each.waits_since for each in many if each.waits_since is not None]
    assert all(END - since <= (AGED_AFTER_WINDOWS + 1) * PADDED + NOT_YET_AGED for since in waiting)


@given(quotas, runners(most_tokens=100))
def test_no_slot_is_left_unused_while_somebody_waits_for_it(limits: Limits, many: list[Runner]) -> None:
    limits = Limits(limits.max_requests, window_seconds=WINDOW)
    queue = Queue(limits, many)

    queue.run()

    granted = [grant.at for grant in queue.grants]
    for earlier, grant in zip(granted, queue.grants[limits.max_requests :], strict=False):
        free_since = earlier + PADDED
        assert grant.at <= max(free_since, grant.waited_since) + NOT_YET_AGED
