"""How far a revision has come that somebody asked for: who has it written, and how that ends. All functions want the
connection of ``Database.begin``, and change only what is asked for and not written yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.store.conditions import same_suggestion
from viral_assets.store.tables import comment_suggestions, suggestion_revisions
from viral_assets.vocabulary import ASKED, DROPPED, OFFERED, UNANSWERED

HELD_FOR = timedelta(seconds=20)
"""For so long nobody else takes up a revision of which nothing is heard, see :func:`hold`."""


def hold(connection: sa.Connection, revision_id: str, *, at: datetime) -> bool:
    """Take it on, to have it written: nobody else does for :data:`HELD_FOR`, to be renewed by :func:`keep_hold`.

    Returns:
        Whether it is to be written and nobody else has it.
    """
    table = suggestion_revisions.c
    free = sa.or_(table.held_until.is_(None), table.held_until <= at)
    return _change(connection, revision_id, free, held_until=at + HELD_FOR)


def keep_hold(connection: sa.Connection, revision_id: str, *, at: datetime) -> None:
    """Who has it lives."""
    _change(connection, revision_id, held_until=at + HELD_FOR)


def let_go(connection: sa.Connection, revision_id: str, *, at: datetime) -> None:
    """Whoever wants may take it on. That it was held until now tells runs how long it has waited since."""
    _change(connection, revision_id, held_until=at)


def offer(
    connection: sa.Connection,
    revision_id: str,
    *,
    text: str,
    weighted_length: int,
    provider: str,
    model: str,
    request_id: str,
    at: datetime,
) -> None:
    """It is written, and takes the place of the one that was offered before. Where the suggestion says something else
    meanwhile, or is gone, it is dropped: it would be a revision of what nobody sees any more."""
    written = {
        "text": text,
        "weighted_length": weighted_length,
        "provider": provider,
        "model": model,
        "request_id": request_id,
        "reason": "",
        "ended_at": at,
        "held_until": None,
    }
    same = sa.exists().where(
        same_suggestion(comment_suggestions, suggestion_revisions),
        comment_suggestions.c.text == suggestion_revisions.c.standing_text,
    )
    if _change(connection, revision_id, same, **written, state=OFFERED):
        _drop_others(connection, revision_id, at)
    else:
        outdated = "the suggestion was changed while it was written"
        _change(connection, revision_id, **{**written, "reason": outdated}, state=DROPPED)


def _drop_others(connection: sa.Connection, revision_id: str, at: datetime) -> None:
    """What was offered before of the same suggestion."""
    table, mine = suggestion_revisions.c, suggestion_revisions.alias("mine")
    names = ("project", "tweet_id", "suggestion_type")
    same = sa.exists().where(mine.c.id == revision_id, *(mine.c[name] == table[name] for name in names))
    others = sa.update(suggestion_revisions).where(table.id != revision_id, table.state == OFFERED, same)
    connection.execute(others.values(state=DROPPED, decided_at=at))


def put_off(connection: sa.Connection, revision_id: str, *, reason: str, at: datetime) -> None:
    """It could not be written now; it stays asked for, and a later run takes it up."""
    _change(connection, revision_id, reason=reason, held_until=at)


def fail(connection: sa.Connection, revision_id: str, *, reason: str, at: datetime) -> None:
    """It came to nothing."""
    _change(connection, revision_id, reason=reason, held_until=None, ended_at=at, state=UNANSWERED)


def _change(connection: sa.Connection, revision_id: str, *conditions: sa.ColumnElement[bool], **values: Any) -> bool:
    """Whether it is one of those, and the conditions hold."""
    table = suggestion_revisions.c
    changed = sa.update(suggestion_revisions).where(table.id == revision_id, table.state == ASKED, *conditions)
    return connection.execute(changed.values(values)).rowcount > 0
