"""What services of tweets have in common: storing what they send, reporting it, and waiting no longer than allowed.

How each is asked is in ``x_search`` and ``apify_runs``. Unlike a file, a service is paid for: what it has sent is
stored with the cursor from which reading goes on, in one transaction, so that nothing is paid for twice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from tenacity.stop import stop_base

from viral_assets.errors import ServiceUnavailableError
from viral_assets.hours import HourRange
from viral_assets.sources.base import Record, Reject
from viral_assets.sources.files.ingest import FORGOTTEN, IngestReport
from viral_assets.sources.files.tweet_rows import references_of, tweet_row
from viral_assets.sources.tweet import Tweet
from viral_assets.store.references import save_references
from viral_assets.store.rejects import write_rejects
from viral_assets.store.tweets import UpsertCounts, upsert_tweets
from viral_assets.text.amounts import how_many

ATTEMPTS = 5
"""Requests in a row that may fail before an hour is left for a later run."""

LONGEST_BACKOFF_SECONDS = 30.0
_SLICE_SECONDS = 5.0

Row = dict[str, Any]


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Deadline:
    """Waits, but not beyond a deadline.

    Args:
        seconds: from now to the deadline.
        clock: seconds that only grow.
        sleep: waits.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._deadline = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 after it."""
        return max(0.0, self._deadline - self._clock())

    def wait(self, seconds: float, meanwhile: Callable[[], None] | None = None) -> bool:
        """Wait for so long if the deadline allows it; otherwise not at all.

        Args:
            meanwhile: called every few seconds.

        Returns:
            Whether it waited.
        """
        if seconds > self.left:
            return False
        until = self._clock() + seconds
        while (rest := until - self._clock()) > 0:
            self._sleep(min(rest, _SLICE_SECONDS))
            if meanwhile:
                meanwhile()
        return True


class FullJitter(wait_exponential):
    """Anything between nothing and a bound that doubles from 2 seconds on, as many callers fail at once."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(multiplier=2, max=LONGEST_BACKOFF_SECONDS)
        self._rng = rng

    def __call__(self, retry_state: RetryCallState) -> float:
        return self._rng.uniform(0, super().__call__(retry_state))


class StopAtDeadline(stop_base):
    """No further attempt that would have to be waited for beyond the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep > self._deadline.left


def retrying(deadline: Deadline, rng: random.Random, meanwhile: Callable[[], None] | None = None) -> Retrying:
    """Calls again what raises :class:`~viral_assets.errors.ServiceUnavailableError`, a few times and not beyond the
    deadline; then the last error is raised.

    Args:
        meanwhile: called every few seconds of waiting.
    """

    def sleep(seconds: float) -> None:
        deadline.wait(seconds, meanwhile)

    return Retrying(
        retry=retry_if_exception_type(ServiceUnavailableError),
        stop=stop_after_attempt(ATTEMPTS) | StopAtDeadline(deadline),
        wait=FullJitter(rng),
        sleep=sleep,
        reraise=True,
    )


class UnavailableReason(str):
    """Why an hour was left, where the reason is that the service did not answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ServiceReport(IngestReport):
    """What became of one query, or of one dataset, in all its hours.

    Args:
        requests: that were answered, whether or not usefully.
        cost_usd: as the service says, or by its price per post; None where nobody knows.
        incomplete: why some of the hours were not read to their end, by the reason; another run goes on with them.
        unavailable: why the service answered none of the requests; empty where it did, or was not asked.
    """

    requests: int = 0
    cost_usd: float | None = None
    incomplete: Counter[str] = field(default_factory=Counter)
    unavailable: str = ""

    @property
    def asked(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.requests or self.incomplete or self.remarks or self.problem)

    def describe(self) -> str:
        """One line for a log."""
        cost = "" if self.cost_usd is None else f", about {self.cost_usd:.2f} USD"
        said = (
            f"{self.name}: {how_many(self.read, 'record')} of {how_many(self.requests, 'request')}{cost}; "
            f"{self.new:,} new, {self.updated:,} with newer counts, {self.unchanged:,} known, "
            f"{self.rejected:,} rejected"
        )
        reasons = [f"{reason} ({how_many(hours, 'hour')})" for reason, hours in self.incomplete.items()]
        return "; ".join([said, *([self.problem] if self.problem else []), *reasons, *self.remarks])


class ServiceIngestion:
    """Stores what a service sends and adds up what became of it.

    Args:
        name: of the source, for people and for the quarantine.
        kind: what was asked, for people.
        project: whose tweets these are.
        window: the configured hours; tweets outside are stored and counted as outside.
    """

    def __init__(self, name: str, kind: str, project: str, window: HourRange | None = None) -> None:
        self.name, self.project = name, project
        self.remarks: Counter[str] = Counter()
        self.incomplete: Counter[str] = Counter()
        self.requests = 0
        self.cost_usd: float | None = None
        self.problem: str | None = None
        self._unavailable = ""
        self._kind, self._window = kind, window
        self._counts = UpsertCounts()
        self._windows: Counter[datetime] = Counter()
        self._reasons: Counter[str] = Counter()

    def store(
        self,
        connection: sa.Connection,
        records: Iterable[Record],
        *,
        content_hash: str,
        seen_at: datetime,
        now: datetime,
    ) -> Callable[[], None]:
        """Store records in a transaction of the caller's.

        Args:
            content_hash: of the answer they came in, so that a reject of the same answer is kept once.
            seen_at: when their counts were seen, where they do not say.

        Returns:
            What counts them; to be called once the transaction is committed.
        """
        rows: list[Row] = []
        posted: list[Tweet] = []
        rejects: list[Reject] = []
        for record in records:
            if isinstance(record, Reject):
                rejects.append(record)
            else:
                posted.append(record)
                row = tweet_row(record)
                row["collected_at"] = max(row["collected_at"] or seen_at, row["created_at"])
                rows.append(row)
        counts = upsert_tweets(connection, rows, project=self.project)
        references = references_of(posted)
        save_references(connection, [(tweet_id, at or seen_at, found) for tweet_id, at, found in references])
        write_rejects(connection, [self._quarantined(reject, content_hash, now) for reject in rejects])

        def count() -> None:
            self._counts += counts
            self._windows.update(row["window_start"] for row in rows)
            self._windows -= counts.forgotten
            self._reasons.update(reject.reason for reject in rejects)
            if counts.forgotten:
                self._reasons[FORGOTTEN] += counts.forgotten.total()

        return count

    def stopped_early(self, reason: str) -> None:
        """Count an hour that was not read to its end."""
        self.incomplete[reason] += 1
        if isinstance(reason, UnavailableReason):
            self._unavailable = reason

    def add_cost(self, usd: float | None) -> None:
        """Add what something cost, where that is known."""
        if usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + usd

    def report(self) -> ServiceReport:
        """What has become of it so far."""
        rejected = self._reasons.total()
        outside = (count for hour, count in self._windows.items() if self._window and hour not in self._window)
        return ServiceReport(
            name=self.name,
            format=self._kind,
            read=self._counts.read + rejected,
            new=self._counts.new,
            updated=self._counts.updated,
            unchanged=self._counts.unchanged,
            rejected=rejected,
            outside=sum(outside),
            windows=Counter(self._windows),
            reject_reasons=Counter(self._reasons),
            remarks=Counter(self.remarks),
            problem=self.problem,
            requests=self.requests,
            cost_usd=self.cost_usd,
            incomplete=Counter(self.incomplete),
            unavailable="" if self.requests else str(self._unavailable),
        )

    def _quarantined(self, reject: Reject, content_hash: str, now: datetime) -> Row:
        return {
            "source": self.name,
            "source_sha256": content_hash,
            "locator": reject.locator,
            "reason": reject.reason,
            "detail": reject.detail,
            "raw": reject.raw,
            "rejected_at": now,
        }
