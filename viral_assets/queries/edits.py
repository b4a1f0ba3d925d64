"""How much people change of what a language model wrote before they stand behind it: what should fall with time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from rapidfuzz.distance import Levenshtein

from viral_assets.hours import HourRange
from viral_assets.store.conditions import STANDS_APPROVED_OF_HOURS, within
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


def edits_by_week(connection: sa.Connection, hours: HourRange, project: str | None) -> tuple[EditedWeek, ...]:
    """The weeks in which anything was kept, oldest first. The first and the last may be parts of weeks."""
    written = comment_suggestions.c
    kept_ones = (*within(comment_suggestions, hours, project), STANDS_APPROVED_OF_HOURS, written.provider != OFFLINE)
    kept: Counter[date] = Counter()
    counts = sa.select(written.window_start, sa.func.count()).where(*kept_ones).group_by(written.window_start)
    for hour, count in connection.execute(counts):
        kept[_monday(hour)] += count
    distances: defaultdict[date, list[float]] = defaultdict(list)
    changed = sa.select(written.window_start, written.original_text, written.text).where(
        *kept_ones, written.original_text.is_not(None), written.original_text != written.text
    )
    for hour, draft, text in connection.execute(changed):
        distances[_monday(hour)].append(Levenshtein.normalized_distance(draft, text))
    return tuple(
        EditedWeek(week, count, len(distances[week]), sum(distances[week]) / count)
        for week, count in sorted(kept.items())
    )


def _monday(hour: datetime) -> date:
    return hour.date() - timedelta(days=hour.weekday())
