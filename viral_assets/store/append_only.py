"""The one exception from "append-only": decisions about what is to be forgotten quote it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from viral_assets.store.tables import APPEND_ONLY_SQLITE, suggestion_events


@contextmanager
def events_may_be_deleted(connection: sa.Connection) -> Iterator[None]:
    """Within a write transaction: nobody else may, and after it nobody at all."""
    name = suggestion_events.name
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"ALTER TABLE {name} DISABLE TRIGGER {name}_append_only"))
        yield
        connection.execute(sa.text(f"ALTER TABLE {name} ENABLE TRIGGER {name}_append_only"))
        return
    connection.execute(sa.text(f"DROP TRIGGER {name}_no_delete"))
    yield
    connection.execute(sa.text(APPEND_ONLY_SQLITE.format("delete", "DELETE")))
