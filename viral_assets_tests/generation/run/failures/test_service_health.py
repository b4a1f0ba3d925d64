"""Whether a service still answers."""

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
