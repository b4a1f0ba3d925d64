"""On how many examples a law is tried: of one that takes long, on a part of what the profile says (see conftest.py)."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

LEAST = 3


def tried_on(part: float, **others: Any) -> settings:
    """Settings of Hypothesis for a part of the examples; new ones each time, and a thorough run has thousands."""
    return settings(max_examples=max(LEAST, round(part * settings().max_examples)), **others)
