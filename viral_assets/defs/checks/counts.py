"""Whether an hour still holds what its latest run reported: rows that somebody deleted, or put in, by hand."""

from __future__ import annotations

from dataclasses import dataclass

from viral_assets.defs.checks.results import HourCheckResult, Violation


@dataclass(frozen=True, slots=True)
class ReportedCounts:
    """What the materialization of an hour says it holds, all projects together."""

    suggestions: int
    outcomes: int


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """What the tables hold for an hour, all projects together.

    ``newer_suggestions`` and ``newer_outcomes`` were written after the report: by a run that has not ended yet, or
    that ended without reporting.
    """

    suggestions: int = 0
    outcomes: int = 0
    newer_suggestions: int = 0
    newer_outcomes: int = 0


def counts_differ(reported: ReportedCounts | None, stored: StoredCounts) -> HourCheckResult:
    """Fewer rows than were reported, or more that are as old as the report."""
    numbers = {"suggestions": stored.suggestions, "outcomes": stored.outcomes}
    if reported is None:
        return HourCheckResult(numbers=numbers)
    violations = [
        *_differs("suggestions", reported.suggestions, stored.suggestions, stored.newer_suggestions),
        *_differs("outcomes", reported.outcomes, stored.outcomes, stored.newer_outcomes),
    ]
    as_reported = {"suggestions reported": reported.suggestions, "outcomes reported": reported.outcomes}
    return HourCheckResult(violations, numbers=numbers | as_reported)


def _differs(what: str, reported: int, stored: int, newer: int) -> list[Violation]:
    if stored < reported:
        lost = f"{reported - stored:,} of the {reported:,} {what} that the run reported are gone"
        return [Violation("", "", f"{lost}: materialize the hour again with the option force, or restore a backup")]
    if stored - newer > reported:
        extra = f"there are {stored - newer - reported:,} {what} more than the {reported:,} that the run reported"
        return [Violation("", "", f"{extra}: see who put them in, and materialize the hour again")]
    return []
