"""What posted replies brought, by kind, topic, score and hour: medians of what is known, and how sure they are.

A reply counts with its last counts from :data:`SETTLED` after it was posted on, so that yesterday's and last week's can
be compared; a suggestion that is not marked as posted (any more) does not count. Days are those of the tweets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.queries.funnel_model import BANDS, band_name
from viral_assets.queries.order_statistics import Median, median
from viral_assets.store.bulk import in_parts
from viral_assets.store.conditions import FoundByHour, same_suggestion, within
from viral_assets.store.tables import comment_opportunities, comment_suggestions, posted_replies, reply_snapshots
from viral_assets.text.display import kind
from viral_assets.vocabulary import POSTED

SETTLED = timedelta(hours=24)
"""After posting: most of what a reply brings has come by then."""

HOURS_A_BAND = 4
MOST_GROUPS = 12
"""Of topics, those with the most replies."""

METRICS = {"view_count": "Views", "like_count": "Likes", "reply_count": "Replies", "retweet_count": "Reposts"}


@dataclass(frozen=True, slots=True)
class ReplyGains:
    """What one reply had brought; None where nobody knows."""

    suggestion_type: str
    topic: str
    band: str
    hours: str
    counts: Mapping[str, int | None]
    author_answered: bool | None


@dataclass(frozen=True, slots=True)
class ReplyGroup:
    """Replies with something in common.

    Args:
        medians: by the names of :data:`METRICS`, each of the replies of which it is known.
        answered: how many of ``answered_known`` the author of the tweet answered.
    """

    name: str
    replies: int
    medians: Mapping[str, Median]
    answered: int
    answered_known: int


@dataclass(frozen=True, slots=True)
class ReplyNumbers:
    """What the page shows.

    Args:
        posted: suggestions marked as posted.
        found: of these, those whose reply is known.
        young: of these, those without counts from a day after on.
        groups: by what they have in common, in words: the groups, all together first.
    """

    posted: int = 0
    found: int = 0
    young: int = 0
    groups: Mapping[str, Sequence[ReplyGroup]] = field(default_factory=dict)

    @property
    def counted(self) -> int:
        return self.found - self.young


def reply_numbers(connection: sa.Connection, hours: HourRange, project: str | None, *, posted: int) -> ReplyNumbers:
    """Count the replies to tweets of these hours.

    Args:
        project: only its own; None for all.
        posted: how many suggestions of these are marked as posted.
    """
    # Of a reply that nobody has found there is nothing to tell. A reply comes after its tweet.
    any_found = sa.select(sa.exists().where(posted_replies.c.posted_at >= hours.start))
    if not posted or not connection.scalar(any_found):
        return ReplyNumbers(posted)
    suggestion = comment_suggestions
    rows = _replies(connection, [*within(suggestion, hours, project), FoundByHour(suggestion.c.status) == POSTED])
    last = _last_counts(connection, {row.reply_id: row.posted_at for row in rows})
    brought = [_brought(row, last[row.reply_id]) for row in rows if row.reply_id in last]
    return ReplyNumbers(posted, len(rows), len(rows) - len(brought), grouped(brought))


def grouped(brought: Sequence[ReplyGains]) -> dict[str, list[ReplyGroup]]:
    """Replies by what they have in common; nothing for none."""
    if not brought:
        return {}
    return {
        "All": _group(brought, lambda _: "All replies"),
        "Suggestion type": _most_first(_group(brought, lambda each: kind(each.suggestion_type))),
        "Topic": _most_first(_group(brought, lambda each: each.topic))[:MOST_GROUPS],
        "Score": _group(brought, lambda each: each.band),
        "Hour of posting (UTC)": _group(brought, lambda each: each.hours),
    }


def _most_first(groups: Iterable[ReplyGroup]) -> list[ReplyGroup]:
    return sorted(groups, key=lambda group: (-group.replies, group.name))


def _group(brought: Iterable[ReplyGains], name_of: Any) -> list[ReplyGroup]:
    named: defaultdict[str, list[ReplyGains]] = defaultdict(list)
    for each in brought:
        named[name_of(each)].append(each)
    return [
        ReplyGroup(
            name=name,
            replies=len(some),
            medians={
                metric: median([count for each in some if (count := each.counts[metric]) is not None])
                for metric in METRICS
            },
            answered=sum(each.author_answered is True for each in some),
            answered_known=sum(each.author_answered is not None for each in some),
        )
        for name, some in sorted(named.items())
        if name
    ]


def _replies(connection: sa.Connection, ours: Sequence[sa.ColumnElement[bool]]) -> Sequence[Any]:
    suggestion, reply, opportunity = comment_suggestions.c, posted_replies.c, comment_opportunities.c
    query = (
        sa.select(reply.reply_id, reply.posted_at, suggestion.suggestion_type, opportunity.topic, opportunity.total)
        .join_from(
            comment_suggestions,
            posted_replies,
            same_suggestion(posted_replies, comment_suggestions),
        )
        .outerjoin(
            comment_opportunities,
            sa.and_(opportunity.project == suggestion.project, opportunity.tweet_id == suggestion.tweet_id),
        )
        .where(*ours)
    )
    return connection.execute(query).all()


@dataclass(slots=True)
class _Last:
    counts: dict[str, int | None]
    author_answered: bool | None = None


def _last_counts(connection: sa.Connection, posted_at: Mapping[str, datetime]) -> dict[str, _Last]:
    """The last that is known of each count, from :data:`SETTLED` on; that the author answered is so whenever it was
    seen. Only of replies with any count from then on."""
    seen, ids = reply_snapshots.c, sorted(posted_at)
    query = sa.select(
        seen.reply_id, seen.collected_at, seen.author_answered, *(seen[name] for name in METRICS)
    ).order_by(seen.reply_id, seen.collected_at, seen.source)
    found: dict[str, _Last] = {}
    answered: dict[str, bool] = {}
    for these in in_parts(connection, seen.reply_id, ids):
        for row in connection.execute(query.where(these)):
            settled = row.collected_at >= posted_at[row.reply_id] + SETTLED
            if row.author_answered or (row.author_answered is False and settled):
                answered[row.reply_id] = answered.get(row.reply_id, False) or row.author_answered
            known = {name: row._mapping[name] for name in METRICS if row._mapping[name] is not None}
            if settled and known:
                found.setdefault(row.reply_id, _Last(dict.fromkeys(METRICS))).counts.update(known)
    for reply_id, last in found.items():
        last.author_answered = answered.get(reply_id)
    return found


def _brought(row: sa.Row[Any], last: _Last) -> ReplyGains:
    first = row.posted_at.astimezone(UTC).hour // HOURS_A_BAND * HOURS_A_BAND
    return ReplyGains(
        suggestion_type=row.suggestion_type,
        topic=row.topic or "",
        band="" if row.total is None else band_name(min(int(row.total * BANDS + 1e-9), BANDS - 1)),
        hours=f"{first:02}:00 to {first + HOURS_A_BAND:02}:00",
        counts=last.counts,
        author_answered=last.author_answered,
    )
