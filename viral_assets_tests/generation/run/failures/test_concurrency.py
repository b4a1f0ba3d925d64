"""How many requests are under way at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.failures.concurrency import ConcurrencyControl


def test_single_failures_happen_to_every_service() -> None:
    control = ConcurrencyControl(8)
    for _ in range(20):
        for trouble in (True, False, False, False):
            control.record(trouble=trouble)

    assert control.limit == 8


def test_a_service_in_trouble_is_asked_less_and_less_and_recovers_step_by_step() -> None:
    control = ConcurrencyControl(8)
    limits = []
    for _ in range(50):
        control.record(trouble=True)
        limits.append(control.limit)
    assert limits[8:11] == [8, 4, 4]
    assert limits[-1] == 1, "but never not at all"

    recovery = []
    for _ in range(40):
        control.record(trouble=False)
        recovery.append(control.limit)

    assert recovery == sorted(recovery)
    assert recovery[0] < 3, "step by step"
    assert recovery[-1] == 8


def test_what_is_too_much_at_once_is_asked_for_no_more_and_tried_again_soon_after_the_first_time_only() -> None:
    control = ConcurrencyControl(64)
    answers = []
    for _ in range(3):
        control.refused(8, is_news=True)
        assert control.limit == 8
        for answer in range(10_000):
            control.record(trouble=False)
            if control.limit > 8:
                answers.append(answer + 1)
                break

    assert answers[0] == 1, "it may have been chance"
    assert answers[1] > 50
    assert answers[2] > 1000


def test_answers_to_what_was_sent_before_a_refusal_say_nothing_about_how_much_more_is_taken() -> None:
    control = ConcurrencyControl(64)
    control.refused(8, is_news=True)
    for _ in range(100):
        control.record(trouble=False, is_news=False)
    assert control.limit == 8


def test_refusals_of_one_burst_find_how_much_was_taken_and_count_as_one() -> None:
    control = ConcurrencyControl(64)
    for others in (11, 10, 9, 8):
        control.refused(others, is_news=others == 11)
    assert control.limit == 8
    control.record(trouble=False)
    assert control.limit == 9


@given(st.integers(1, 64), st.lists(st.booleans(), max_size=200))
def test_the_limit_stays_between_one_and_its_maximum(maximum: int, troubles: list[bool]) -> None:
    control = ConcurrencyControl(maximum)
    for trouble in troubles:
        control.record(trouble=trouble)
        assert 1 <= control.limit <= maximum


# ---- when to stop
