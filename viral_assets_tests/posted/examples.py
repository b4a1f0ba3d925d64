"""Tweets with suggestions, and posts of the account that may be those."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.posted.own_post import OwnPost, PostCounts
from viral_assets.sources.parsers.snowflakes import EPOCH
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, reply_snapshots, suggestion_events
from viral_assets_tests.delivery.examples import HOUR, TYPES, opportunity, store, suggestion
from viral_assets_tests.store.rows import stored

NOW = HOUR + timedelta(days=3, minutes=30)
POSTED_AT = HOUR + timedelta(minutes=40)

CHARGER = "Put the charger in the kitchen, yours included. It is the only version that lasted for us."
WHICH = "Which part do they push back on: the hour, or that it is you who decides?"
MIRROR = "So the rule is not about phones, it is about everybody being in the room again."


def id_at(moment: datetime, number: int = 0) -> str:
    """The id of a post of that moment."""
    return str((int((moment - EPOCH).total_seconds() * 1000) << 22) + number)


TWEET = id_at(HOUR + timedelta(minutes=14))
REPLY = id_at(POSTED_AT)


def remember(
    database: Database,
    statuses: Sequence[str] = ("approved", "pending", "rejected"),
    *,
    tweet_id: str = TWEET,
    texts: Sequence[str] = (CHARGER, WHICH, MIRROR),
    **changes: Any,
) -> None:
    """A tweet with a suggestion of each type."""
    written = tuple(
        suggestion(
            text,
            type_name=name,
            status=status,
            decided_at=HOUR if status in ("approved", "edited", "rejected", "posted") else None,
            decided_by="Mara" if status in ("approved", "edited", "rejected", "posted") else None,
        )
        for text, name, status in zip(texts, TYPES, statuses, strict=False)
    )
    with database.begin() as connection:
        store(connection, [opportunity(tweet_id=tweet_id, suggestions=written, **changes)])


def post(text: str = CHARGER, **changes: Any) -> OwnPost:
    """A post that answers the tweet, as it was seen a day later."""
    seen = changes.pop("seen", (looked(),))
    values = {"post_id": REPLY, "posted_at": POSTED_AT, "text": text, "answers": TWEET, "seen": seen}
    return OwnPost(**{**values, **changes})


def looked(hours: float = 24, source: str = "a", **counts: Any) -> PostCounts:
    answered = counts.pop("author_answered", None)
    values = counts or ({} if answered is not None else {"view_count": 900, "like_count": 12, "reply_count": 2})
    return PostCounts(POSTED_AT + timedelta(hours=hours), source, values, answered)


def statuses(database: Database) -> dict[str, tuple[str, str]]:
    """Status and text of the suggestions, by type."""
    return {row["suggestion_type"]: (row["status"], row["text"]) for row in stored(database, comment_suggestions)}


def everything(database: Database) -> list[Any]:
    """All that a run may write, but for when it was written."""
    tables = (comment_suggestions, reply_snapshots)
    events = [
        {name: value for name, value in row.items() if name not in ("at", "id", "batch")}
        for row in stored(database, suggestion_events)
    ]
    with database.read() as connection:
        replies = [tuple(row) for row in connection.execute(sa.text("SELECT * FROM posted_replies ORDER BY reply_id"))]
    return [*(stored(database, table) for table in tables), events, replies]
