"""Who takes part in the quotas of a database: heartbeats, those that were killed, and who came when."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from viral_assets.processes import is_running
from viral_assets.quota import statements
from viral_assets.quota.ledger import Arrival

HEARTBEAT_TTL_SECONDS = 15.0
"""A runner not seen for this long has expired: its place in the queue, its claims and its demand no longer count."""

UNKNOWN = -1
"""Tweets of a runner that has only announced itself."""

ARRIVALS_KEPT_SECONDS = 4 * 3_600.0
"""For so long it is remembered who came when."""


def join(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """A runner's heartbeat; with the first one it takes part.

    Args:
        values: what the statements need, with the runner's ``tweets`` and ``sharing``.
    """
    expire(connection, values)
    statements.JOIN.run(connection, values)


def expire(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """Forget runners that were killed: without a heartbeat for long, or of this machine and no longer running."""
    expired = [
        row.runner
        for row in statements.RUNNERS.run(connection, {}).all()
        if row.seen_at <= values["expired"]
        or (row.host == values["host"] and row.pid != values["pid"] and not is_running(row.pid))
    ]
    if expired:
        forget(connection, expired)


def forget(connection: sa.Connection, runners: list[str]) -> None:
    """They take part no more. When they came is remembered."""
    for runner in runners:
        statements.REMEMBER_ARRIVAL.run(connection, {"runner": runner, "kept_seconds": ARRIVALS_KEPT_SECONDS})
    statements.FORGET.run(connection, {"runners": runners})


def arrivals(connection: sa.Connection, values: Mapping[str, Any], window_seconds: float) -> tuple[Arrival, ...]:
    """Who came in this window, and at about this time in the hours before."""
    now, me = values["now"], (values["host"], values["pid"])
    rows = statements.ARRIVALS.run(connection, {**values, "around": window_seconds})
    return tuple(
        Arrival(
            row.runner,
            row.joined_at - now,
            None if row.began_at is None else row.began_at - now,
            elsewhere=(row.host, row.pid) != me,
        )
        for row in rows
    )


def host() -> str:
    """Where a process number means a process: containers can share a host's name and not its processes."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()
