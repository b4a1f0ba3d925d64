"""Connections to a PostgreSQL server."""

from __future__ import annotations

import math
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from viral_assets.errors import ConfigurationError

CONNECT_TIMEOUT_SECONDS = 10

IDLE_SECONDS = 1.0
"""After so long unused, a connection is tried before it is used; each time would cost a grant a tenth of its time."""


def create_postgres_engine(url: sa.URL, **options: Any) -> sa.Engine:
    """An engine for a server, which is not asked before somebody needs a connection.

    Args:
        options: of SQLAlchemy's ``create_engine``.

    Raises:
        ConfigurationError: the driver that the URL names is not installed.
    """
    try:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            connect_args={} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS},
            **options,
        )
    except ImportError:
        raise ConfigurationError(
            f"the PostgreSQL driver {url.get_driver_name()} is not installed; "
            "use postgresql:// without a driver, or install it"
        ) from None
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that was not used for a while may be gone (a restart, a firewall); the pool then opens another."""
    if time.monotonic() - record.info.get("used_at", math.inf) < IDLE_SECONDS:
        return
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error
