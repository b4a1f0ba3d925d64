"""Whether a service still answers, and how long to wait after a 429."""

from __future__ import annotations

from viral_assets.generation.run.failures.service_health import ServiceHealth


def test_a_place_where_nobody_is_is_given_up_after_two_rounds() -> None:
    health = ServiceHealth()

    assert not any(health.failed(0.01 * number, trouble=False) for number in range(5)), "one burst is one round"
    assert health.failed(0.5, trouble=False)


def test_nobody_waits_for_another_attempt_at_a_place_where_nobody_is() -> None:
    health, worth = ServiceHealth(), []
    for _ in range(3):
        worth.append(health.worth_waiting)
        health.failed(0.0, trouble=False)
    assert worth == [True, True, False]

    health.failed(0.1, trouble=True)
    assert health.worth_waiting, "somebody is there after all"


def test_a_service_with_a_problem_gets_a_minute() -> None:
    health = ServiceHealth()

    assert not any(health.failed(float(second), trouble=True) for second in range(60))
    assert health.failed(61.0, trouble=True)


def test_an_answer_makes_everything_good_again() -> None:
    health = ServiceHealth()
    for second in range(59):
        health.failed(float(second), trouble=True)
    health.answered(59.5)

    assert not any(health.failed(float(second), trouble=True) for second in range(60, 120))
    assert health.failed(121.0, trouble=True)


def test_a_service_is_well_from_an_answer_to_the_next_failure() -> None:
    health, well = ServiceHealth(), []

    well.append(health.healthy)
    health.answered(1.0)
    well.append(health.healthy)
    health.failed(2.0, trouble=True)
    well.append(health.healthy)

    assert well == [False, True, False]


def test_after_an_answer_an_address_is_known_to_be_right() -> None:
    health = ServiceHealth()
    health.answered(0.0)

    assert not any(health.failed(float(second), trouble=False) for second in range(1, 60))


def test_a_refusal_is_waited_for_as_long_as_it_says() -> None:
    for says in (0.4, 2.472630291, 36.0, 183.0):
        assert ServiceHealth().refused(says, 0.0, 60.0) == (says, False)


def test_a_refusal_that_says_nothing_is_waited_for_longer_each_time_up_to_a_window() -> None:
    health = ServiceHealth()

    waits = [health.refused(None, 0.0, 60.0)[0] for _ in range(6)]

    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_refusal_that_says_zero_again_and_again_does_not_make_a_busy_loop() -> None:
    health = ServiceHealth()

    waits = [health.refused(0.0, 0.0, 60.0)[0] for _ in range(12)]

    assert waits[0] > 0
    assert waits[-1] == 60.0


def test_a_service_that_refuses_window_after_window_has_no_quota_for_this_key() -> None:
    health = ServiceHealth()

    hopeless = [health.refused(1.0, 30.0 * number, 60.0)[1] for number in range(9)]

    assert hopeless == [False] * 7 + [True] * 2
    health.answered(300.0)
    assert not health.refused(1.0, 301.0, 60.0)[1]
