"""Whether a service still answers."""

from __future__ import annotations

from viral_assets.generation.run.failures.service_health import ServiceHealth


def test_a_burst_that_fails_is_one_round_however_long_nobody_asks_again() -> None:
    health = ServiceHealth()
    for number in range(15):
        health.failed(0.01 * number)
    assert not health.failed(100.0)


def test_what_fails_again_and_again_is_down_until_it_answers() -> None:
    health, down = ServiceHealth(), []
    for second in range(4):
        down.append(health.is_down)
        health.failed(float(second))
    health.answered(5.0)
    assert [*down, health.is_down] == [False, False, False, True, False]


def test_a_service_with_a_problem_gets_a_minute() -> None:
    health = ServiceHealth()

    assert not any(health.failed(float(second)) for second in range(60))
    assert health.failed(61.0)


def test_what_is_waited_for_quota_is_no_part_of_the_minute() -> None:
    health = ServiceHealth()
    health.failed(0.0)

    assert not any(health.failed(seconds) for seconds in (62.0, 73.0, 84.0, 144.0))
    assert health.failed(204.0), "a quarter of a minute counts of each pause"


def test_an_answer_makes_everything_good_again() -> None:
    health = ServiceHealth()
    for second in range(59):
        health.failed(float(second))
    health.answered(59.5)

    assert not any(health.failed(float(second)) for second in range(60, 120))
    assert health.failed(121.0)


def test_a_service_is_well_from_an_answer_to_the_next_failure() -> None:
    health, well = ServiceHealth(), []

    well.append(health.healthy)
    health.answered(1.0)
    well.append(health.healthy)
    health.failed(2.0)
    well.append(health.healthy)

    assert well == [False, True, False]


def test_after_an_answer_an_address_is_known_to_be_right() -> None:
    health = ServiceHealth()
    health.answered(0.0)

    assert not any(health.failed(float(second)) for second in range(1, 60))
