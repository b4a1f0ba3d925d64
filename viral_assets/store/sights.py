"""What one more sight of a tweet changes: pure decisions on plain values. Reading and writing them is in ``tweets``.

A sight is a row of the table ``tweets``: the tweet as it looked at ``collected_at``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal

from viral_assets.store.tables import tweets

Sight = Mapping[str, Any]
Counts = tuple[int | None, ...]
Change = Literal["new", "updated", "unchanged"]

COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count", "view_count", "bookmark_count")
counts_of: Callable[[Sight], Counts] = itemgetter(*COUNTS)

# The hour a tweet was posted in never changes: a window that was worked on keeps its tweets.
_IDENTITY = ("tweet_id", "created_at", "window_start")
# What a sight may leave untold, which is not the same as gone.
_UNTOLD = {column.name: None for column in tweets.c if column.nullable} | {"author_handle": ""}


def merged(row: Sight, sight: Sight) -> Sight:
    """The row after one more sight: the later of both, with what it does not tell taken from the other.

    Counters mostly grow: of two sights that claim one moment, the higher one of each count is the later.
    """
    if sight["collected_at"] == row["collected_at"]:
        later, earlier = _higher(row, sight), sight
    elif sight["collected_at"] > row["collected_at"]:
        later, earlier = sight, row
    else:
        later, earlier = row, sight
    result = {**later, **{name: row[name] for name in _IDENTITY}}
    for name, untold in _UNTOLD.items():
        if later[name] == untold:
            result[name] = earlier[name]
    return result


@dataclass(slots=True)
class Tweet:
    """One tweet while its sights come in.

    ``row`` is None until the first one. ``snapshots`` are those known from before, by time; they are needed only when
    a sight comes that is not later than ``row``. ``added`` are to be written, and replace what is there. ``no_news``
    are sights that told what was known already: another one of the same moment is held against them.
    """

    row: Sight | None = None
    snapshots: dict[datetime, Sight] = field(default_factory=dict)
    added: dict[datetime, Sight] = field(default_factory=dict)
    no_news: dict[datetime, Sight] = field(default_factory=dict)

    def see(self, sight: Sight) -> Change:
        """Take in one more sight."""
        before = self.row
        if before is None:
            self.row = self.added[sight["collected_at"]] = sight
            return "new"
        if sight == before:
            return "unchanged"
        if sight["collected_at"] > before["collected_at"]:
            if _tells_otherwise(sight, before):
                self.added[sight["collected_at"]] = sight
        else:
            self._remember(before, sight)
        after = merged(before, sight)
        if after == before:
            return "unchanged"
        self.row = after
        return "updated"

    def _remember(self, before: Sight, sight: Sight) -> None:
        """Add a snapshot of a sight that is not later than the row, if it tells what was not known of its time."""
        known, at = self.snapshots | self.added, sight["collected_at"]
        of_that_moment = known.get(at) or (before if at == before["collected_at"] else self.no_news.get(at))
        if of_that_moment is None:
            told, news = sight, _tells_otherwise(sight, _last_told(known, at))
        else:
            told = _higher(of_that_moment, sight)
            news = counts_of(told) != counts_of(of_that_moment)
        if not news:
            self.no_news[at] = told
            return
        self.added[at] = told
        # The row's own counts needed no snapshot as long as they were those of the last one, which this one is now.
        if at < before["collected_at"] and at >= max(known, default=at) and _tells_otherwise(before, told):
            self.added[before["collected_at"]] = before


def _higher(one: Sight, other: Sight) -> Sight:
    higher = {
        name: max((count for count in (one[name], other[name]) if count is not None), default=None) for name in COUNTS
    }
    return {**one, **higher}


def _last_told(snapshots: Mapping[datetime, Sight], at: datetime) -> Sight:
    """Each count as it was told last before ``at``; None where it was not."""
    told: dict[str, Any] = dict.fromkeys(COUNTS)
    for time in sorted(time for time in snapshots if time < at):
        told |= {name: snapshots[time][name] for name in COUNTS if snapshots[time][name] is not None}
    return told


def _tells_otherwise(sight: Sight, last: Sight) -> bool:
    """Whether ``sight`` tells a count that is not as it was."""
    now, then = counts_of(sight), counts_of(last)
    return now != then and any(count is not None and count != known for count, known in zip(now, then, strict=True))
