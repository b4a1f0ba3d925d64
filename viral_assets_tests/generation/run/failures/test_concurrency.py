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


@given(st.integers(1, 64), st.lists(st.booleans(), max_size=200))
def test_the_limit_stays_between_one_and_its_maximum(maximum: int, troubles: list[bool]) -> None:
    control = ConcurrencyControl(maximum)
    for trouble in troubles:
        control.record(trouble=trouble)
        assert 1 <= control.limit <= maximum


# ---- when to stop
