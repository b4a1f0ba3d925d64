"""Posts that are paid for one by one: every request for some is granted here first, within the caps, by one
transaction that all processes share. What is asked, and what comes of it, is the business of ``sources``.

A row of ``source_requests`` counts with what was asked for until its answer says how much came; after a crash it
goes on to count with that, as nobody knows what was delivered. Refusals hold for everyone who uses the token
(``quota_state``). Days are those of UTC, in which X counts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from viral_assets.store.bulk import serialise_writers, upsert
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_state, source_requests


@dataclass(frozen=True, slots=True)
class PostCaps:
    """How many posts may be read; None for no limit."""

    per_run: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class PostBudget:
    """For whom posts are read.

    Args:
        account: names the service and the token, by a fingerprint of it and never by itself.
        run_id: what the cap of a run is counted by.
    """

    account: str
    run_id: str
    caps: PostCaps = PostCaps()


@dataclass(frozen=True, slots=True)
class PostGrant:
    """Ask for up to ``posts`` posts now."""

    request_id: str
    posts: int


@dataclass(frozen=True, slots=True)
class PostsBlocked:
    """The service refused somebody; ask again in ``seconds``."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class PostCapReached:
    """Nothing more may be read by this run, or today."""

    reason: str


@dataclass(frozen=True, slots=True)
class PostsRead:
    """For people: posts counted so far, what is in flight included."""

    run: int
    day: int


def request_posts(
    database: Database, budget: PostBudget, endpoint: str, *, project: str, wanted: int, least: int, now: datetime
) -> PostGrant | PostsBlocked | PostCapReached:
    """Grant a request for ``wanted`` posts, or for as many as the caps leave.

    Args:
        least: the smallest number the endpoint takes; fewer left means that the cap is reached.
    """
    seconds = now.timestamp()
    with database.begin() as connection:
        serialise_writers(connection, source_requests)
        held = connection.execute(
            sa.select(quota_state.c.blocked_until, quota_state.c.reason).where(
                quota_state.c.quota_key == _key(budget, endpoint)
            )
        ).one_or_none()
        if held is not None and held.blocked_until > seconds:
            return PostsBlocked(held.blocked_until - seconds, held.reason)
        counted = _posts_read(connection, budget, now)
        granted = _allowance(budget.caps, counted, wanted)
        if granted < least:
            return PostCapReached(_describe(budget.caps, counted))
        request_id = uuid.uuid4().hex
        connection.execute(
            sa.insert(source_requests).values(
                id=request_id,
                account=budget.account,
                endpoint=endpoint,
                project=project,
                run_id=budget.run_id,
                status="granted",
                granted_at=seconds,
                posts=granted,
            )
        )
    return PostGrant(request_id, granted)


def settle_posts(
    connection: sa.Connection,
    request_id: str,
    *,
    now: datetime,
    posts: int | None,
    error: str | None = None,
    http_status: int | None = None,
) -> None:
    """Record how a granted request ended.

    Args:
        posts: that came; None where it is not known, so that what was asked for goes on to count.
    """
    values = {
        "status": "failed" if error else "answered",
        "finished_at": now.timestamp(),
        "error": error,
        "http_status": http_status,
    }
    if posts is not None:
        values["posts"] = posts
    connection.execute(sa.update(source_requests).where(source_requests.c.id == request_id).values(values))


def block_account(
    connection: sa.Connection, budget: PostBudget, endpoint: str, *, until: datetime, reason: str
) -> None:
    """The service takes no more requests of this kind: nobody who uses the token asks before ``until``."""
    row = {"quota_key": _key(budget, endpoint), "blocked_until": until.timestamp(), "reason": reason}
    later = quota_state.c.blocked_until < row["blocked_until"]
    upsert(connection, quota_state, [row], update=["blocked_until", "reason"], where=later)


def posts_read(connection: sa.Connection, budget: PostBudget, now: datetime) -> PostsRead:
    """How many posts count towards the caps."""
    return _posts_read(connection, budget, now)


def _posts_read(connection: sa.Connection, budget: PostBudget, now: datetime) -> PostsRead:
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    table, posts = source_requests.c, sa.func.coalesce(sa.func.sum(source_requests.c.posts), 0)
    ours = table.account == budget.account
    today = (
        sa.select(posts)
        .where(ours, table.granted_at >= day.timestamp())
        .where(table.granted_at < (day + timedelta(days=1)).timestamp())
    )
    of_run = sa.select(posts).where(ours, table.run_id == budget.run_id)
    run, since_midnight = (int(connection.execute(query).scalar_one()) for query in (of_run, today))
    return PostsRead(run, since_midnight)


def _allowance(caps: PostCaps, counted: PostsRead, wanted: int) -> int:
    left = [wanted]
    if caps.per_run is not None:
        left.append(caps.per_run - counted.run)
    if caps.per_day is not None:
        left.append(caps.per_day - counted.day)
    return min(left)


def _describe(caps: PostCaps, counted: PostsRead) -> str:
    said = []
    if caps.per_run is not None:
        said.append(f"{counted.run:,} of {caps.per_run:,} posts a run")
    if caps.per_day is not None:
        said.append(f"{counted.day:,} of {caps.per_day:,} a day")
    return f"the cap is reached: {' and '.join(said)} are read or on their way"


def _key(budget: PostBudget, endpoint: str) -> str:
    return f"{budget.account}/{endpoint}"
