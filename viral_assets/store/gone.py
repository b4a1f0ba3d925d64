"""Tweets that X has no more, as a second look at them found: deleted, of a closed account, or of a protected one.

Nobody can answer them, so that nobody is shown them; X asks whoever stores them to let them go, which a person does
(``viral-assets forget --gone``). One that is seen again later is one like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.conditions import within
from viral_assets.store.driver_values import Columns
from viral_assets.store.tables import comment_opportunities, gone_tweets

FORGET_THEM = "viral-assets forget --gone --yes"
"""What lets go of all of them."""


def note_gone(connection: sa.Connection, tweet_ids: Iterable[str], now: datetime) -> None:
    """Mark tweets as gone; one that is marked already stays as it was."""
    insert_ignore(connection, gone_tweets, [{"tweet_id": each, "noticed_at": now} for each in sorted({*tweet_ids})])


def note_seen(connection: sa.Connection, columns: Columns) -> None:
    """Tweets that were seen after they had been found gone are there again.

    Args:
        columns: with ``tweet_id`` and ``collected_at``, equally long.
    """
    if not columns["tweet_id"] or not anything_gone(connection):
        return
    gone = gone_tweets.c
    seen: dict[str, datetime] = {}
    for tweet_id, at in zip(columns["tweet_id"], columns["collected_at"], strict=True):
        seen[tweet_id] = max(at, seen.get(tweet_id, at))
    marked = sa.select(gone.tweet_id, gone.noticed_at).where(one_of(connection, gone.tweet_id, sorted(seen)))
    back = [row.tweet_id for row in connection.execute(marked) if seen[row.tweet_id] > row.noticed_at]
    if back:
        connection.execute(sa.delete(gone_tweets).where(one_of(connection, gone.tweet_id, back)))


def anything_gone(connection: sa.Connection) -> bool:
    """Whether any tweet is marked; mostly none is."""
    return bool(connection.scalar(sa.select(sa.exists().select_from(gone_tweets))))


def still_there(tweet_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The condition that a tweet is not known to be gone."""
    return ~sa.exists().where(gone_tweets.c.tweet_id == tweet_id)


def gone_ids(connection: sa.Connection) -> Sequence[str]:
    """All that are marked."""
    return connection.scalars(sa.select(gone_tweets.c.tweet_id).order_by(gone_tweets.c.tweet_id)).all()


def count_gone(connection: sa.Connection, project: str | None = None, hours: HourRange | None = None) -> int:
    """How many are marked.

    Args:
        project, hours: only of these opportunities.
    """
    query = sa.select(sa.func.count(sa.distinct(gone_tweets.c.tweet_id))).select_from(gone_tweets)
    if project is not None or hours is not None:
        chosen = comment_opportunities
        query = query.join(chosen, chosen.c.tweet_id == gone_tweets.c.tweet_id)
        query = query.where(*within(chosen, hours, project)) if hours else query.where(chosen.c.project == project)
    return connection.scalar(query) or 0
