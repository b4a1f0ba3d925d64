"""What one more observation of a tweet changes: pure decisions on plain values. Reading and writing are in ``tweets``.

An observation is a row of the table ``tweets``: the tweet as it looked at ``collected_at``.
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

ENGAGEMENT = ("like_count", "reply_count", "retweet_count")
"""What a tweet's velocity is measured by."""

COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count", "view_count", "bookmark_count")
counts_of: Callable[[Observation], Counts] = itemgetter(*COUNTS)

# The hour a tweet was posted in never changes: a window that was worked on keeps its tweets.
_IDENTITY = ("tweet_id", "created_at", "window_start")
# The values that stand for "not observed", which is not the same as gone.
_NOT_OBSERVED = {column.name: None for column in tweets.c if column.nullable} | {"author_handle": ""}


def merged(row: Observation, observation: Observation) -> Observation:
    """The row after one more observation: the later of both, with what it lacks taken from the other.

    Counters mostly grow: of two observations with the same time, the higher value of each count is the later.
    """
    if observation["collected_at"] == row["collected_at"]:
        later, earlier = _highest_counts(row, observation), observation
    elif observation["collected_at"] > row["collected_at"]:
        later, earlier = observation, row
    else:
        later, earlier = row, observation
    result = {**later, **{name: row[name] for name in _IDENTITY}}
    for name, not_observed in _NOT_OBSERVED.items():
        if later[name] == not_observed:
            result[name] = earlier[name]
    # Most sources do not say so of the same tweet: once it was seen as an advertisement, it stays one.
    result["is_promoted"] = row["is_promoted"] or observation["is_promoted"]
    return result


@dataclass(slots=True)
class TweetHistory:
    """One tweet while its observations come in.

    Args:
        row: the tweet as stored; None until the first observation.
        snapshots: those stored before, by time. Needed only when an observation is not later than ``row``.
        added: snapshots to be written; they replace stored ones of the same time.
        repeats: observations, by time, whose counts were known already. Another observation of the same time is
            compared with them.
    """

    row: Observation | None = None
    snapshots: dict[datetime, Observation] = field(default_factory=dict)
    added: dict[datetime, Observation] = field(default_factory=dict)
    repeats: dict[datetime, Observation] = field(default_factory=dict)

    def observe(self, observation: Observation) -> Change:
        """Take in one more observation."""
        before = self.row
        if before is None:
            self.row = self.added[observation["collected_at"]] = observation
            return "new"
        if observation == before:
            return "unchanged"
        if observation["collected_at"] > before["collected_at"]:
            if _changes_a_count(observation, before) or _lacks_engagement(observation, before):
                self.added[observation["collected_at"]] = observation
        else:
            self._add_earlier(before, observation)
        after = merged(before, observation)
        if after == before:
            return "unchanged"
        self.row = after
        return "updated"

    def _add_earlier(self, before: Observation, observation: Observation) -> None:
        """Add a snapshot of an observation that is not later than the row, if its counts differ from those known of its
        time."""
        known, at = self.snapshots | self.added, observation["collected_at"]
        of_same_time = known.get(at) or (before if at == before["collected_at"] else self.repeats.get(at))
        if of_same_time is None:
            last = _last_counts(known, at)
            snapshot, is_new = observation, _changes_a_count(observation, last) or _lacks_engagement(observation, last)
        else:
            snapshot = _highest_counts(of_same_time, observation)
            is_new = counts_of(snapshot) != counts_of(of_same_time)
        if not is_new:
            self.repeats[at] = snapshot
            return
        self.added[at] = snapshot
        # The row's own counts needed no snapshot as long as they equalled the last one, which is this one now.
        if at < before["collected_at"] and at >= max(known, default=at) and _changes_a_count(before, snapshot):
            self.added[before["collected_at"]] = before


def _highest_counts(one: Observation, other: Observation) -> Observation:
    highest = {
        name: max((count for count in (one[name], other[name]) if count is not None), default=None) for name in COUNTS
    }
    return {**one, **highest}


def _last_counts(snapshots: Mapping[datetime, Observation], at: datetime) -> Observation:
    """The last known value of each count before ``at``; None where there is none."""
    last: dict[str, Any] = dict.fromkeys(COUNTS)
    for time in sorted(time for time in snapshots if time < at):
        last |= {name: snapshots[time][name] for name in COUNTS if snapshots[time][name] is not None}
    return last


def _changes_a_count(observation: Observation, last: Observation) -> bool:
    """Whether a count of ``observation`` differs from its last value. A count that was not observed does not."""
    now, then = counts_of(observation), counts_of(last)
    return now != then and any(count is not None and count != known for count, known in zip(now, then, strict=True))


def _lacks_engagement(observation: Observation, last: Observation) -> bool:
    """Whether a count that was known was not observed. As a snapshot, that tells it from a count that stayed the same:
    nobody knows whether the tweet has stopped spreading.
    """
    return any(observation[name] is None and last[name] is not None for name in ENGAGEMENT)
