"""How much people change of what a language model wrote before they stand behind it: what should fall with time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from rapidfuzz.distance import Levenshtein

from viral_assets.queries.tally import Counted, Names, Number
from viral_assets.store.conditions import STANDS_APPROVED_OF_HOURS, of_hours
from viral_assets.store.tables import comment_suggestions
from viral_assets.vocabulary import OFFLINE


@dataclass(frozen=True, slots=True)
class EditedWeek:
    """Approved drafts for tweets of a week (UTC, from Monday on).

    Args:
        first: the week's Monday.
        kept: drafts of a language model that were approved, edited or posted.
        changed: of these, those that a person changed, or had changed by a model.
        distance: the share of a draft's characters that is changed (Levenshtein, of the longer text), 0..1; the mean
            of all that were kept, of which the unchanged count 0.
    """

    first: date
    kept: int
    changed: int
    distance: float

    @property
    def name(self) -> str:
        """For a person."""
        return f"week of {self.first.day} {self.first:%b}"


KEPT, CHANGED, DISTANCE = "kept", "changed", "distance"
"""Of :func:`count_edits`."""


def count_edits(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """What :class:`EditedWeek` tells, of each hour: how many were kept and changed, and the distances added up."""
    written = comment_suggestions.c
    kept_ones = (*of_hours(comment_suggestions, hours), STANDS_APPROVED_OF_HOURS, written.provider != OFFLINE)
    by = (written.window_start, written.project)
    for hour, project, count in connection.execute(sa.select(*by, sa.func.count()).where(*kept_ones).group_by(*by)):
        yield hour, (KEPT, project), count
    changed = sa.select(*by, written.original_text, written.text).where(
        *kept_ones, written.original_text.is_not(None), written.original_text != written.text
    )
    for hour, project, draft, text in connection.execute(changed):
        yield hour, (CHANGED, project), 1
        yield hour, (DISTANCE, project), Levenshtein.normalized_distance(draft, text)


def edits_by_week(days: Iterable[tuple[date, Names, Number]]) -> tuple[EditedWeek, ...]:
    """The weeks in which anything was kept, oldest first. The first and the last may be parts of weeks.

    Args:
        days: the numbers of each day; others than :func:`count_edits` gives are passed over.
    """
    sums: defaultdict[date, dict[str, Number]] = defaultdict(lambda: {KEPT: 0, CHANGED: 0, DISTANCE: 0})
    for day, (word, *_), number in days:
        if word in (KEPT, CHANGED, DISTANCE):
            sums[day - timedelta(days=day.weekday())][word] += number
    return tuple(
        EditedWeek(week, int(of[KEPT]), int(of[CHANGED]), of[DISTANCE] / of[KEPT]) for week, of in sorted(sums.items())
    )
