"""Tweets that a person took although they were left out: from then on they are opportunities, whatever is selected.

That is a decision about a tweet and not about a suggestion, so its entry in the audit names no suggestion type.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.audit import LONGEST_REASON, bounded, name_of, next_event_ids
from viral_assets.store.bulk import serialise_writers
from viral_assets.store.conditions import within
from viral_assets.store.suggestions import tweets_with_suggestions
from viral_assets.store.tables import comment_opportunities, suggestion_events, tweet_scores
from viral_assets.vocabulary import PENDING, REOPEN

NO_SUGGESTION: Final = ""
"""The suggestion type of what is about the tweet as a whole."""

LEFT_OUT: Final = "left out"
"""Where such a tweet comes from, as the audit says it."""

_SCORED = ("project", "tweet_id", "window_start", "total", "label", "topic", "why")


def take_tweet(
    connection: sa.Connection,
    project: str,
    tweet_id: str,
    *,
    from_id: str | None,
    from_handle: str | None,
    who: str,
    at: datetime,
    reason: str,
) -> bool:
    """Make a scored tweet an opportunity, the last of its hour, and put that into the audit.

    Args:
        connection: of ``Database.begin``.
        from_id: the author's, as ``comment_opportunities`` holds it, like ``from_handle``.
        who: name of a person.
        at: aware.
        reason: why it had been left out; bounded, may be empty.

    Returns:
        Whether it was none yet. False also where it has no score (any more).
    """
    serialise_writers(connection, comment_opportunities)
    opportunity, scores = comment_opportunities.c, tweet_scores.c
    of_tweet = opportunity.project == project, opportunity.tweet_id == tweet_id
    if connection.execute(sa.select(opportunity.tweet_id).where(*of_tweet)).one_or_none():
        return False
    query = sa.select(*(scores[name] for name in _SCORED))
    row = connection.execute(query.where(scores.project == project, scores.tweet_id == tweet_id)).one_or_none()
    if row is None:
        return False
    same_hour = opportunity.project == project, opportunity.window_start == row.window_start
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(opportunity.rank), 0)).where(*same_hour))
    values: dict[str, Any] = dict(row._mapping)
    values |= {"rank": last.scalar_one() + 1, "from_id": from_id, "from_handle": from_handle, "chosen_at": at}
    connection.execute(sa.insert(comment_opportunities).values(values))
    (event_id,) = next_event_ids(connection, 1)
    event = {
        "id": event_id,
        "batch": event_id,
        "project": project,
        "tweet_id": tweet_id,
        "suggestion_type": NO_SUGGESTION,
        "at": at,
        "who": name_of(who),
        "action": REOPEN,
        "from_status": LEFT_OUT,
        "to_status": PENDING,
        "to_text": "",
        "reason": bounded(reason, LONGEST_REASON),
        "version": 0,
    }
    connection.execute(sa.insert(suggestion_events).values(event))
    return True


@dataclass(frozen=True, slots=True)
class TakenTweet:
    """That a person took a tweet: who, when, and why it had been left out."""

    who: str
    at: datetime
    reason: str


def read_taken(connection: sa.Connection, project: str, tweet_id: str) -> TakenTweet | None:
    """Who took a tweet after all; None where nobody did."""
    events = suggestion_events.c
    query = (
        sa.select(events.who, events.at, events.reason)
        .where(events.project == project, events.tweet_id == tweet_id)
        .where(events.suggestion_type == NO_SUGGESTION, events.from_status == LEFT_OUT)
        .order_by(events.id)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else TakenTweet(row.who, row.at, row.reason or "")


def read_kept(connection: sa.Connection, window: HourRange, project: str) -> set[str]:
    """Ids of the project's tweets of a window that stay chosen whatever is selected now: they have suggestions, or a
    person took them."""
    opportunity, events = comment_opportunities.c, suggestion_events.c
    taken = (
        sa.select(opportunity.tweet_id)
        .join(
            suggestion_events,
            (events.project == opportunity.project)
            & (events.tweet_id == opportunity.tweet_id)
            & (events.suggestion_type == NO_SUGGESTION),
        )
        .where(*within(comment_opportunities, window, project))
    )
    return tweets_with_suggestions(connection, window, project) | set(connection.execute(taken).scalars())
