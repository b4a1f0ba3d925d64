"""How many tweets of some hours were read, chosen and left out for which reason. A tweet that several projects looked
at counts for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import FoundByHour, within
from viral_assets.store.tables import selection_counts
from viral_assets.vocabulary import CHOSEN, DROP_REASONS

TOP_REASONS = 3


@dataclass(frozen=True, slots=True)
class SelectionFacts:
    """What became of the tweets of some hours.

    ``left_out`` counts by reason, the most frequent first. ``empty_hours`` had no tweet, ``refused_hours`` had some of
    which none was chosen; an hour that was not worked on looks like one without tweets.
    """

    chosen: int
    left_out: Mapping[str, int]
    hours: int
    empty_hours: int
    refused_hours: int

    @property
    def read(self) -> int:
        return self.chosen + sum(self.left_out.values())

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        hours = {"hours_without_tweets": self.empty_hours, "hours_with_none_chosen": self.refused_hours}
        return {"read": self.read, "left_out": dict(self.left_out), **hours}


def selection_facts(connection: sa.Connection, hours: HourRange, projects: Sequence[str] = ()) -> SelectionFacts:
    """Add up what the selections of these hours counted.

    Args:
        projects: only theirs; none for all.
    """
    table = selection_counts.c
    query = (
        sa.select(table.window_start, table.reason, sa.func.sum(table.tweets).label("tweets"))
        .where(*within(selection_counts, hours))
        .group_by(table.window_start, table.reason)
    )
    if projects:
        query = query.where(FoundByHour(table.project).in_(projects))
    by_reason: Counter[str] = Counter()
    found: set[Any] = set()
    chosen: set[Any] = set()
    for row in connection.execute(query):
        by_reason[row.reason] += int(row.tweets)
        found.add(row.window_start)
        if row.reason == CHOSEN:
            chosen.add(row.window_start)
    total = by_reason.pop(CHOSEN, 0)
    return SelectionFacts(
        total, dict(by_reason.most_common()), len(hours), len(hours) - len(found), len(found - chosen)
    )


def what_became(read: int, left_out: Mapping[str, int], *, most: int = TOP_REASONS) -> str:
    """A sentence about tweets: that there were none, that all were left out, or how many were, and mostly why.

    Args:
        left_out: by reason of :data:`~viral_assets.vocabulary.DROP_REASONS`, or of another that is its own words.
        most: so many reasons are named.
    """
    if not read:
        return "no tweets"
    dropped = Counter({DROP_REASONS.get(reason, reason): count for reason, count in left_out.items()})
    if not dropped.total():
        return f"all {read:,} chosen"
    named = [f"{count:,} {words}" for words, count in dropped.most_common(most)]
    rest = dropped.total() - sum(count for _, count in dropped.most_common(most))
    reasons = "; ".join([*named, *([f"{rest:,} for other reasons"] if rest else [])])
    share = "all" if dropped.total() == read else f"{dropped.total():,} of"
    return f"{share} {read:,} left out: {reasons}"
