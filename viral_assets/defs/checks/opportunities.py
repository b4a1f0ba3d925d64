"""What is wrong with the opportunities of an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from viral_assets.defs.checks.engagement import ProjectTurns
from viral_assets.defs.checks.results import Row, Violation, key_of

_ADVICE = "materialize comment_opportunities of the hour again"


@dataclass(frozen=True, slots=True)
class OpportunityHour:
    """Rows of ``comment_opportunities`` for one hour (project, tweet_id, rank), what they were chosen from: the
    projects and ids of its scores, and what else was chosen or answered."""

    rows: Sequence[Row] = ()
    scored: frozenset[tuple[str, str]] = frozenset()
    hour: datetime | None = None
    turns: Mapping[str, ProjectTurns] = field(default_factory=dict)


def opportunities_out_of_order(hour: OpportunityHour) -> list[Violation]:
    """Opportunities that have no score, and ranks of a project that are not 1, 2, 3 and so on: a gap is a row that
    somebody deleted, a rank given twice one that somebody put in."""
    violations = [
        Violation(*key_of(row), f"has no score: {_ADVICE}") for row in hour.rows if key_of(row) not in hour.scored
    ]
    expected: dict[str, int] = {}
    for row in sorted(hour.rows, key=lambda row: (row["project"], row["rank"])):
        wanted = expected.get(row["project"], 1)
        if row["rank"] != wanted:
            violations.append(Violation(*key_of(row), f"has rank {row['rank']} where {wanted} is due: {_ADVICE}"))
        expected[row["project"]] = row["rank"] + 1
    return violations
