"""What a check says about one hour, as plain values. How Dagster records it is in ``evaluations``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["ERROR", "WARN"]
"""An invariant does not hold, or the quality is not what it should be."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not hold for one tweet; without ``tweet_id``, for the hour as a whole."""

    project: str
    tweet_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class HourCheckResult:
    """How a check ended.

    Args:
        violations: what is wrong, and what to do about it; none when the check has passed.
        severity: of these violations.
        numbers: what was measured, by the name under which Dagster plots it.
    """

    violations: Sequence[Violation] = ()
    severity: Severity = "ERROR"
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.violations


PRUNED = HourCheckResult(numbers={"not looked at": "what is missing was pruned on purpose"})
"""Of an hour of which rows were let go of: what is left is not held against what there was."""


def key_of(row: Row) -> tuple[str, str]:
    """Project and tweet, by which everything but tweets is known."""
    return row["project"], row["tweet_id"]
