"""What an undo gives back of revisions. Asking for them and deciding about them is in ``revisions``."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from viral_assets.store.tables import suggestion_revisions
from viral_assets.vocabulary import OFFERED, TAKEN


def taken_before(connection: sa.Connection, event: sa.Row[Any]) -> tuple[str | None, str | None]:
    """The revision that was taken last before the one of this event, and the model that wrote it; both None where
    there was none."""
    table = suggestion_revisions.c
    query = (
        sa.select(table.text, table.model)
        .where(*_of_suggestion(event), table.state == TAKEN, table.event_id < event.id)
        .order_by(table.event_id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (None, None) if row is None else (row.text, row.model)


def offer_again(connection: sa.Connection, event: sa.Row[Any]) -> None:
    """The revision that this event decided about is to be decided about once more."""
    table = suggestion_revisions
    undone = {"state": OFFERED, "event_id": None, "decided_at": None, "decided_by": None}
    connection.execute(sa.update(table).where(*_of_suggestion(event), table.c.event_id == event.id).values(undone))


def _of_suggestion(event: sa.Row[Any]) -> list[sa.ColumnElement[bool]]:
    table = suggestion_revisions.c
    names = ("project", "tweet_id", "suggestion_type")
    return [table[name] == getattr(event, name) for name in names]
