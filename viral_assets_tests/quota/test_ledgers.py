"""One specification for every ledger: in memory, on SQLite, on PostgreSQL. Time is the test's."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from viral_assets.errors import QuotaError, TransientProviderError
from viral_assets.quota import open_ledger
from viral_assets.quota.decision import RECHECKS_PER_WINDOW, STATED_FOR_WINDOWS
from viral_assets.quota.ledger import (
    Decision,
    Demand,
    Exhausted,
    Granted,
    GrantRequest,
    LatencySample,
    Ledger,
    Settlement,
    Waiting,
)
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.priority import AGED_AFTER_WINDOWS, Priority
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.quota.conftest import Opener, about
from viral_assets_tests.virtual_clock import NOON, VirtualClock

HOUR = 3600
_numbers = count()


def ask(ledger: Ledger, runner: str = "me", *, remaining: int = 0, name: str = "", **fields: Any) -> Decision:
    known: dict[str, Any] = {"tokens": 0, "cost_usd": 0.0} | fields
    return ledger.ask(GrantRequest(name or f"request-{next(_numbers)}", runner, **known), remaining=remaining)


def answered(tokens: int | None = None, **fields: Any) -> Settlement:
    return Settlement("answered", input_tokens=tokens, **fields)


# ---- requests


def test_as_many_requests_as_the_window_allows_and_then_the_exact_wait(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=3))
    for _ in range(3):
        assert ask(ledger) == Granted()
        ticking.advance(10)

    assert ask(ledger) == Waiting(about(30.5), "requests of the window are used up")

    ticking.advance(30.45)
    assert ask(ledger) == Waiting(about(0.05), "requests of the window are used up")
    ticking.advance(0.06)
    assert ask(ledger) == Granted()
    assert ask(ledger) == Waiting(about(9.99), "requests of the window are used up")


def test_one_quota_however_many_processes_opened_it(opened: Opener) -> None:
    first, second = opened(Limits(max_requests=2)), opened(Limits(max_requests=2))

    assert ask(first, "a") == Granted()
    assert ask(second, "b") == Granted()
    assert isinstance(ask(first, "a"), Waiting)
    assert isinstance(ask(second, "b"), Waiting)


def test_what_is_sent_late_counts_from_then_on(opened: Opener, ticking: VirtualClock) -> None:
    first, second = opened(Limits(max_requests=2)), opened(Limits(max_requests=2))
    assert [ask(first, "a", name="late"), ask(second, "b")] == [Granted(), Granted()]
    ticking.advance(30)

    assert first.redate("late") == about(ticking.monotonic())

    ticking.advance(31)
    assert ask(second, "b") == Granted(), "the other one has left"
    assert ask(second, "b") == Waiting(about(29.5), "requests of the window are used up")
    second.withdraw("b")
    assert ask(first, "a") == Waiting(about(29.5), "requests of the window are used up")
    first.settle("late", answered())
    assert first.status().day_requests == 3


def test_what_does_not_count_any_more_is_not_sent(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=2))
    ask(ledger, name="settled")
    ledger.settle("settled", answered())
    ask(ledger, name="stood still")
    ticking.advance(60.6)

    assert ledger.redate("settled") is None
    assert ledger.redate("stood still") is None, "its place may be somebody else's"
    assert ledger.redate("never granted") is None


def test_what_is_sent_late_together_is_told_apart(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=3))
    for name in ("settled", "late", "later"):
        ask(ledger, name=name)
    ledger.settle("settled", answered())
    ticking.advance(30)

    now = about(ticking.monotonic())
    assert ledger.redate_all(["late", "settled", "later"]) == [now, None, now]

    ticking.advance(31)
    assert [ask(ledger), ask(ledger)] == [Granted(), Waiting(about(29.5), "requests of the window are used up")]


def test_what_is_sent_late_and_tomorrow_is_a_request_of_tomorrow(opened: Opener, ticking: VirtualClock) -> None:
    ticking.advance(pacific_day(ticking.time()).end - ticking.time() - 1)
    ledger = opened(Limits(max_requests=2, requests_per_day=1))
    assert ask(ledger, name="late") == Granted()
    ticking.advance(2)

    assert ledger.redate("late") is None
    ledger.settle("late", Settlement("unsent"))
    assert ask(ledger) == Granted()


def test_two_keys_are_two_quotas(database: Database, ticking: VirtualClock) -> None:
    one, other = (SqlLedger(database, key, Limits(max_requests=1), clock=ticking) for key in ("one", "other"))

    assert [ask(one), ask(other, "you")] == [Granted(), Granted()]
    assert isinstance(ask(one), Waiting)


def test_a_killed_process_leaves_a_grant_that_counts_until_its_window_has_passed(
    opened: Opener, ticking: VirtualClock
) -> None:
    opened(Limits(max_requests=1)).ask(GrantRequest("lost", "killed", 10, 0.5))

    ticking.advance(60.6)
    ledger = opened(Limits(max_requests=1))
    assert ask(ledger) == Granted()
    assert ledger.status().day_cost_usd == 0.5, "it may have been paid for"


def test_a_clock_that_is_set_back_holds_nobody_up_for_longer_than_a_window(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(Limits(max_requests=1))
    assert ask(ledger) == Granted()

    ticking.set_back(10 * HOUR)

    assert ask(ledger) == Waiting(about(60.5), "requests of the window are used up")
    ticking.advance(60.6)
    assert ask(ledger) == Granted()


# ---- tokens


def test_tokens_of_the_window_are_a_limit_of_their_own(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=100, max_tokens=1000))
    assert ask(ledger, tokens=700) == Granted()

    decision = ask(ledger, tokens=301)

    assert decision == Waiting(60 / RECHECKS_PER_WINDOW, "tokens of the window are used up")
    assert ask(ledger, tokens=300) == Granted()


def test_an_over_estimate_is_given_back(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000))
    ask(ledger, tokens=900, name="first")
    assert isinstance(ask(ledger, tokens=500), Waiting)

    ledger.settle("first", answered(400, output_tokens=5000, thought_tokens=100))

    assert ledger.status().window_tokens == 400, "the limit is on input"
    assert ask(ledger, tokens=600) == Granted()


def test_answers_count_too_where_the_limit_is_on_all_tokens(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000, counts_output=True))
    ask(ledger, tokens=100, name="first")

    ledger.settle("first", answered(100, output_tokens=200, thought_tokens=50))

    assert ledger.status().window_tokens == 350


def test_an_under_estimate_counts_with_what_it_was(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000))
    ask(ledger, tokens=100, name="first")

    ledger.settle("first", answered(950))

    assert isinstance(ask(ledger, tokens=100), Waiting)


def test_a_refused_request_costs_no_tokens_and_no_money_but_was_a_request(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000, daily_budget_usd=1))
    ask(ledger, tokens=900, cost_usd=0.9, name="first")

    ledger.settle("first", Settlement("refused", error="429"))

    status = ledger.status()
    assert (status.window_requests, status.window_tokens, status.day_requests) == (1, 0, 1)
    assert (status.day_tokens, status.day_cost_usd) == (0, about(0))


def test_a_failed_request_keeps_its_estimate_because_it_may_have_been_paid(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000, daily_budget_usd=1))
    ask(ledger, tokens=900, cost_usd=0.9, name="first")

    ledger.settle("first", Settlement("failed", error="timeout"))

    assert ledger.status().window_tokens == 900
    assert ledger.status().day_cost_usd == about(0.9)


def test_a_request_larger_than_the_quota_is_an_error_and_not_a_wait(opened: Opener) -> None:
    ledger = opened(Limits(max_tokens=1000))

    with pytest.raises(QuotaError, match="one request needs 1001 tokens"):
        ask(ledger, tokens=1001)


# ---- day and budget


def test_the_days_requests_end_at_midnight_us_pacific(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=1, requests_per_day=2, window_seconds=1))
    for _ in range(2):
        assert ask(ledger) == Granted()
        ticking.advance(2)

    left = pacific_day(NOON).end - ticking.time()
    assert ask(ledger) == Exhausted(about(left), "the day's 2 requests are used up")
    ticking.advance(left - 1)
    assert isinstance(ask(ledger), Exhausted)
    ticking.advance(1)
    assert ask(ledger) == Granted()


def test_the_budget_counts_what_is_in_flight(opened: Opener) -> None:
    ledger = opened(Limits(daily_budget_usd=1.0))
    assert ask(ledger, cost_usd=0.4, name="first") == Granted()
    assert ask(ledger, cost_usd=0.4) == Granted()

    assert isinstance(ask(ledger, cost_usd=0.4), Exhausted)
    ledger.settle("first", answered(10, cost_usd=0.1))
    assert ask(ledger, cost_usd=0.4) == Granted()
    assert isinstance(ask(ledger, cost_usd=0.2), Exhausted)


def test_the_next_day_has_a_budget_of_its_own_and_late_bills_go_to_the_old_one(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(Limits(daily_budget_usd=1.0))
    ticking.advance(pacific_day(NOON).end - 5 - NOON)
    ask(ledger, cost_usd=0.9, tokens=7, name="late")

    ticking.advance(10)
    ledger.settle("late", answered(100, cost_usd=0.8))

    assert ledger.status().day_cost_usd == 0
    assert ask(ledger, cost_usd=0.9) == Granted()
    assert ledger.status().day_cost_usd == about(0.9)


def test_a_budget_needs_a_price_and_room_for_one_request(opened: Opener) -> None:
    ledger = opened(Limits(daily_budget_usd=0.001))

    with pytest.raises(QuotaError, match="known price"):
        ask(ledger, cost_usd=None)
    with pytest.raises(QuotaError, match="more than the daily budget"):
        ask(ledger, cost_usd=0.0011)


# ---- refusals


def test_a_block_holds_for_everyone(opened: Opener, ticking: VirtualClock) -> None:
    first, second = opened(Limits()), opened(Limits())

    first.block(36.5, "the service refused")

    assert ask(second, "other") == Waiting(about(36.5), "the service refused")
    assert second.status().blocked_until == about(NOON + 36.5)
    ticking.advance(36.6)
    assert ask(second, "other") == Granted()
    assert second.status().blocked_until is None


def test_a_block_is_lengthened_and_never_shortened(opened: Opener) -> None:
    ledger = opened(Limits())
    ledger.block(20, "first")

    ledger.block(5, "shorter")
    assert ask(ledger) == Waiting(about(20), "first")
    ledger.block(30, "longer")
    assert ask(ledger) == Waiting(about(30), "longer")


def test_a_day_that_the_service_calls_over_is_over_for_everyone_until_midnight(
    opened: Opener, ticking: VirtualClock
) -> None:
    first, second = opened(Limits()), opened(Limits())

    seconds = first.block_today("used up")
    first.block(10, "a late answer")

    assert seconds == about(12 * HOUR)
    assert ask(second, "other") == Exhausted(about(12 * HOUR), "used up")
    ticking.advance(12 * HOUR + 0.01)
    assert ask(second, "other") == Granted()


def test_a_block_of_a_minute_near_midnight_is_a_wait(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits())
    ticking.advance(pacific_day(NOON).end - 10 - NOON)

    ledger.block(36, "refused")

    assert ask(ledger) == Waiting(about(36), "refused")


def test_what_the_service_accepted_is_taken_for_its_limit_for_a_window(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=15))
    for number in range(8):
        ask(ledger, name=f"r{number}")
    for number in range(8):
        ledger.settle(f"r{number}", answered() if number < 5 else Settlement("refused"))

    ledger.block(0.5, "refused", in_a_row=2)

    assert ledger.status().learned_requests == 5
    ticking.advance(59)
    assert ledger.state().max_requests == 5
    ticking.advance(2)
    assert ledger.status().learned_requests is None
    assert [type(ask(ledger)) for _ in range(16)] == [Granted] * 15 + [Waiting]


def test_what_proves_true_again_is_believed_for_longer_each_time(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=15))
    believed: list[float] = []
    for number in range(7):
        ask(ledger, name=f"r{number}")
        ledger.settle(f"r{number}", answered())
        ledger.block(0, "refused", in_a_row=1 if believed else 2)
        began = ticking.time()
        while ledger.status().learned_requests is not None:
            ticking.advance(15)
        believed.append((ticking.time() - began) / 60)
    assert believed == [1, 2, 4, 8, 15, 15, 15]

    ticking.advance(STATED_FOR_WINDOWS * 60)
    ask(ledger, name="much later")
    ledger.settle("much later", answered())
    ledger.block(0, "refused", in_a_row=1)
    assert ledger.status().learned_requests is None, "that was long ago"
    ledger.block(0, "refused", in_a_row=2)
    ticking.advance(61)
    assert ledger.status().learned_requests is None


def test_a_limit_that_the_service_states_is_believed_for_long(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=15))

    ledger.block(0, "refused", limit=5)

    ticking.advance((STATED_FOR_WINDOWS - 1) * 60)
    assert [type(ask(ledger)) for _ in range(6)] == [Granted] * 5 + [Waiting]
    ticking.advance(61)
    assert ledger.status().learned_requests is None


@pytest.mark.parametrize("limit", [15, 60])
def test_a_limit_that_is_no_lower_than_ours_teaches_nothing(opened: Opener, limit: int) -> None:
    ledger = opened(Limits(max_requests=15))
    ledger.block(0, "refused", limit=limit)
    assert ledger.status().learned_requests is None


def test_where_nothing_was_accepted_somebody_else_has_used_it_all(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=15))
    ask(ledger, name="r")
    ledger.settle("r", Settlement("refused"))
    ledger.block(0, "refused", in_a_row=2)
    assert ledger.status().learned_requests is None


def test_what_was_never_sent_is_given_back(opened: Opener, ticking: VirtualClock) -> None:
    limits = Limits(max_requests=3, max_tokens=3_000, requests_per_day=3, daily_budget_usd=3.0)
    ledger = opened(limits)
    for number in range(3):
        assert ask(ledger, name=f"r{number}", tokens=1_000, cost_usd=1.0) == Granted()
        ticking.advance(0.1)
    ledger.settle("r1", Settlement.without_answer(TransientProviderError("no connection", reached=False)))

    status = ledger.status()
    assert (status.window_requests, status.window_tokens, status.day_requests) == (2, 2_000, 2)
    assert status.day_cost_usd == pytest.approx(2.0)
    assert ledger.state().free == 1
    assert ask(ledger, name="again", tokens=1_000, cost_usd=1.0) == Granted()
    assert isinstance(ask(ledger, name="one more", tokens=1, cost_usd=0.0), Exhausted)


def test_a_burst_of_refusals_ends_with_the_right_limit(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=15))
    for number in range(15):
        ask(ledger, name=f"r{number}")

    for number in range(5, 15):
        ledger.settle(f"r{number}", Settlement("refused"))
        ledger.block(1, "refused", in_a_row=2)

    assert ledger.status().learned_requests == 5


def test_a_single_refusal_at_the_edge_of_a_window_teaches_nothing(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=15))
    for number in range(15):
        ask(ledger, name=f"r{number}")

    ledger.settle("r14", Settlement("refused"))
    ledger.block(1, "refused", in_a_row=2)

    assert ledger.status().learned_requests is None


def test_a_refusal_for_tokens_teaches_nothing_about_requests(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=15))

    ledger.block(1, "refused")

    assert ledger.status().learned_requests is None


# ---- fair order


def test_first_come_first_served(opened: Opener, ticking: VirtualClock) -> None:
    limits = Limits(max_requests=2, window_seconds=10)
    first, second = opened(limits), opened(limits)
    ask(first, "a")
    ticking.advance(5)
    ask(first, "a")

    ticking.advance(1)
    assert ask(first, "a") == Waiting(about(4.4), "requests of the window are used up")
    ticking.advance(1)
    assert ask(second, "b") == Waiting(about(8.4), "requests of the window are used up"), "the second slot"

    ticking.advance(3.6)
    assert isinstance(ask(second, "b"), Waiting), "the slot is a's"
    assert ask(first, "a") == Granted()
    ticking.advance(5)
    assert ask(second, "b") == Granted()


def test_who_was_served_queues_again_at_the_end(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=1, window_seconds=5))
    ask(ledger, "a")
    served = []
    for runner in "bca":
        ticking.advance(1)
        ask(ledger, runner)

    for _ in range(3):
        ticking.advance(5.6)
        for runner in "abc":
            ledger.join(runner, 1)
            if ask(ledger, runner) == Granted():
                served.append(runner)
                ticking.advance(0.1)

    assert served == ["b", "c", "a"]


def test_a_small_request_does_not_overtake_a_large_one(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_tokens=1000))
    ask(ledger, "a", tokens=500)
    ticking.advance(1)
    assert isinstance(ask(ledger, "large", tokens=900), Waiting)
    ticking.advance(1)

    assert isinstance(ask(ledger, "small", tokens=400), Waiting)


def test_who_withdraws_or_leaves_holds_up_nobody(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=1, window_seconds=10))
    ask(ledger, "a")
    for runner in ("withdrawn", "gone", "waiter"):
        ticking.advance(1)
        ask(ledger, runner)
    assert ask(ledger, "waiter") == Waiting(about(10.4), "requests of the window are used up")

    ledger.withdraw("withdrawn")
    ledger.leave("gone")

    assert ask(ledger, "waiter") == Waiting(about(7.4), "requests of the window are used up")
    ticking.advance(7.6)
    assert ask(ledger, "waiter") == Granted()


def test_withdrawing_and_leaving_are_harmless_for_strangers(opened: Opener) -> None:
    ledger = opened(Limits())

    ledger.withdraw("nobody")
    ledger.leave("nobody")

    assert ledger.status().runners == 0


# ---- the urgent first

WINDOW = 10.4
"""As long as a grant counts where the window is 10 seconds."""


def full(opened: Opener, ticking: VirtualClock) -> Ledger:
    """One request in 10 seconds is allowed, and has just been granted."""
    ledger = opened(Limits(max_requests=1, window_seconds=10))
    assert ask(ledger, "first") == Granted()
    ticking.advance(0.1)
    return ledger


def test_a_person_gets_the_next_slot_whoever_waits_already(opened: Opener, ticking: VirtualClock) -> None:
    ledger = full(opened, ticking)
    for runner, priority in (("backfill", Priority.BACKGROUND), ("hour", Priority.NEWEST_HOUR)):
        assert isinstance(ask(ledger, runner, priority=priority), Waiting)
        ticking.advance(1)

    wait = ask(ledger, "person", priority=Priority.PERSON)

    assert wait == Waiting(about(WINDOW - 2.1), "requests of the window are used up"), "the first slot"
    ticking.advance(WINDOW - 2.1 + 1e-6)
    assert isinstance(ask(ledger, "backfill", priority=Priority.BACKGROUND), Waiting)
    assert isinstance(ask(ledger, "hour", priority=Priority.NEWEST_HOUR), Waiting)
    assert ask(ledger, "person", priority=Priority.PERSON) == Granted()


def test_who_comes_after_a_person_waits_for_the_slot_after_that(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=2, window_seconds=10))
    ask(ledger, "first")
    ticking.advance(3)
    ask(ledger, "first")
    ticking.advance(1)
    ask(ledger, "person", priority=Priority.PERSON)

    wait = ask(ledger, "backfill", priority=Priority.BACKGROUND)

    assert wait == Waiting(about(WINDOW - 1), "requests of the window are used up")


def test_among_equals_first_come_first_served(opened: Opener, ticking: VirtualClock) -> None:
    ledger = full(opened, ticking)
    for runner in ("one", "other"):
        ask(ledger, runner, priority=Priority.PERSON)
        ticking.advance(0.1)

    ticking.advance(WINDOW)

    assert isinstance(ask(ledger, "other", priority=Priority.PERSON), Waiting)
    assert ask(ledger, "one", priority=Priority.PERSON) == Granted()


def test_a_person_needs_no_more_tokens_than_are_free_next(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_tokens=1000, window_seconds=10))
    ask(ledger, "first", tokens=900)
    ticking.advance(1)
    assert isinstance(ask(ledger, "backfill", tokens=900, priority=Priority.BACKGROUND), Waiting)

    assert ask(ledger, "person", tokens=100, priority=Priority.PERSON) == Granted()


def test_who_has_waited_for_two_windows_is_first(opened: Opener, ticking: VirtualClock) -> None:
    ledger = full(opened, ticking)
    ask(ledger, "backfill", priority=Priority.BACKGROUND)
    asked_at, passed_over = ticking.time(), 0
    while isinstance(decision := ask(ledger, "backfill", priority=Priority.BACKGROUND), Waiting):
        if ask(ledger, "person", priority=Priority.PERSON) == Granted():
            passed_over += 1
            ask(ledger, "person", priority=Priority.PERSON)
        ticking.advance(min(decision.seconds, 1.0))
        ledger.join("backfill", 1, Priority.BACKGROUND)
        ledger.join("person", 1, Priority.PERSON)

    assert 0 < passed_over <= AGED_AFTER_WINDOWS
    assert ticking.time() - asked_at <= (AGED_AFTER_WINDOWS + 1) * WINDOW


def test_a_waiter_comes_back_at_the_moment_from_which_on_others_wait_for_it(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(Limits(max_requests=1, window_seconds=10))
    ask(ledger, "first")
    ask(ledger, "backfill", priority=Priority.BACKGROUND)
    ticking.advance(2 * WINDOW - 1)
    for _ in range(2):
        ask(ledger, "person", priority=Priority.PERSON)

    assert ask(ledger, "backfill", priority=Priority.BACKGROUND) == Waiting(
        about(1), "requests of the window are used up"
    )


def test_a_longer_wait_makes_nobody_wait_for_who_is_not_there(opened: Opener, ticking: VirtualClock) -> None:
    ledger = full(opened, ticking)
    ask(ledger, "backfill", priority=Priority.BACKGROUND)
    ledger.leave("backfill")

    ticking.advance(3 * WINDOW)

    assert ask(ledger, "hour") == Granted()


def test_people_see_who_waits(opened: Opener, ticking: VirtualClock) -> None:
    ledger = full(opened, ticking)
    assert ledger.status().waiting == ()
    for runner, priority in (("a", Priority.BACKGROUND), ("b", Priority.PERSON), ("c", Priority.BACKGROUND)):
        ask(ledger, runner, priority=priority)

    assert ledger.status().waiting == ((Priority.PERSON, 1), (Priority.BACKGROUND, 2))


def test_the_demand_of_others_says_how_urgent_it_is(opened: Opener) -> None:
    ledger = opened(Limits())
    ledger.join("backfill", 200, Priority.BACKGROUND)
    ledger.join("person", 1, Priority.PERSON)

    assert set(ledger.state().demand) == {
        Demand("backfill", 200, Priority.BACKGROUND),
        Demand("person", 1, Priority.PERSON),
    }


# ---- what planners and people want to know


def test_the_state_tells_a_planner_what_is_free_and_who_wants_it(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=4, max_tokens=1000))
    ledger.join("early", 50)
    ticking.advance(1)
    ledger.join("late", 7)
    ledger.join("done", 0)
    ask(ledger, "early", tokens=100, remaining=40)
    ticking.advance(10)
    ask(ledger, "late", tokens=200, remaining=5)
    ledger.block(3, "refused")

    state = ledger.state()

    assert (state.max_requests, state.free, state.window_seconds) == (4, 2, 60.5)
    assert state.returning == about((50.5, 60.5))
    assert state.blocked_for == about(3)
    assert (state.max_tokens, state.tokens_used) == (1000, 300)
    assert state.token_releases == (about((50.5, 100)), about((60.5, 200)))
    assert state.demand == (Demand("early", 40), Demand("late", 5))


def test_joining_again_says_how_much_is_left_and_leaving_that_nothing_is(opened: Opener) -> None:
    ledger = opened(Limits())
    ledger.join("me", 50)
    ledger.join("me", 20)
    assert ledger.state().demand == (Demand("me", 20),)

    ledger.leave("me")

    assert ledger.state().demand == ()


def test_the_state_shows_a_learnt_limit(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=15))
    for number in range(4):
        ask(ledger, name=f"r{number}")
    ledger.settle("r3", Settlement("refused"))
    ledger.block(0, "refused", in_a_row=2)

    state = ledger.state()

    assert (state.max_requests, state.free, len(state.returning)) == (3, 0, 3)


def test_the_status_is_for_people(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits(max_requests=5, requests_per_day=100, daily_budget_usd=1))
    ledger.join("me", 3)
    ask(ledger, tokens=100, cost_usd=0.01, name="old")
    ledger.settle("old", answered(80, output_tokens=20, cost_usd=0.02))
    ticking.advance(61)
    ask(ledger, tokens=50, cost_usd=0.01)

    status = ledger.status()

    assert (status.window_requests, status.window_tokens, status.in_flight, status.runners) == (1, 50, 1, 1)
    assert (status.day, status.day_ends - NOON) == ("2026-11-21", 12 * HOUR)
    assert (status.day_requests, status.day_tokens, status.day_cost_usd) == (2, 130, about(0.03))
    assert (status.now, status.limits.max_requests) == (ticking.time(), 5)
    assert (status.blocked_until, status.block_reason, status.learned_requests) == (None, "", None)


def test_latencies_are_those_of_answered_requests_about_tweets(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(Limits())
    ask(ledger, tweet_ids=("1", "2", "3"), name="good")
    ask(ledger, tweet_ids=("4",), name="bad")
    ask(ledger, name="about nothing")
    ticking.advance(2.5)
    ledger.settle("good", answered())
    ledger.settle("about nothing", answered())
    ledger.settle("bad", Settlement("failed"))

    found = ledger.latencies()

    assert found == [LatencySample(3, 2.5)]
    assert found[0].seconds == about(2.5)


def test_failures_are_counted_among_the_newest_requests_that_were_not_refused(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(Limits())
    for name, settlement in {
        "oldest": Settlement("failed"),
        "good": answered(),
        "bad": Settlement("failed"),
        "refused": Settlement("refused"),
        "unsent": Settlement("unsent"),
        "newest": answered(),
    }.items():
        ask(ledger, tweet_ids=(name,), name=name)
        ledger.settle(name, settlement)
        ticking.advance(1)
    ask(ledger, tweet_ids=("under way",), name="under way")

    assert ledger.failures() == (2, 4)
    assert ledger.failures(3) == (1, 3)


def test_an_answer_that_left_tweets_to_ask_about_again_counts_as_a_failure(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(Limits())
    for name, settlement in {"cut": answered(), "good": answered(), "bad": Settlement("failed")}.items():
        ask(ledger, tweet_ids=(name,), name=name)
        ledger.settle(name, settlement)
        ticking.advance(1)

    ledger.left_work(["cut", "bad"])

    assert ledger.failures() == (2, 3), "what had no answer counts once"


def test_an_embedding_request_takes_its_part_of_the_quota(opened: Opener) -> None:
    ledger = opened(Limits(max_requests=1))

    assert ask(ledger, purpose="embed", tweet_ids=("1",)) == Granted()
    assert isinstance(ask(ledger), Waiting)


def test_an_unknown_price_costs_an_unknown_amount_and_not_an_error(opened: Opener) -> None:
    ledger = opened(Limits())
    ask(ledger, cost_usd=None, name="first")

    ledger.settle("first", answered(10, cost_usd=None))

    assert ledger.status().day_cost_usd == 0


def test_a_script_without_a_database_has_a_ledger_of_its_own(database: Database) -> None:
    assert isinstance(open_ledger(None, Limits(), "key"), MemoryLedger)
    assert isinstance(open_ledger(database, Limits(), "key"), SqlLedger)
