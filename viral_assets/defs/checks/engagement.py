"""Whether anybody is pestered by what is chosen for an hour: as the project says, and as the tables have it now.

A person may answer whom they like, and what has suggestions stays chosen whatever the project file says by now. So this
warns, and says what to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from viral_assets.defs.checks.results import HourCheckResult, Row, Violation
from viral_assets.projects.engagement import Engagement

if TYPE_CHECKING:
    from viral_assets.scoring.engagement import EngagementHistory


@dataclass(frozen=True, slots=True)
class ProjectTurns:
    """What a project's file says, and what is chosen and answered around the hour, the hour itself included."""

    engagement: Engagement
    engaged: EngagementHistory


def pestered(hour: datetime | None, rows: Sequence[Row], projects: Mapping[str, ProjectTurns]) -> HourCheckResult:
    """Opportunities of an hour whose authors, conversations or days have had their turns (WARN).

    Args:
        rows: the hour's opportunities: project, tweet_id and rank.
    """
    if hour is None:
        return HourCheckResult(severity="WARN")
    violations = [
        violation
        for project, turns in projects.items()
        if (of_project := [row for row in rows if row["project"] == project])
        for violation in _of_project(hour, sorted(of_project, key=lambda row: row["rank"]), project, turns)
    ]
    return HourCheckResult(violations, severity="WARN")


def _of_project(hour: datetime, rows: Sequence[Row], project: str, turns: ProjectTurns) -> list[Violation]:
    from viral_assets.scoring.engagement import EngagementTurns
    from viral_assets.scoring.posting_hours import PostingHours

    engagement, engaged = turns.engagement, turns.engaged
    problems = {
        "author": f"its author was chosen or answered {_times(engagement.replies_per_author)} in "
        f"{engagement.author_days} days without it",
        "conversation": "another tweet of its conversation was chosen or answered",
    }
    taken = EngagementTurns(engagement, (turn for turn in engaged.turns if turn.hour < hour))
    of_hour = {turn.tweet_id: turn for turn in engaged.turns if turn.hour == hour}
    violations = []
    for row in rows:
        turn = of_hour.get(row["tweet_id"])
        # Of one whose suggestions were all rejected there is none.
        if turn is None:
            continue
        if objection := taken.objection(turn):
            advice = "reject its suggestions or the others'" if turn.stays else "materialize the hour again"
            violations.append(Violation(project, row["tweet_id"], f"{problems[objection.reason]}: {advice}"))
        taken.take(turn)
    posting = PostingHours(engagement)
    if posting.is_quiet(hour):
        advice = "materialize the hour again; what has suggestions stays"
        violations.append(Violation(project, "", f"{len(rows):,} chosen of an hour in which nobody posts: {advice}"))
    if engagement.replies_per_day is not None:
        day = posting.day(hour)
        of_day = sum(count for other, count in engaged.chosen.items() if other <= hour and posting.day(other) == day)
        if of_day > engagement.replies_per_day:
            said = f"{of_day:,} are chosen for {day} by now, and the project answers {engagement.replies_per_day:,}"
            violations.append(Violation(project, "", f"{said}: leave some unanswered, or raise replies_per_day"))
    return violations


def _times(count: int | None) -> str:
    return "once" if count == 1 else f"{count} times"
