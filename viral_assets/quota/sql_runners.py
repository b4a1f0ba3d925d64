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
from viral_assets.store.tables import generation_claims, llm_requests, quota_runners, tweet_offers

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
    changed = {name: values[name] for name in ("tweets", "priority", "sharing")} | {"seen_at": values["now"]}
    changed["quota_key"] = values["key"]
    updated = connection.execute(
        sa.update(quota_runners).where(quota_runners.c.runner == values["runner"]).values(changed)
    )
    if not updated.rowcount:
        new = {name: values[name] for name in ("runner", "host", "pid")} | {"joined_at": values["now"]}
        connection.execute(sa.insert(quota_runners).values(changed | new))


def expire(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """Forget runners that were killed: without a heartbeat for long, or of this machine and no longer running."""
    known = connection.execute(
        sa.select(quota_runners.c.runner, quota_runners.c.host, quota_runners.c.pid, quota_runners.c.seen_at)
    ).all()
    expired = [
        row.runner
        for row in known
        if row.seen_at <= values["expired"]
        or (row.host == values["host"] and row.pid != values["pid"] and not is_running(row.pid))
    ]
    if expired:
        forget(connection, expired)


def forget(connection: sa.Connection, runners: list[str]) -> None:
    """They take part no more. When they came is remembered."""
    for runner in runners:
        statements.REMEMBER_ARRIVAL.run(connection, {"runner": runner, "kept_seconds": ARRIVALS_KEPT_SECONDS})
    # First, as who takes an offer has it before the runner; then in the order in which a grant writes: so no two can
    # wait for each other.
    connection.execute(sa.delete(tweet_offers).where(tweet_offers.c.runner.in_(runners)))
    connection.execute(sa.delete(quota_runners).where(quota_runners.c.runner.in_(runners)))
    # What is in a batch stays claimed until the batch is closed, whoever waits for it.
    in_batch = sa.select(llm_requests.c.id).where(
        llm_requests.c.id == generation_claims.c.request_id,
        llm_requests.c.batch_id.is_not(None),
        llm_requests.c.status == "granted",
    )
    connection.execute(sa.delete(generation_claims).where(generation_claims.c.runner.in_(runners), ~in_batch.exists()))


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
