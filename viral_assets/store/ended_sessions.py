"""Sessions of the review page that ended before their cookies did: who logged out, wherever the cookie is by now.

What a session is, and how long it may last, is the business of ``web.sessions``.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore
from viral_assets.store.tables import ended_sessions


def end_session(connection: sa.Connection, session_id: str, *, until: datetime, now: datetime) -> None:
    """Remember that a session has ended. Forgets those whose cookies are no longer accepted anyway.

    Args:
        until: when the cookie of this one is no longer accepted.
    """
    connection.execute(sa.delete(ended_sessions).where(ended_sessions.c.until < now))
    insert_ignore(connection, ended_sessions, [{"session_id": session_id, "until": until}])


def has_ended(connection: sa.Connection, session_id: str) -> bool:
    """Whether somebody ended it, on whatever server that shares this database."""
    found = sa.select(ended_sessions.c.session_id).where(ended_sessions.c.session_id == session_id)
    return connection.execute(found).first() is not None
