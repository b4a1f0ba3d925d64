"""Who was told of which tweet. A row is written before a message is sent and settled after it, so that whatever happens
in between, nobody is told twice; what was never settled is known not to be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.tables import notifications
from viral_assets.vocabulary import MISSED, SENDING, SENT, UNKNOWN, WAITING, Telling

SILENT_IS_OVER = timedelta(minutes=5)
"""Longer than any message takes: what has been sending since before then has no outcome."""


@dataclass(frozen=True, slots=True)
class ChannelPause:
    """Until when a channel is left alone (None: it is not), after how many messages in a row that it did not take."""

    until: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """What a channel was told, and what became of it, over a time.

    Args:
        reason: of the newest message that it did not take, or of which nobody knows; empty where all went well.
    """

    channel: str
    sent: int = 0
    waiting: int = 0
    unknown: int = 0
    missed: int = 0
    last_sent_at: datetime | None = None
    last_problem_at: datetime | None = None
    reason: str = ""

    @property
    def down(self) -> bool:
        """It did not take the last message."""
        return self.last_problem_at is not None and (
            self.last_sent_at is None or self.last_sent_at < self.last_problem_at
        )


def claim(
    connection: sa.Connection,
    channel: str,
    project: str,
    hours: Iterable[tuple[str, datetime]],
    message_id: str,
    now: datetime,
) -> set[str]:
    """Take tweets for one message. Whoever asks at the same time gets the others.

    Args:
        hours: of each tweet, its id and its hour.

    Returns:
        The ids that the message is to tell of.
    """
    rows = [
        {
            "channel": channel,
            "tweet_id": tweet_id,
            "project": project,
            "window_start": hour,
            "state": SENDING,
            "message_id": message_id,
            "attempts": 0,
            "claimed_at": now,
            "reason": "",
        }
        for tweet_id, hour in sorted(hours)
    ]
    if not rows:
        return set()
    told = notifications.c
    ids = [str(row["tweet_id"]) for row in rows]
    insert_ignore(connection, notifications, rows)
    connection.execute(
        sa.update(notifications)
        .where(told.channel == channel, told.state == WAITING, one_of(connection, told.tweet_id, ids))
        .values(state=SENDING, message_id=message_id, claimed_at=now, project=project)
    )
    return set(connection.scalars(sa.select(told.tweet_id).where(told.message_id == message_id, told.state == SENDING)))


def settle(
    connection: sa.Connection,
    message_id: str,
    state: Telling,
    now: datetime,
    *,
    reason: str = "",
    retry_at: datetime | None = None,
) -> None:
    """Say what became of a message.

    Args:
        retry_at: until then its channel is left alone.
    """
    told = notifications.c
    connection.execute(
        sa.update(notifications)
        .where(told.message_id == message_id, told.state == SENDING)
        .values(state=state, settled_at=now, reason=reason, retry_at=retry_at, attempts=told.attempts + 1)
    )


def anything_open(connection: sa.Connection) -> bool:
    """Whether any tweet is claimed or waits; mostly none is."""
    unsettled = notifications.c.state.in_([SENDING, WAITING])
    return bool(connection.scalar(sa.select(sa.exists().select_from(notifications).where(unsettled))))


def pause_of(connection: sa.Connection, channel: str) -> ChannelPause:
    """How long a channel is left alone."""
    told = notifications.c
    troubled = [told.channel == channel, told.state.in_([WAITING, UNKNOWN]), told.retry_at.is_not(None)]
    until = connection.scalar(sa.select(sa.func.max(told.retry_at)).where(*troubled))
    waiting = sa.select(sa.func.max(told.attempts)).where(told.channel == channel, told.state == WAITING)
    return ChannelPause(until, connection.scalar(waiting) or 0)


def close_silent(connection: sa.Connection, now: datetime) -> int:
    """Whatever has been sending for too long has no outcome: the process that sent it has ended.

    Returns:
        Tweets of which nobody knows.
    """
    told = notifications.c
    return connection.execute(
        sa.update(notifications)
        .where(told.state == SENDING, told.claimed_at < now - SILENT_IS_OVER)
        .values(state=UNKNOWN, settled_at=now, retry_at=None, reason="the process ended while it sent the message")
    ).rowcount


def close_missed(
    connection: sa.Connection, channel: str, project: str, still_news: Collection[str], now: datetime
) -> int:
    """What waited for a channel and is no news any more, or was decided about meanwhile, is not told."""
    told = notifications.c
    waiting = [told.channel == channel, told.project == project, told.state == WAITING]
    if still_news:
        waiting.append(~one_of(connection, told.tweet_id, sorted(still_news)))
    changes = {"state": MISSED, "settled_at": now, "retry_at": None}
    return connection.execute(sa.update(notifications).where(*waiting).values(changes)).rowcount


def take_back_unknown(connection: sa.Connection, channels: Collection[str]) -> int:
    """Let those be told again of which nobody knows whether they arrived: a person has said so."""
    told = notifications.c
    gone = sa.delete(notifications).where(told.state == UNKNOWN, told.channel.in_(sorted(channels)))
    return connection.execute(gone).rowcount


def told_since(connection: sa.Connection, since: datetime) -> list[dict[str, Any]]:
    """All that was begun since a time, as it stands in the table."""
    query = sa.select(notifications).where(notifications.c.claimed_at >= since)
    return [dict(row._mapping) for row in connection.execute(query)]


def note_told(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put back what :func:`told_since` gave, where nothing is known of it."""
    insert_ignore(connection, notifications, rows)


def channel_standings(connection: sa.Connection, since: datetime) -> dict[str, ChannelStanding]:
    """How the channels stand, by what was begun since a time, sorted by name."""
    told = notifications.c
    # Counted here: SQLite would read the whole table in the order of its groups.
    query = sa.select(told.channel, told.state, told.settled_at, told.reason).where(told.claimed_at >= since)
    rows: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        rows.setdefault(row.channel, []).append(row)
    return {channel: _standing(channel, rows[channel]) for channel in sorted(rows)}


def _standing(channel: str, rows: Sequence[Any]) -> ChannelStanding:
    counts = Counter(row.state for row in rows)
    troubled = [row for row in rows if row.state in (WAITING, UNKNOWN) and row.settled_at is not None]
    last = max(troubled, key=lambda row: row.settled_at, default=None)
    return ChannelStanding(
        channel,
        sent=counts[SENT],
        waiting=counts[WAITING],
        unknown=counts[UNKNOWN],
        missed=counts[MISSED],
        last_sent_at=max((row.settled_at for row in rows if row.state == SENT), default=None),
        last_problem_at=last.settled_at if last else None,
        reason=last.reason if last else "",
    )
