"""The ledger of posts read from X, which are paid for one by one: the caps of a run and of a day, shared by all
processes. What is asked, and what comes of it, is the business of ``sources``.

A row of ``source_requests`` counts with what was granted until its answer says how much came; after a crash it goes on
to count with that, as nobody knows what was delivered. Refusals hold for everyone who uses the token (``quota_state``).
Days are those of UTC, in which X counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from viral_assets.quota.keys import part_of
from viral_assets.quota.ledger import Exhausted, Granted, Settlement, Waiting
from viral_assets.store.bulk import serialise_writers, upsert
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_state, source_requests


def x_account(token: str) -> str:
    """Names the X API and a token, by a fingerprint of it and never by itself."""
    return "x_api:" + hashlib.sha256(token.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PostCaps:
    """How many posts may be read; None for no limit.

    Args:
        count_users: the authors and pictures that come along with posts are charged, and count like posts.
    """

    per_run: int | None = None
    per_day: int | None = None
    count_users: bool = False

    @property
    def what(self) -> str:
        """What is counted, in words."""
        return "posts, authors and pictures" if self.count_users else "posts"


@dataclass(frozen=True, slots=True)
class PostPrices:
    """USD for what is read from X; a picture costs what a post does. What is told of costs is "about": the same one
    read again within a day (UTC) is not charged again. Source: https://docs.x.com/x-api/getting-started/pricing, 2026.
    """

    post: float = 0.005
    user: float = 0.010


@dataclass(frozen=True, slots=True)
class PostBudget:
    """For whom posts are read.

    Args:
        account: see :func:`x_account`.
        run_id: what the cap of a run is counted by.
        prices: at which costs are told; they limit nothing.
    """

    account: str
    run_id: str
    caps: PostCaps = PostCaps()
    prices: PostPrices = PostPrices()


@dataclass(frozen=True, slots=True)
class PostRequest:
    """A request for ``wanted`` posts, or for as many as the caps leave.

    ``least`` is the smallest number the endpoint takes; fewer left means that the cap is reached.
    """

    request_id: str
    project: str
    wanted: int
    least: int = 1


@dataclass(frozen=True, slots=True)
class PostStatus:
    """For people: posts counted so far, what is in flight included. ``day_ends`` in epoch seconds."""

    caps: PostCaps
    run: int
    day: int
    day_name: str
    day_ends: float


class PostLedger:
    """A :class:`~viral_assets.quota.ledger.PaidLedger` whose units are posts.

    Args:
        database: where everybody who shares the caps keeps it.
        budget: whose caps count, those of all endpoints together.
        endpoint: names the kind of request; refusals are for each.
        clock: the present.
    """

    def __init__(
        self, database: Database, budget: PostBudget, endpoint: str = "", *, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._budget, self._endpoint, self._clock = database, budget, endpoint, clock

    def ask(self, request: PostRequest) -> Granted | Waiting | Exhausted:
        """Grant as many of the posts as the caps leave."""
        now = self._clock()
        with self._database.begin() as connection:
            serialise_writers(connection, source_requests)
            if (blocked := self._blocked(connection, now.timestamp())) is not None:
                return blocked
            counted = self._status(connection, now)
            posts = _allowance(counted, request.wanted)
            if posts < request.least:
                return _exhausted(counted, request.least, now.timestamp())
            connection.execute(
                sa.insert(source_requests).values(
                    id=request.request_id,
                    account=self._budget.account,
                    endpoint=self._endpoint,
                    project=request.project,
                    run_id=self._budget.run_id,
                    status="granted",
                    granted_at=now.timestamp(),
                    posts=posts,
                )
            )
        return Granted(posts)

    def settle(self, request_id: str, settlement: Settlement, *, connection: sa.Connection | None = None) -> None:
        """Record how a granted request ended; its units are the posts that came.

        Args:
            connection: a transaction that stores what came, so that both are kept or neither.
        """
        values = {
            "status": "answered" if settlement.status == "answered" else "failed",
            "finished_at": self._clock().timestamp(),
            "error": settlement.error,
            "http_status": settlement.http_status,
        }
        if settlement.units is not None:
            values["posts"] = settlement.units
        with self._transaction(connection) as writing:
            writing.execute(sa.update(source_requests).where(source_requests.c.id == request_id).values(values))

    def block(self, seconds: float, reason: str, *, connection: sa.Connection | None = None) -> None:
        """The service takes no more requests of this kind: nobody who uses the token asks for ``seconds``."""
        until = self._clock() + timedelta(seconds=seconds)
        row = {"quota_key": self._key, "blocked_until": until.timestamp(), "reason": reason}
        later = quota_state.c.blocked_until < row["blocked_until"]
        with self._transaction(connection) as writing:
            upsert(writing, quota_state, [row], update=["blocked_until", "reason"], where=later)

    def status(self) -> PostStatus:
        """What a person wants to know."""
        with self._database.read() as connection:
            return self._status(connection, self._clock())

    @property
    def _key(self) -> str:
        return part_of(self._budget.account, self._endpoint)

    @contextmanager
    def _transaction(self, connection: sa.Connection | None) -> Iterator[sa.Connection]:
        if connection is not None:
            yield connection
            return
        with self._database.begin() as begun:
            yield begun

    def _blocked(self, connection: sa.Connection, now: float) -> Waiting | None:
        row = connection.execute(
            sa.select(quota_state.c.blocked_until, quota_state.c.reason).where(quota_state.c.quota_key == self._key)
        ).one_or_none()
        return Waiting(row.blocked_until - now, row.reason) if row is not None and row.blocked_until > now else None

    def _status(self, connection: sa.Connection, now: datetime) -> PostStatus:
        start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = (start + timedelta(days=1)).timestamp()
        table, posts = source_requests.c, sa.func.coalesce(sa.func.sum(source_requests.c.posts), 0)
        ours = table.account == self._budget.account
        today = sa.select(posts).where(ours, table.granted_at >= start.timestamp(), table.granted_at < end)
        of_run = sa.select(posts).where(ours, table.run_id == self._budget.run_id)
        run, day = (int(connection.execute(query).scalar_one()) for query in (of_run, today))
        return PostStatus(self._budget.caps, run, day, f"{start:%F}", end)


def _allowance(counted: PostStatus, wanted: int) -> int:
    caps, left = counted.caps, [wanted]
    if caps.per_run is not None:
        left.append(caps.per_run - counted.run)
    if caps.per_day is not None:
        left.append(caps.per_day - counted.day)
    return min(left)


def _exhausted(counted: PostStatus, least: int, now: float) -> Exhausted:
    """Which caps there are and how much of them is used. Where the day's is reached, another run has to wait."""
    caps, used = counted.caps, []
    if caps.per_run is not None:
        used.append(f"{counted.run:,} of {caps.per_run:,} {caps.what} a run")
    if caps.per_day is not None:
        used.append(f"{counted.day:,} of {caps.per_day:,} a day")
    day_is_over = caps.per_day is not None and caps.per_day - counted.day < least
    reason = f"the cap is reached: {' and '.join(used)} are read or on their way"
    return Exhausted(counted.day_ends - now if day_is_over else 0.0, reason)
