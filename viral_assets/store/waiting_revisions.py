"""Revisions that somebody asked for and nobody has written, for runs to take up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import one_of
from viral_assets.store.suggestion_status import after_revision
from viral_assets.store.tables import comment_suggestions, suggestion_revisions
from viral_assets.vocabulary import ASKED, STATUSES

_KEY = ("project", "tweet_id", "suggestion_type")
IS_ABOUT = sa.and_(*(comment_suggestions.c[name] == suggestion_revisions.c[name] for name in _KEY))
"""Joins a revision with its suggestion."""

WRITABLE = (
    suggestion_revisions.c.state == ASKED,
    comment_suggestions.c.text == suggestion_revisions.c.standing_text,
    comment_suggestions.c.status.in_([status for status in STATUSES if after_revision(status) is not None]),
)
"""It was asked for and is not written, and the suggestion is still as it was and may be revised."""


def waiting_revisions(
    connection: sa.Connection, tweets: Iterable[tuple[str, str]], *, asked_before: datetime, now: datetime
) -> list[str]:
    """The ids of those that wait for suggestions for these tweets (project and id), and that nobody is writing: who
    asked first comes first.

    Args:
        asked_before: those of later are still in the hands of who asked.
    """
    table, wanted = suggestion_revisions.c, set(tweets)
    query = (
        sa.select(table.id, table.project, table.tweet_id)
        .join_from(suggestion_revisions, comment_suggestions, IS_ABOUT)
        .where(
            one_of(connection, table.tweet_id, sorted({tweet_id for _, tweet_id in wanted})),
            table.asked_at < asked_before,
            sa.or_(table.held_until.is_(None), table.held_until <= now),
            *WRITABLE,
        )
        .order_by(table.asked_at, table.id)
    )
    return [row.id for row in connection.execute(query) if (row.project, row.tweet_id) in wanted]
