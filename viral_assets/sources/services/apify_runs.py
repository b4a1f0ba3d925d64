"""Apify: an Actor run for each project and hour, and datasets that somebody else's run has filled.

The wire is in ``apify_client``, what an item says in ``sources.parsers.apify_items``. A run is remembered as soon as it
has started and its items are stored as they come, each page together with the offset after it: a killed process, or one
that would wait no longer, leaves a run that the next one goes on with instead of paying for another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from viral_assets.errors import ServiceRefusedError, ServiceUnavailableError
from viral_assets.hours import HOUR, HourRange
from viral_assets.sources.parsers.apify_items import ApifyItems
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.services.apify_client import ITEMS_A_PAGE, ActorRun, ApifyService, GoneError, dataset_hash
from viral_assets.sources.services.apify_placeholders import reason_unfinished
from viral_assets.sources.services.apify_placeholders import with_items as with_kinds
from viral_assets.sources.services.common import Deadline, ServiceIngestion, ServiceReport, UnavailableReason, utc_now
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import (
    ACTOR_ENDED,
    CAP_OF_HOUR,
    HourLease,
    HourProgress,
    LeaseBusy,
    acquire_lease,
    release_lease,
    renew_lease,
    save_progress,
    this_holder,
    with_items,
)

SOURCE = "apify"

_BEFORE = "placeholder_runs"
"""In a cursor: how many runs of the hour gave placeholders."""

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.25, 5.0
"""Between two requests for a run's state: soon at first, as small searches take a few seconds, then less often."""

_OPERATORS = {
    "-is:retweet": "-filter:nativeretweets",
    "is:retweet": "filter:nativeretweets",
    "-is:reply": "-filter:replies",
    "is:reply": "filter:replies",
    "-is:quote": "-filter:quote",
    "is:quote": "filter:quote",
    "-has:links": "-filter:links",
    "has:links": "filter:links",
    "-has:media": "-filter:media",
    "has:media": "filter:media",
    "-has:images": "-filter:images",
    "has:images": "filter:images",
}
_OPERATOR = re.compile(r"(?<![\w:-])(?:" + "|".join(map(re.escape, _OPERATORS)) + r")(?![\w:])")


@dataclass(frozen=True, slots=True)
class ActorSearch:
    """What an Actor is asked for.

    Args:
        actor: its name.
        queries: in the notation of X's own search page.
        max_items: of one hour.
        max_cost_usd: of one run.
        run_input: further input, for other Actors; goes before what is made here.
        run_seconds: after which Apify stops a run.
    """

    actor: str
    queries: Sequence[str]
    max_items: int
    max_cost_usd: float | None = None
    run_input: Mapping[str, Any] = field(default_factory=dict)
    run_seconds: float = 600.0

    def after(self, progress: HourProgress) -> ActorSearch | str:
        """What the caps of the hour leave of it, or that they leave nothing. Placeholders are charged like tweets."""
        items, cost = self.max_items - progress.items, self.max_cost_usd
        if cost is not None and progress.cost_usd is not None:
            cost = round(cost - progress.cost_usd, 6)
        if items <= 0:
            return f"{CAP_OF_HOUR}{self.max_items:,} items an hour is reached"
        if cost is not None and cost <= 0:
            return f"{CAP_OF_HOUR}{self.max_cost_usd:g} USD an hour is reached"
        return replace(self, max_items=items, max_cost_usd=cost)

    def input_for(self, hour: datetime) -> dict[str, Any]:
        """The input of the run for one hour."""
        return {
            "searchTerms": [f"{query} {hour_operators(hour)}" for query in self.queries],
            "sort": "Latest",
            "maxItems": self.max_items,
            **self.run_input,
        }


def page_query(query: str) -> str:
    """A query of the X API in the notation of X's search page, which is what Actors search with."""
    return _OPERATOR.sub(lambda operator: _OPERATORS[operator[0]], query)


def hour_operators(hour: datetime) -> str:
    """What confines a search to one hour: from its first second on, and before its end."""
    start = int(hour.timestamp())
    return f"since_time:{start} until_time:{start + int(HOUR.total_seconds())}"


class ApifySearch:
    """Reads hours of a project into the store.

    Args:
        deadline: how long Actors and other processes may take, all hours together.
        clock: the present.
        poll_seconds: between two requests for a run's state, at most.
    """

    def __init__(
        self,
        database: Database,
        service: ApifyService,
        deadline: Deadline,
        *,
        clock: Callable[[], datetime] = utc_now,
        poll_seconds: float = LONGEST_POLL_SECONDS,
    ) -> None:
        self._database, self._service, self._wait_deadline = database, service, deadline
        self._clock, self._poll_seconds = clock, poll_seconds
        self._holder = this_holder()

    def read(
        self, project: str, search: ActorSearch, hours: Iterable[datetime], *, window: HourRange | None = None
    ) -> ServiceReport:
        """Have each of the hours searched that is over, in order. What cannot be read now is said in the report.

        Args:
            window: the configured hours.
        """
        ingestion = ServiceIngestion(f"Apify, {project}: {search.actor}", "Apify Actor", project, window)
        for hour in hours:
            # An Actor's searches are paid for from the beginning each time: an hour is searched once, when it is over.
            if hour + HOUR > self._clock():
                ingestion.remarks["an hour that is not over yet was not searched"] += 1
                continue
            try:
                reason = self._read_hour(HourLease(SOURCE, project, _key_of(search), hour), search, ingestion)
            except ServiceRefusedError as error:
                ingestion.problem = str(error)
                break
            if reason:
                ingestion.stopped_early(reason)
        return ingestion.report()

    def _read_hour(self, lease: HourLease, search: ActorSearch, ingestion: ServiceIngestion) -> str:
        while isinstance(found := acquire_lease(self._database, lease, self._holder, self._clock()), LeaseBusy):
            if not self._wait_deadline.wait(found.seconds):
                return "another process reads it, for longer than this run waits"
        if found.done:
            return ""
        reason = "interrupted"
        try:
            reason = self._follow(lease, found, search, ingestion)
        except (ServiceRefusedError, ServiceUnavailableError) as error:
            reason = UnavailableReason(error)
            if isinstance(error, ServiceRefusedError):
                raise
        finally:
            release_lease(self._database, lease, self._holder, reason)
        return reason

    def _follow(
        self, lease: HourLease, progress: HourProgress, search: ActorSearch, ingestion: ServiceIngestion
    ) -> str:
        """Read the items of the hour's run as they come, until it ends. Returns why that was left early."""
        run = self._begun(progress, ingestion)
        if run is None:
            before = (progress.cursor or {}).get(_BEFORE, 0)
            left = search.after(progress) if before else search
            if isinstance(left, str):
                return left
            run = self._service.start(
                search.actor,
                left.input_for(lease.window_start),
                max_items=left.max_items,
                max_cost_usd=left.max_cost_usd,
                seconds=search.run_seconds,
            )
            cursor = {"run_id": run.run_id, "dataset_id": run.dataset_id, "offset": 0, "cost_usd": None}
            progress = replace(progress, cursor={**cursor, "items": {}, _BEFORE: before}, note="")
            with self._database.begin() as connection:
                save_progress(connection, lease, progress, self._holder, self._clock())
        ingestion.requests += 1
        pause = min(FIRST_POLL_SECONDS, self._poll_seconds)
        while True:
            # In this order, so that what came between the two is not missed.
            progress = self._read_items(lease, progress, run, ingestion)
            if run.finished:
                break
            if not self._wait_deadline.wait(pause, lambda: self._renew(lease)):
                self._pay(lease, progress, run, ingestion, cursor=progress.cursor, done=False)
                return "the Actor still runs, longer than this run waits; what it has found by then is stored"
            pause = min(1.5 * pause, self._poll_seconds)
            run = self._service.run(run.run_id)
        # A run that has ended has nothing more to give: another attempt is another run.
        read = progress.cursor or {}
        runs = read.get(_BEFORE, 0) + 1
        reason = reason_unfinished(read.get("items", {}), runs) if run.succeeded else ""
        done = run.succeeded and not reason
        self._pay(lease, progress, run, ingestion, cursor={_BEFORE: runs} if reason else None, done=done)
        if run.succeeded:
            return reason
        message = f" ({run.message})" if run.message else ""
        return f"{ACTOR_ENDED}{run.status}{message}; what it had found is stored, and a new run would search anew"

    def _begun(self, progress: HourProgress, ingestion: ServiceIngestion) -> ActorRun | None:
        """The run that an earlier attempt at this hour has started, if Apify still has it."""
        if not progress.cursor or "run_id" not in progress.cursor:
            return None
        try:
            return self._service.run(progress.cursor["run_id"])
        except GoneError:
            ingestion.remarks["an earlier run of the Actor is gone; a new one was started"] += 1
            return None

    def _read_items(
        self, lease: HourLease, progress: HourProgress, run: ActorRun, ingestion: ServiceIngestion
    ) -> HourProgress:
        while True:
            cursor = dict(progress.cursor or {})
            offset = int(cursor["offset"])
            items = self._service.items(run.dataset_id, offset)
            if items:
                now = self._clock()
                seen_at = min(now, run.finished_at) if run.finished_at else now
                records = _records(items, offset, now, ingestion)
                cursor |= {"offset": offset + len(items), "items": with_kinds(cursor.get("items", {}), items)}
                progress = with_items(progress, len(items), cursor=cursor)
                with self._database.begin() as connection:
                    content_hash = dataset_hash(run.dataset_id)
                    counted = ingestion.store(connection, records, content_hash=content_hash, seen_at=seen_at, now=now)
                    save_progress(connection, lease, progress, self._holder, now)
                counted()
            if len(items) < ITEMS_A_PAGE:
                return progress

    def _pay(
        self,
        lease: HourLease,
        progress: HourProgress,
        run: ActorRun,
        ingestion: ServiceIngestion,
        *,
        cursor: Mapping[str, Any] | None,
        done: bool,
    ) -> None:
        """Note what the run has cost since the last time, and how far its hour is read."""
        before = (progress.cursor or {}).get("cost_usd") or 0.0
        more = None if run.cost_usd is None else run.cost_usd - before
        total = progress.cost_usd if more is None else (progress.cost_usd or 0.0) + more
        if cursor is not None:
            cursor = {**cursor, "cost_usd": run.cost_usd}
        with self._database.begin() as connection:
            moved = replace(progress, cursor=cursor, done=done, cost_usd=total)
            save_progress(connection, lease, moved, self._holder, self._clock())
        ingestion.add_cost(more)

    def _renew(self, lease: HourLease) -> None:
        renew_lease(self._database, lease, self._holder, self._clock())


def ingest_dataset(
    database: Database,
    service: ApifyService,
    dataset_id: str,
    *,
    project: str,
    window: HourRange | None = None,
    collected_at: datetime | None = None,
    clock: Callable[[], datetime] = utc_now,
    progress: Callable[[int], None] | None = None,
) -> ServiceReport:
    """Read a dataset from its beginning to its end, page by page. Reading it again changes nothing.

    Args:
        project: whose tweets these are; ``'*'`` for everybody's.
        window: the configured hours. Tweets outside are stored and counted as outside.
        collected_at: when the counts were seen. By default when the dataset was last added to.
        progress: called after each stored page with how many items it had.

    Returns:
        The report; a dataset that cannot be read, or not to its end, is one with a ``problem``. What was read is kept.
    """
    ingestion = ServiceIngestion(f"apify:{dataset_id}", "Apify dataset", project, window)
    try:
        dataset = service.dataset(dataset_id)
        offset = 0
        while True:
            items = service.items(dataset_id, offset)
            now = clock()
            if items:
                seen_at = collected_at or min(now, dataset.modified_at)
                records = _records(items, offset, now, ingestion)
                with database.begin() as connection:
                    content_hash = dataset_hash(dataset_id)
                    counted = ingestion.store(connection, records, content_hash=content_hash, seen_at=seen_at, now=now)
                counted()
                ingestion.requests += 1
                if progress:
                    progress(len(items))
            offset += len(items)
            if len(items) < ITEMS_A_PAGE:
                break
    except (ServiceRefusedError, ServiceUnavailableError) as error:
        ingestion.problem = str(error)
    return ingestion.report()


def _records(items: Sequence[Any], offset: int, now: datetime, ingestion: ServiceIngestion) -> list[Any]:
    reader = ApifyItems(Times(now), ingestion.remarks)
    return [record for at, item in enumerate(items, offset + 1) for record in reader.records(item, f"item {at}")]


def _key_of(search: ActorSearch) -> str:
    """Names what is searched for: another Actor or another query is another search."""
    return "\n".join([search.actor, *search.queries])
