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

Observation = Mapping[str, Any]
Counts = tuple[int | None, ...]
Change = Literal["new", "updated", "unchanged"]

COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count", "view_count", "bookmark_count")
counts_of: Callable[[Observation], Counts] = itemgetter(*COUNTS)

# The hour a tweet was posted in never changes: a window that was worked on keeps its tweets.
_IDENTITY = ("tweet_id", "created_at", "window_start")
# What a sight may leave untold, which is not the same as gone.
_UNSET = {column.name: None for column in tweets.c if column.nullable} | {"author_handle": ""}


def merged(row: Observation, observation: Observation) -> Observation:
    """The row after one more sight: the later of both, with what it does not tell taken from the other.

    Counters mostly grow: of two sights that claim one moment, the higher one of each count is the later.
    """
    if observation["collected_at"] == row["collected_at"]:
        later, earlier = _higher(row, observation), observation
    elif observation["collected_at"] > row["collected_at"]:
        later, earlier = observation, row
    else:
        later, earlier = row, observation
    result = {**later, **{name: row[name] for name in _IDENTITY}}
    for name, unset in _UNSET.items():
        if later[name] == unset:
            result[name] = earlier[name]
    return result


@dataclass(slots=True)
class TweetHistory:
    """One tweet while its sights come in.

    ``row`` is None until the first one. ``snapshots`` are those known from before, by time; they are needed only when
    a sight comes that is not later than ``row``. ``added`` are to be written, and replace what is there. ``repeats``
    are sights that told what was known already: another one of the same moment is held against them.
    """

    row: Observation | None = None
    snapshots: dict[datetime, Observation] = field(default_factory=dict)
    added: dict[datetime, Observation] = field(default_factory=dict)
    repeats: dict[datetime, Observation] = field(default_factory=dict)

    def observe(self, observation: Observation) -> Change:
        """Take in one more sight."""
        before = self.row
        if before is None:
            self.row = self.added[observation["collected_at"]] = observation
            return "new"
        if observation == before:
            return "unchanged"
        if observation["collected_at"] > before["collected_at"]:
            if _differs(observation, before):
                self.added[observation["collected_at"]] = observation
        else:
            self._remember(before, observation)
        after = merged(before, observation)
        if after == before:
            return "unchanged"
        self.row = after
        return "updated"

    def _remember(self, before: Observation, observation: Observation) -> None:
        """Add a snapshot of a sight that is not later than the row, if it tells what was not known of its time."""
        known, at = self.snapshots | self.added, observation["collected_at"]
        of_that_moment = known.get(at) or (before if at == before["collected_at"] else self.repeats.get(at))
        if of_that_moment is None:
            told, news = observation, _differs(observation, _last_known(known, at))
        else:
            told = _higher(of_that_moment, observation)
            news = counts_of(told) != counts_of(of_that_moment)
        if not news:
            self.repeats[at] = told
            return
        self.added[at] = told
        # The row's own counts needed no snapshot as long as they were those of the last one, which this one is now.
        if at < before["collected_at"] and at >= max(known, default=at) and _differs(before, told):
            self.added[before["collected_at"]] = before


def _higher(one: Observation, other: Observation) -> Observation:
    higher = {
        name: max((count for count in (one[name], other[name]) if count is not None), default=None) for name in COUNTS
    }
    return {**one, **higher}


def _last_known(snapshots: Mapping[datetime, Observation], at: datetime) -> Observation:
    """Each count as it was told last before ``at``; None where it was not."""
    told: dict[str, Any] = dict.fromkeys(COUNTS)
    for time in sorted(time for time in snapshots if time < at):
        told |= {name: snapshots[time][name] for name in COUNTS if snapshots[time][name] is not None}
    return told


def _differs(observation: Observation, last: Observation) -> bool:
    """Whether ``observation`` tells a count that is not as it was."""
    now, then = counts_of(observation), counts_of(last)
    return now != then and any(count is not None and count != known for count, known in zip(now, then, strict=True))
