"""Which hours have changed since their numbers were added up, as the database notes it: whoever writes, and however.

Triggers (``hour_triggers``) note the hours of scores, opportunities, suggestions and answered requests, and of tweets
that go. Tweets come in by the hundred thousand: their hours are noted once for all, by :func:`note_changed`. A note
stands until the hour is added up anew by somebody who sees what was noted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import insert_columns
from viral_assets.store.tables import ABOUT, hour_changes


def note_changed(connection: sa.Connection, hours: Iterable[datetime]) -> None:
    """Tweets of these hours have come in."""
    # On PostgreSQL several may note an hour at once and none waits for the other: each has a note of its own.
    change = 0 if connection.dialect.name == "sqlite" else random.getrandbits(62)
    notes = [(about, hour, change) for hour in sorted(set(hours)) for about in ABOUT]
    if notes:
        columns = dict(zip(("about", "window_start", "change"), map(list, zip(*notes, strict=True)), strict=True))
        insert_columns(connection, hour_changes, columns, ignore=True)
