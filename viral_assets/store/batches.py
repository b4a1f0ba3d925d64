"""Batches of requests that a service answers together, and the rows of the ledger that were sent with them.

A batch is open until it is closed. It is written before it is sent, under an id by which the service can find it again:
a process that is killed at any moment leaves what the next one needs. One runner at a time waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from viral_assets.store.tables import generation_batches, generation_claims, llm_requests, quota_runners

PREPARING, SENDING, SENT, CLOSED = "preparing", "sending", "sent", "closed"
"""Of a batch: its requests are being granted; it may be at the service; it is, under a name; nothing is open."""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is not closed; ``deadline`` and ``created_at`` are in seconds since the epoch."""

    id: str
    model: str
    run_id: str
    state: str
    name: str | None
    runner: str
    created_at: float
    deadline: float


@dataclass(frozen=True, slots=True)
class BatchedRequest:
    """A request of a batch that has not been settled."""

    id: str
    project: str
    tweet_ids: tuple[str, ...]


def add_batch(connection: sa.Connection, batch: OpenBatch, quota_key: str) -> None:
    """Write down that there will be one."""
    values = {name: getattr(batch, name) for name in OpenBatch.__dataclass_fields__}
    connection.execute(sa.insert(generation_batches).values(quota_key=quota_key, **values))


def batch_is(connection: sa.Connection, batch_id: str, state: str, *, name: str | None = None) -> None:
    """Write down how far it has come, and its name at the service once that is known."""
    values = {"state": state} if name is None else {"state": state, "name": name}
    connection.execute(sa.update(generation_batches).where(generation_batches.c.id == batch_id).values(**values))


def close_batch(connection: sa.Connection, batch_id: str, *, at: float, ended: str) -> None:
    """Nothing of it is open any more."""
    values = {"state": CLOSED, "closed_at": at, "ended": ended}
    connection.execute(sa.update(generation_batches).where(generation_batches.c.id == batch_id).values(**values))


def open_batches(connection: sa.Connection, quota_key: str) -> list[OpenBatch]:
    """Those of a quota, the oldest first."""
    columns = generation_batches.c
    query = (
        sa.select(*(columns[name] for name in OpenBatch.__dataclass_fields__))
        .where(columns.quota_key == quota_key, columns.state != CLOSED)
        .order_by(columns.created_at, columns.id)
    )
    return [OpenBatch(*row) for row in connection.execute(query)]


def unsettled(connection: sa.Connection, batch_ids: Collection[str]) -> dict[str, list[BatchedRequest]]:
    """The requests of batches that have not been settled, by batch."""
    columns = llm_requests.c
    query = sa.select(columns.batch_id, columns.id, columns.project, columns.tweet_ids).where(
        columns.batch_id.in_(batch_ids), columns.status == "granted"
    )
    found: dict[str, list[BatchedRequest]] = {batch_id: [] for batch_id in batch_ids}
    for row in connection.execute(query):
        found[row.batch_id].append(BatchedRequest(row.id, row.project, tuple(row.tweet_ids)))
    return found


def tried(connection: sa.Connection, quota_key: str, *, since: float) -> list[tuple[str, str, tuple[str, ...]]]:
    """What batches of a quota have ended with or without an answer: run, project and tweets of each request.

    Args:
        since: seconds since the epoch.
    """
    columns = llm_requests.c
    query = sa.select(columns.run_id, columns.project, columns.tweet_ids).where(
        columns.quota_key == quota_key,
        columns.granted_at >= since,
        columns.batch_id.is_not(None),
        columns.status.in_(("answered", "failed")),
    )
    return [(row.run_id, row.project, tuple(row.tweet_ids)) for row in connection.execute(query)]


def take_over(connection: sa.Connection, batch_id: str, runner: str, *, expired: float) -> bool:
    """Wait for a batch from now on, with all claims on its tweets; False where another runner does, or it is closed.

    Args:
        expired: a runner that has not been heard of since then waits for nothing any more; seconds since the epoch on
            the ledger's clock.
    """
    columns = generation_batches.c
    held = connection.execute(
        sa.select(columns.runner, columns.state).where(columns.id == batch_id).with_for_update()
    ).one()
    alive = sa.select(quota_runners.c.runner).where(
        quota_runners.c.runner == held.runner, quota_runners.c.seen_at > expired
    )
    if held.state == CLOSED:
        return False
    if held.runner != runner and connection.execute(alive).first() is not None:
        return False
    connection.execute(sa.update(generation_batches).where(columns.id == batch_id).values(runner=runner))
    requests = sa.select(llm_requests.c.id).where(
        llm_requests.c.batch_id == batch_id, llm_requests.c.status == "granted"
    )
    connection.execute(
        sa.update(generation_claims).where(generation_claims.c.request_id.in_(requests)).values(runner=runner)
    )
    return True
