"""The decision itself, and the law that whatever happens no window is ever overdrawn and everybody gets a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import QuotaError
from viral_assets.quota.decision import (
    NOT_WORTH_WAITING_SECONDS,
    RECHECKS_PER_WINDOW,
    QuotaUsage,
    check_possible,
    decide,
    learned_limit,
    planner_state,
)
from viral_assets.quota.ledger import Decision, Demand, Exhausted, Granted, GrantRequest, Settlement, Waiting
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.memory import MemoryLedger
from viral_assets_tests.quota.conftest import about
from viral_assets_tests.virtual_clock import NOON, VirtualClock

MINUTE = Limits(max_requests=15)
DAY = pacific_day(NOON)


def decided(limits: Limits, grants: Sequence[tuple[float, int]] = (), tokens: int = 0, **usage: Any) -> Decision:
    """With ``grants`` as (seconds ago, tokens)."""
    at = sorted((NOON - ago, counted) for ago, counted in grants)
    known = QuotaUsage(NOON, DAY, window_requests=len(at), window_tokens=sum(counted for _, counted in at))
    return decide(limits, replace(known, **usage), tokens, 0.0, lambda: at)


def test_a_request_is_granted_while_the_window_has_room() -> None:
    assert decided(MINUTE, [(1, 0)] * 14) == Granted()


def test_a_full_window_is_waited_for_until_its_oldest_request_leaves_it() -> None:
    decision = decided(MINUTE, [(ago, 0) for ago in range(10, 25)])

    assert decision == Waiting(about(60.5 - 24), "requests of the window are used up")


def test_those_in_front_are_served_first() -> None:
    grants = [(50, 0), (40, 0), (30, 0)]

    assert decided(Limits(max_requests=3), grants, ahead_requests=1) == Waiting(
        about(20.5), "requests of the window are used up"
    )
    assert decided(Limits(max_requests=4), grants, ahead_requests=1) == Waiting(
        about(10.5), "requests of the window are used up"
    )


def test_with_a_lowered_limit_the_first_to_leave_free_nothing() -> None:
    grants = [(ago, 0) for ago in (50, 40, 30, 20)]

    decision = decided(Limits(max_requests=15), grants, learned_requests=2, learned_until=NOON + 60)

    assert decision == Waiting(about(30.5), "requests of the window are used up")


def test_tokens_are_looked_at_again_soon_because_they_may_be_given_back() -> None:
    limits = Limits(max_requests=15, max_tokens=1000)

    assert decided(limits, [(10, 800)], tokens=300) == Waiting(
        60 / RECHECKS_PER_WINDOW, "tokens of the window are used up"
    )
    assert decided(limits, [(59, 800)], tokens=300) == Waiting(about(1.5), "tokens of the window are used up")
    assert decided(limits, [(10, 800)], tokens=200) == Granted()


def test_with_both_used_up_the_requests_are_waited_for_first() -> None:
    limits = Limits(max_requests=2, max_tokens=1000)

    decision = decided(limits, [(50, 100), (10, 800)], tokens=500)

    assert decision == Waiting(about(10.5), "requests of the window are used up")


def test_a_block_is_waited_for_and_one_that_outlasts_the_day_or_any_patience_is_not() -> None:
    blocked: dict[str, Any] = {"block_reason": "refused"}

    assert decided(MINUTE, blocked_until=NOON + 36.5, **blocked) == Waiting(36.5, "refused")
    assert decided(MINUTE, blocked_until=DAY.end, **blocked) == Exhausted(DAY.end - NOON, "refused")
    too_long = NOT_WORTH_WAITING_SECONDS + 1
    assert decided(MINUTE, blocked_until=NOON + too_long, **blocked) == Exhausted(too_long, "refused")


def test_a_minutes_block_at_the_end_of_the_day_is_only_a_minute() -> None:
    late = DAY.end - 10
    usage = QuotaUsage(late, DAY, 0, 0, blocked_until=late + 36, block_reason="refused")

    assert decide(MINUTE, usage, 0, 0.0, list) == Waiting(36, "refused")


def test_the_days_requests_and_budget_are_over_at_midnight() -> None:
    by_requests = decided(Limits(requests_per_day=3), day_requests=3)
    by_budget = decided(Limits(daily_budget_usd=1), day_cost_usd=1.1)

    for decision in (by_requests, by_budget):
        assert isinstance(decision, Exhausted)
        assert decision.seconds == DAY.end - NOON
    assert decided(Limits(requests_per_day=3), day_requests=2) == Granted()


@pytest.mark.parametrize(
    ("limits", "tokens", "cost", "says"),
    [
        (Limits(max_tokens=100), 101, 0.0, "one request needs 101 tokens"),
        (Limits(daily_budget_usd=0.001), 1, 0.002, "more than the daily budget of 0.001 USD"),
        (Limits(daily_budget_usd=1), 1, None, "a daily budget needs a known price"),
    ],
)
def test_what_no_waiting_makes_possible_is_refused_at_once(
    limits: Limits, tokens: int, cost: float | None, says: str
) -> None:
    with pytest.raises(QuotaError, match=says):
        check_possible(limits, tokens, cost)


def test_an_unknown_price_is_no_matter_without_a_budget() -> None:
    check_possible(MINUTE, 10**9, None)


@pytest.mark.parametrize(("accepted", "learned"), [(0, None), (1, 1), (11, 11), (12, None), (15, None)])
def test_a_limit_is_learnt_only_from_a_service_that_accepted_much_less(accepted: int, learned: int | None) -> None:
    found = learned_limit(MINUTE, NOON, stated=None, in_a_row=2, accepted=accepted, before=None)
    assert (found and found.requests) == learned


def test_a_planner_sees_what_is_free_and_when_the_rest_comes_back() -> None:
    usage = QuotaUsage(NOON, DAY, window_requests=3, window_tokens=600, blocked_until=NOON + 12)
    limits = Limits(max_requests=5, max_tokens=1000)

    state = planner_state(limits, usage, [(NOON - 50, 100), (NOON - 30, 200), (NOON - 1, 300)], [Demand("me", 7)])

    assert (state.max_requests, state.free, state.blocked_for) == (5, 2, 12)
    assert state.returning == about((12, 30.5, 59.5))
    assert list(state.token_releases) == [(12, 100), (30.5, 200), (59.5, 300)]
    assert list(state.demand) == [Demand("me", 7)]


# ---- the law

WINDOW = 10.0


@dataclass(frozen=True)
class Request:
    tokens: int


@dataclass(frozen=True)
class Answer:
    """Of the oldest request under way; ``share`` of the estimate was used."""

    share: float


@dataclass(frozen=True)
class Refusal:
    retry_after: float


@dataclass(frozen=True)
class Time:
    passes: float


@dataclass(frozen=True)
class ClockSet:
    back_by: float


Event = Request | Answer | Refusal | Time | ClockSet
events = st.lists(
    st.one_of(
        st.builds(Request, st.integers(0, 100)),
        st.builds(Request, st.integers(0, 100)),
        st.builds(Answer, st.floats(0, 1)),
        st.builds(Refusal, st.floats(0, 25)),
        st.builds(Time, st.floats(0, 15)),
        st.builds(ClockSet, st.floats(-4_000, 4_000)),
    ),
    max_size=60,
)


@dataclass
class World:
    """A ledger on a clock that people set, and what really happened when."""

    limits: Limits
    time: float = 0.0
    clock: VirtualClock = field(default_factory=VirtualClock)
    sent: list[tuple[float, float]] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)
    blocked_until: float = 0.0

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.limits, clock=self.clock)

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.clock.advance(seconds)

    def send(self, tokens: int) -> None:
        """Ask, wait as told, and ask again until it is granted."""
        patience = max(self.blocked_until - self.time, 0) + 1.05 * self.limits.padded_window_seconds + 0.01
        number, asked = len(self.sent), self.time
        while not isinstance(decision := self.ledger.ask(GrantRequest(str(number), "me", tokens, 0.0)), Granted):
            assert isinstance(decision, Waiting), decision
            assert decision.seconds > 0
            self.pass_time(decision.seconds)
            assert self.time - asked <= patience, "a turn comes within a window"
        assert self.time >= self.blocked_until - 1e-6
        self.sent.append((self.time, tokens))
        self.under_way.append(number)

    def settle(self, settlement: Settlement, tokens: float | None) -> None:
        if self.under_way:
            number = self.under_way.pop(0)
            self.ledger.settle(str(number), settlement)
            if tokens is not None:
                self.sent[number] = (self.sent[number][0], tokens)

    def happen(self, event: Event) -> None:
        match event:
            case Request(tokens):
                self.send(min(tokens, self.limits.max_tokens or tokens))
            case Answer(share) if self.under_way:
                used = int(self.sent[self.under_way[0]][1] * share)
                self.settle(Settlement("answered", input_tokens=used), used)
            case Refusal(retry_after):
                self.settle(Settlement("refused"), 0)
                self.ledger.block(retry_after, "429")
                self.blocked_until = max(self.blocked_until, self.time + retry_after)
            case Time(passes):
                self.pass_time(passes)
            case ClockSet(back_by):
                self.clock.set_back(back_by)


@given(st.integers(1, 6), st.one_of(st.none(), st.integers(60, 300)), events)
def test_no_window_is_ever_overdrawn_and_every_request_gets_its_turn(
    max_requests: int, max_tokens: int | None, happening: list[Event]
) -> None:
    world = World(Limits(max_requests=max_requests, max_tokens=max_tokens, window_seconds=WINDOW))

    for event in happening:
        world.happen(event)

    for index, (begin, _) in enumerate(world.sent):
        in_window = [tokens for at, tokens in world.sent[index:] if at < begin + WINDOW]
        assert len(in_window) <= max_requests
        assert max_tokens is None or sum(in_window) <= max_tokens
