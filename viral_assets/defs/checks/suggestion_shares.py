"""How well an hour went: which share of its opportunities ended without what was asked for. Quality, no invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from viral_assets.defs.checks.results import HourCheckResult, Row, Violation, key_of

FILTERED_SHARE = 0.25
"""Of the opportunities that were answered. Now and then the filter refuses something; more often, the prompt and the
filter of a project want different things."""

UNANSWERED_SHARE = 0.10
"""Of all opportunities."""

_ADVICE: Mapping[str, str] = {
    "filtered": "if it goes on, compare the voice and the limits in the project file with what the filter refused",
    "blocked": "nothing to do for the tweet; if there are many, look for block words that keep such tweets out",
    "failed": "materialize the hour again with the option force",
    "deferred": "a later run takes it up: switch deferred_sensor on, or materialize the hour again",
}


def filtered_share(outcomes: Sequence[Row]) -> HourCheckResult:
    """Whether the quality filter refused suggestions of more than :data:`FILTERED_SHARE` of the answered tweets."""
    answered = [row for row in outcomes if row["outcome"] in ("done", "filtered")]
    return _share("share filtered", answered, ("filtered",), FILTERED_SHARE)


def unanswered_share(outcomes: Sequence[Row]) -> HourCheckResult:
    """Whether more than :data:`UNANSWERED_SHARE` of the tweets failed, were blocked, or wait for a later run."""
    return _share("share unanswered", outcomes, ("failed", "blocked", "deferred"), UNANSWERED_SHARE)


def _share(name: str, rows: Sequence[Row], bad: Collection[str], allowed: float) -> HourCheckResult:
    counts = Counter(row["outcome"] for row in rows)
    share = sum(counts[outcome] for outcome in bad) / len(rows) if rows else 0.0
    numbers = {name: round(share, 4), "share allowed": allowed}
    if share <= allowed:
        return HourCheckResult(severity="WARN", numbers=numbers)
    violations = [
        Violation(*key_of(row), f"{row['outcome']} ({row['reason'] or 'no reason given'}): {_ADVICE[row['outcome']]}")
        for row in rows
        if row["outcome"] in bad
    ]
    return HourCheckResult(violations, severity="WARN", numbers=numbers)
