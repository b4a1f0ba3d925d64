"""What a 429 means, and how long is waited after it."""

from __future__ import annotations

from viral_assets.errors import RateLimitedError
from viral_assets.generation.run.failures.refusals import Reaction, Refusals

BARE = RateLimitedError("429")
NAMED = RateLimitedError("429", names_quota=True)
WINDOW = 60.0


def refused(
    refusals: Refusals, error: RateLimitedError = BARE, *, now: float, sent_at: float | None = None, at_once: int = 1
) -> Reaction:
    sent_at = now if sent_at is None else sent_at
    return refusals.refused(error, sent_at=sent_at, at_once=at_once, now=now, window_seconds=WINDOW)


def saying(seconds: float) -> RateLimitedError:
    return RateLimitedError("429", retry_after_seconds=seconds)


def test_a_refusal_is_waited_for_as_long_as_it_says() -> None:
    for says in (0.4, 2.472630291, 36.0, 183.0):
        assert refused(Refusals(), saying(says), now=0.0).wait == says


def test_a_refusal_that_says_nothing_is_waited_for_longer_each_time_up_to_a_window() -> None:
    refusals = Refusals()

    waits = [refused(refusals, now=float(second)).wait for second in range(6)]

    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_refusal_that_says_zero_again_and_again_does_not_make_a_busy_loop() -> None:
    refusals = Refusals()

    waits = [refused(refusals, saying(0.0), now=float(second)).wait for second in range(12)]

    assert waits[0] > 0
    assert waits[-1] == 60.0


def test_a_service_that_refuses_window_after_window_has_no_quota_for_this_key() -> None:
    refusals = Refusals()

    hopeless = [refused(refusals, saying(1.0), now=30.0 * number).hopeless for number in range(9)]

    assert hopeless == [False] * 7 + [True] * 2
    refusals.accepted(sent_at=300.0, at_once=1)
    assert not refused(refusals, saying(1.0), now=301.0).hopeless


def test_a_burst_of_refusals_is_one() -> None:
    refusals = Refusals()
    first = refused(refusals, now=1.0, sent_at=0.0)
    rest = [refused(refusals, now=1.0 + 0.1 * number, sent_at=0.1 * number) for number in range(10)]

    assert (first.wait, first.is_news) == (5.0, True)
    assert {(each.wait, each.is_news, each.in_a_row) for each in rest} == {(0.0, False, 0)}
    assert refused(refusals, now=7.0, sent_at=6.5).wait == 10.0


def test_refusals_are_counted_from_one_answer_to_the_next() -> None:
    refusals = Refusals()
    assert [refused(refusals, now=float(second)).in_a_row for second in range(3)] == [1, 2, 3]

    refusals.accepted(sent_at=10.0, at_once=1)
    assert refused(refusals, now=11.0).in_a_row == 1


def test_refused_tokens_teach_nothing_about_requests() -> None:
    refusals = Refusals()
    tokens = RateLimitedError("429", per_tokens=True, names_quota=True)
    assert [refused(refusals, tokens, now=float(second)).in_a_row for second in range(3)] == [0] * 3


def test_a_refusal_with_others_under_way_may_be_one_too_many_at_once_and_nothing_is_waited_for() -> None:
    assert refused(Refusals(), now=0.0, at_once=9) == Reaction(too_many_at_once=True)


def test_a_refusal_that_names_a_quota_is_about_that_quota() -> None:
    found = refused(Refusals(), NAMED, now=0.0, at_once=9)
    assert (found.too_many_at_once, found.wait) == (False, 5.0)


def test_what_was_accepted_together_is_not_too_much_at_once() -> None:
    refusals = Refusals()
    refusals.accepted(sent_at=0.0, at_once=9)

    found = refused(refusals, now=1.0, at_once=9)

    assert (found.too_many_at_once, found.wait) == (False, 5.0)


def test_what_was_sent_alone_is_not_one_too_many() -> None:
    assert not refused(Refusals(), now=0.5, sent_at=0.0, at_once=1).too_many_at_once


def test_it_counts_what_was_under_way_when_the_request_was_sent_and_not_what_is_when_it_is_refused() -> None:
    refusals = Refusals()
    refusals.accepted(sent_at=0.0, at_once=4)

    assert refused(refusals, now=0.1, sent_at=0.0, at_once=5) == Reaction(too_many_at_once=True)


def test_who_is_refused_again_with_fewer_under_way_has_used_up_a_quota() -> None:
    refusals = Refusals()
    assert refused(refusals, now=0.0, at_once=6).too_many_at_once

    refusals.accepted(sent_at=-1.0, at_once=5)
    found = refused(refusals, now=4.0, at_once=5)

    assert (found.too_many_at_once, found.wait, found.in_a_row) == (False, 10.0, 2)
