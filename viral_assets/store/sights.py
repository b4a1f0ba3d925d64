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

COUNTS = ("like_count", "retweet_count", "reply_count", "quote_count", "view_count", "bookmark_count")
"""In the order in which two sights of one moment are compared."""

# The hour a tweet was posted in never changes: a window that was worked on keeps its tweets.
_IDENTITY = ("tweet_id", "created_at", "window_start")
# What a sight may leave untold, which is not the same as gone.
_UNTOLD = {column.name: None for column in tweets.c if column.nullable} | {"author_handle": ""}

Change = Literal["new", "updated", "unchanged"]


counts_of: Callable[[Sight], Counts] = itemgetter(*COUNTS)


def moment(sight: Sight) -> tuple[datetime, tuple[int, ...]]:
    """Orders the sights of one tweet. Counters mostly grow: of two sights that claim one moment, the one with the
    higher counts is the later one."""
    return sight["collected_at"], _height(sight)


def merged(row: Sight, sight: Sight) -> Sight:
    """The row after one more sight: the later of both, with what it does not tell taken from the other."""
    later, earlier = (sight, row) if _is_later(sight, row) else (row, sight)
    result = {**later, **{name: row[name] for name in _IDENTITY}}
    for name, untold in _UNTOLD.items():
        if later[name] == untold:
            result[name] = earlier[name]
    return result


@dataclass(slots=True)
class Tweet:
    """One tweet while its sights come in.

    ``row`` is None until the first one. ``snapshots`` are those known from before, by time; they are needed only when
    a sight comes that is older than ``row``. ``added`` are to be written, and replace what is there.
    """

    row: Sight | None = None
    snapshots: dict[datetime, Sight] = field(default_factory=dict)
    added: dict[datetime, Sight] = field(default_factory=dict)

    def see(self, sight: Sight) -> Change:
        """Take in one more sight."""
        before = self.row
        if before is None:
            self.row = self.added[sight["collected_at"]] = sight
            return "new"
        if sight == before:
            return "unchanged"
        self._remember(before, sight)
        after = merged(before, sight)
        if after == before:
            return "unchanged"
        self.row = after
        return "updated"

    def _remember(self, before: Sight, sight: Sight) -> None:
        """Add a snapshot where the counts differ from those last known at that time."""
        at = sight["collected_at"]
        if at < before["collected_at"]:
            self._remember_late(before, sight)
        elif _differ(sight, before) if at > before["collected_at"] else _is_later(sight, before):
            self.added[at] = sight

    def _remember_late(self, before: Sight, sight: Sight) -> None:
        known, at = self.snapshots | self.added, sight["collected_at"]
        if at in known:
            if _height(sight) > _height(known[at]):
                self.added[at] = sight
            return
        last = max((time for time in known if time < at), default=None)
        if last is not None and not _differ(sight, known[last]):
            return
        self.added[at] = sight
        # The row's own counts need no snapshot as long as they equal the last one; now something lies between.
        if before["collected_at"] not in known and _differ(before, sight):
            self.added[before["collected_at"]] = before


def _is_later(sight: Sight, other: Sight) -> bool:
    """``moment(sight) > moment(other)``, and faster where the times differ."""
    if sight["collected_at"] != other["collected_at"]:
        return bool(sight["collected_at"] > other["collected_at"])
    return _height(sight) > _height(other)


def _height(sight: Sight) -> tuple[int, ...]:
    return tuple([-1 if count is None else count for count in counts_of(sight)])


def _differ(sight: Sight, last: Sight) -> bool:
    """Whether ``sight`` tells a count that is not as it was."""
    now, then = counts_of(sight), counts_of(last)
    return now != then and any(count is not None and count != known for count, known in zip(now, then, strict=True))
