"""How fast posted replies gathered views and likes on their first day, beside the scores of the tweets they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import in_parts
from viral_assets.store.conditions import FoundByHour, between, same_suggestion
from viral_assets.store.tables import comment_suggestions, posted_replies, reply_snapshots, tweet_scores
from viral_assets.vocabulary import COMPONENTS, POSTED

DAY = timedelta(hours=24)

LATEST = timedelta(hours=48)
"""After posting: a later look says little of the first day."""

RATES = ("view_count", "like_count")
"""The counts that are followed, the one that says more first."""


@dataclass(frozen=True, slots=True)
class ReplyRate:
    """A reply and what it gathered.

    Args:
        components: the scores of its tweet, in the order of :data:`~viral_assets.vocabulary.COMPONENTS`; None for one
            that is not known.
        an_hour: the mean of its first 24 hours, by the names of :data:`RATES`; None where nobody looked in time.
    """

    tweet_id: str
    posted_at: datetime
    components: tuple[float | None, ...]
    an_hour: Mapping[str, float | None]


def read_rates(connection: sa.Connection, project: str, since: datetime) -> list[ReplyRate]:
    """The replies to tweets since then that are marked as posted, in the order of posting: of a tweet with several the
    first."""
    suggestion, reply, scored = comment_suggestions.c, posted_replies.c, tweet_scores.c
    query = (
        sa.select(reply.reply_id, reply.tweet_id, reply.posted_at, *(scored[name] for name in COMPONENTS))
        .join_from(
            comment_suggestions,
            posted_replies,
            same_suggestion(posted_replies, comment_suggestions),
        )
        .join(tweet_scores, sa.and_(scored.project == suggestion.project, scored.tweet_id == suggestion.tweet_id))
        .where(*between(comment_suggestions, since, None, project), FoundByHour(suggestion.status) == POSTED)
        .order_by(reply.posted_at, reply.reply_id)
    )
    first: dict[str, sa.Row[Any]] = {}
    for row in connection.execute(query):
        first.setdefault(row.tweet_id, row)
    looks = _looks(connection, (row.reply_id for row in first.values()))
    return [
        ReplyRate(
            row.tweet_id,
            row.posted_at,
            tuple(row[3:]),
            {name: an_hour(row.posted_at, looks[row.reply_id, name]) for name in RATES},
        )
        for row in first.values()
    ]


def an_hour(posted_at: datetime, looks: Sequence[tuple[datetime, int]]) -> float | None:
    """What a count gained in an hour, over the first 24: between the looks before and after, it is taken to have grown
    evenly.

    Args:
        looks: when it was seen, in order, and what it was.
    """
    end, before, count = posted_at + DAY, posted_at, 0
    for at, seen in looks:
        if at < end:
            before, count = max(at, posted_at), seen
        elif at <= posted_at + LATEST:
            share = (end - before) / (at - before)
            return (count + (seen - count) * share) / (DAY / timedelta(hours=1))
        else:
            return None
    return None


def _looks(connection: sa.Connection, reply_ids: Iterable[str]) -> dict[tuple[str, str], list[tuple[datetime, int]]]:
    seen = reply_snapshots.c
    query = sa.select(seen.reply_id, seen.collected_at, *(seen[name] for name in RATES)).order_by(
        seen.reply_id, seen.collected_at, seen.source
    )
    found: defaultdict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    for these in in_parts(connection, seen.reply_id, sorted(reply_ids)):
        for row in connection.execute(query.where(these)):
            for name in RATES:
                if (count := row._mapping[name]) is not None:
                    found[row.reply_id, name].append((row.collected_at, count))
    return found
