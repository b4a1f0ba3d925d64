"""Recent search of the X API, hour by hour: what is asked next, within which caps, and what is stored with the answer.

The wire is in ``x_api_client``. An hour is read newest post first, page by page; a page, the cursor after it and what
it cost are committed together. So a killed run loses the page that was on its way, and a second run of a finished hour
asks nothing. Rules of the endpoint: https://docs.x.com/x-api/posts/search/integrate/paginate.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ServiceRefusedError
from viral_assets.hours import HOUR, HourRange
from viral_assets.quota.posts import PostBudget
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.services.common import Deadline, ServiceIngestion, ServiceReport, utc_now
from viral_assets.sources.services.x_api_client import (
    LEAST_A_PAGE,
    MOST_A_PAGE,
    StaleTokenError,
    XApiAnswer,
    XApiClient,
)
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import (
    CAP_OF_HOUR,
    HourLease,
    HourProgress,
    LeaseBusy,
    acquire_lease,
    read_progress,
    release_lease,
    renew_lease,
    save_progress,
    this_holder,
    with_items,
)

SOURCE = "x_api"
FRESHEST = timedelta(seconds=30)
"""X takes no ``end_time`` later than this ago."""

OLDEST = timedelta(days=7) - timedelta(minutes=5)
"""How far recent search goes back, with room for the requests themselves."""

_FIRST_MOMENT_MS = 1_288_834_974_657
"""Of the clock in ids of posts: milliseconds since 1970, above 22 bits of their own."""


@dataclass(frozen=True, slots=True)
class SearchPass:
    """One way through the pages of an hour, newest post first.

    Args:
        bounds: ``start_time`` and ``end_time``, or ``since_id`` and ``until_id``.
        final: reaches to the end of the hour.
        next_token: of the next page; None for the first.
        newest_id: of the posts received.
        oldest_id: of the posts received; everything newer has been.
    """

    bounds: Mapping[str, str]
    final: bool
    next_token: str | None = None
    newest_id: str | None = None
    oldest_id: str | None = None

    def as_cursor(self) -> dict[str, Any]:
        return {
            "bounds": dict(self.bounds),
            "final": self.final,
            "next_token": self.next_token,
            "newest_id": self.newest_id,
            "oldest_id": self.oldest_id,
        }


def first_id_at(instant: datetime) -> int:
    """The smallest id a post of that moment can have."""
    return (round(instant.timestamp() * 1000) - _FIRST_MOMENT_MS) << 22


def begin_pass(hour: datetime, now: datetime, newest_id: str | None) -> SearchPass | None:
    """What to ask for first, or None where the hour has no posts that can be asked for yet.

    Args:
        newest_id: of the posts of earlier passes through an hour that was not over then; only newer ones are asked for.
    """
    end = min(hour + HOUR, (now - FRESHEST).replace(microsecond=0))
    if end <= hour:
        return None
    if newest_id is None:
        bounds = {"start_time": _iso(hour), "end_time": _iso(end)}
    else:
        bounds = {"since_id": newest_id, "until_id": str(first_id_at(end))}
    return SearchPass(bounds, final=end == hour + HOUR)


def after_page(under_way: SearchPass, answer: XApiAnswer) -> SearchPass:
    """The pass after one more page; over where there is no ``next_token``."""
    meta = answer.page.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    ids = [identity for identity in map(_id, _posts(answer.page)) if identity is not None]
    token = meta.get("next_token")
    known = [int(identity) for identity in (under_way.newest_id, under_way.oldest_id) if identity is not None]
    every = [*ids, *known]
    return replace(
        under_way,
        next_token=token if isinstance(token, str) and token else None,
        newest_id=str(max(every)) if every else None,
        oldest_id=str(min(every)) if every else None,
    )


def without_token(under_way: SearchPass, hour: datetime) -> SearchPass:
    """The same posts asked for by their ids: those older than what was received."""
    if under_way.oldest_id is None:
        return replace(under_way, next_token=None)
    since = under_way.bounds.get("since_id") or str(first_id_at(hour) - 1)
    return replace(under_way, bounds={"since_id": since, "until_id": under_way.oldest_id}, next_token=None)


class XSearch:
    """Reads hours of queries into the store.

    Args:
        budget: whose caps count; its account is the client's.
        deadline: how long rate limits, other processes and failures may take, all hours together.
        pictures: have the descriptions of the posts' pictures come along.
        clock: the present.
        rng: of the backoff.
    """

    def __init__(
        self,
        database: Database,
        client: XApiClient,
        budget: PostBudget,
        deadline: Deadline,
        *,
        pictures: bool = False,
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._database, self._client, self._wait_deadline, self._clock = database, client, deadline, clock
        self._requests = PaidRequests(database, "search", budget, deadline, pictures=pictures, clock=clock, rng=rng)
        self._pictures = pictures
        self._holder = this_holder()

    def read(
        self,
        project: str,
        query: str,
        hours: Iterable[datetime],
        *,
        most_an_hour: int | None = None,
        window: HourRange | None = None,
    ) -> ServiceReport:
        """Read a query for each of the hours, in order. What cannot be read now is said in the report.

        Args:
            most_an_hour: posts of one hour after which it is left; the newest ones come first.
            window: the configured hours.
        """
        ingestion = ServiceIngestion(f"X API, {project}: {query}", "X API v2, recent search", project, window)
        for hour in hours:
            lease = HourLease(SOURCE, project, query, hour)
            try:
                reason = self._read_hour(lease, ingestion, most_an_hour)
            except ServiceRefusedError as error:
                ingestion.problem = str(error)
                break
            if reason:
                ingestion.stopped_early(reason)
        return ingestion.report()

    def _read_hour(self, lease: HourLease, ingestion: ServiceIngestion, most: int | None) -> str:
        """Read an hour as far as it goes now. Returns why it was left early, or nothing."""
        now = self._clock()
        if lease.window_start + FRESHEST >= now:
            return ""
        if lease.window_start < now - OLDEST:
            with self._database.read() as connection:
                before = read_progress(connection, lease)
            if before is None or not before.done:
                ingestion.remarks["hours beyond the seven days of recent search were not asked for"] += 1
            return ""
        progress = self._take(lease)
        if progress is None:
            return "another process reads it, for longer than this run waits"
        if progress.done:
            return ""
        reason = "interrupted"
        try:
            reason = self._read_pages(lease, progress, ingestion, most)
        except ServiceRefusedError as error:
            reason = str(error)
            raise
        finally:
            release_lease(self._database, lease, self._holder, reason)
        return reason

    def _take(self, lease: HourLease) -> HourProgress | None:
        while isinstance(found := acquire_lease(self._database, lease, self._holder, self._clock()), LeaseBusy):
            if not self._wait_deadline.wait(found.seconds):
                return None
        return found

    def _read_pages(
        self, lease: HourLease, progress: HourProgress, ingestion: ServiceIngestion, most: int | None
    ) -> str:
        cursor = progress.cursor
        under_way = (
            SearchPass(**cursor) if cursor else begin_pass(lease.window_start, self._clock(), progress.newest_id)
        )
        while under_way is not None:
            wanted = MOST_A_PAGE if most is None else min(MOST_A_PAGE, most - progress.items)
            if wanted < LEAST_A_PAGE:
                return f"{CAP_OF_HOUR}{most:,} posts an hour is reached"
            try:
                answered = self._ask(lease, under_way, wanted)
            except StaleTokenError:
                under_way = without_token(under_way, lease.window_start)
                continue
            if isinstance(answered, str):
                return answered
            under_way = after_page(under_way, answered.answer)
            received, cost = progress.items, self._requests.cost_usd(answered.answer)
            progress = moved_on(progress, under_way, answered.answer.posts, cost)
            with self._database.begin() as connection:
                counted = self._store(connection, answered.answer, ingestion, f"after {received:,} posts")
                self._requests.settle(connection, answered)
                save_progress(connection, lease, progress, self._holder, self._clock())
            counted()
            ingestion.requests += 1
            ingestion.add_cost(cost)
            if under_way.next_token is None:
                under_way = None
        return ""

    def _ask(self, lease: HourLease, under_way: SearchPass, wanted: int) -> PaidAnswer | str:
        def page(posts: int) -> XApiAnswer:
            bounds = {**under_way.bounds, "next_token": under_way.next_token}
            return self._client.search(lease.query, max_results=posts, pictures=self._pictures, **bounds)

        return self._requests.send(
            page,
            project=lease.project,
            wanted=wanted,
            least=LEAST_A_PAGE,
            meanwhile=lambda: renew_lease(self._database, lease, self._holder, self._clock()),
        )

    def _store(
        self, connection: sa.Connection, answer: XApiAnswer, ingestion: ServiceIngestion, locator: str
    ) -> Callable[[], None]:
        now = self._clock()
        records = XApiV2(Times(now), ingestion.remarks).records(answer.page, locator) if answer.posts else ()
        return ingestion.store(connection, records, content_hash=answer.content_hash, seen_at=now, now=now)


def moved_on(progress: HourProgress, under_way: SearchPass, posts: int, cost_usd: float) -> HourProgress:
    """The progress of an hour after a page of ``posts`` posts that cost ``cost_usd``."""
    cost = (progress.cost_usd or 0.0) + cost_usd
    if under_way.next_token is not None:
        return with_items(progress, posts, cursor=under_way.as_cursor(), cost_usd=cost)
    newest = [int(identity) for identity in (progress.newest_id, under_way.newest_id) if identity is not None]
    return with_items(
        progress,
        posts,
        cursor=None,
        newest_id=str(max(newest)) if newest else None,
        done=under_way.final,
        cost_usd=cost,
    )


def _posts(page: Mapping[str, Any]) -> Sequence[Any]:
    data = page.get("data")
    return data if isinstance(data, list) else []


def _id(post: Any) -> int | None:
    identity = post.get("id") if isinstance(post, dict) else None
    return int(identity) if isinstance(identity, str) and identity.isascii() and identity.isdigit() else None


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
