"""On how many examples a law is tried: of one that takes long, on a part of what the profile says (see conftest.py)."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import HealthCheck, settings

LEAST = 3


SHARED_FIXTURES = (HealthCheck.function_scoped_fixture,)
"""For a law whose examples share what a fixture makes: a database, say, that each of them empties or adds to."""


def tried_on(part: float, *, unchecked: Collection[HealthCheck] = ()) -> settings:
    """Settings of Hypothesis for a part of the examples; new ones each time, and a thorough run has thousands.

    Args:
        unchecked: what Hypothesis does not look at here, beside the time that the profile has it leave alone.
    """
    usual = settings()
    return settings(
        max_examples=max(LEAST, round(part * usual.max_examples)),
        suppress_health_check=[*usual.suppress_health_check, *unchecked],
    )
