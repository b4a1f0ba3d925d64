"""How laws are tried."""

from __future__ import annotations

from hypothesis import HealthCheck

from viral_assets_tests.laws import LEAST, SHARED_FIXTURES, tried_on


def test_what_a_law_leaves_unchecked_is_left_out_besides_the_time() -> None:
    law = tried_on(1, unchecked=SHARED_FIXTURES)
    assert {HealthCheck.too_slow, HealthCheck.function_scoped_fixture} <= set(law.suppress_health_check)
    assert law.deadline is None
    assert HealthCheck.function_scoped_fixture not in tried_on(1).suppress_health_check


def test_each_is_tried_on_a_few_examples() -> None:
    assert tried_on(1 / 1_000).max_examples == LEAST
