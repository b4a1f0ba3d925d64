"""Later counts of tweets worth a reply, looked up by id and appended as snapshots.

Which tweets are worth a reply was decided before (``comment_opportunities``); what a later snapshot says about their
velocity is decided in ``scoring``. Only the X API is asked: Apify's Actors search, and charge for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from viral_assets.context import DELETED, PROTECTED
from viral_assets.hours import HourRange
from viral_assets.quota.posts import PostBudget
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.services.common import Deadline, ServiceIngestion, ServiceReport, utc_now
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests
from viral_assets.sources.services.x_context import posts_of
from viral_assets.sources.services.x_lookup import look_up
from viral_assets.store.engine import Database
from viral_assets.store.gone import note_gone
from viral_assets.store.opportunities import chosen_with_old_counts

REFRESH_AFTER = timedelta(minutes=15)
"""Counts younger than this say nothing new."""


def refresh_metrics(
    database: Database,
    client: XApiClient,
    budget: PostBudget,
    project: str,
    hours: HourRange,
    deadline: Deadline,
    *,
    at_least_old: timedelta = REFRESH_AFTER,
    clock: Callable[[], datetime] = utc_now,
    rng: random.Random | None = None,
) -> ServiceReport:
    """Look up the opportunities of ``hours`` again, the best first, and store what their counts are now.

    A tweet that was looked up a moment ago, for this project or for another, is left out; so a call that was
    interrupted goes on when it is made again.

    Args:
        project: whose opportunities.
        at_least_old: only tweets whose newest counts are older than this.

    Returns:
        The report; ``updated`` are those whose counts are newer now. Tweets that X has no more are marked, and among
        its remarks.
    """
    ingestion = ServiceIngestion(f"X API, {project}: a second look", "X API v2, lookup", project)
    requests = PaidRequests(database, "lookup", budget, deadline, clock=clock, rng=rng)
    with database.read() as connection:
        ids = chosen_with_old_counts(connection, project, hours, before=clock() - at_least_old)
    for answered, asked in look_up(
        requests, ids, client.lookup, ingestion, project=project, not_asked="tweets were not looked at"
    ):
        _store(database, requests, answered, asked, ingestion, clock())
    return ingestion.report()


def _store(
    database: Database,
    requests: PaidRequests,
    answered: PaidAnswer,
    asked: Sequence[str],
    ingestion: ServiceIngestion,
    now: datetime,
) -> None:
    answer = answered.answer
    # What an answer merely lacks may be there: only what X says it does not show is marked.
    gone = [post.post_id for post in posts_of(answer, asked) if post.post_id and post.state in (DELETED, PROTECTED)]
    records = XApiV2(Times(now), ingestion.remarks).records(answer.page, "lookup") if answer.posts else ()
    with database.begin() as connection:
        counted = ingestion.store(connection, records, content_hash=answer.content_hash, seen_at=now, now=now)
        note_gone(connection, gone, now)
        requests.settle(connection, answered)
    counted()
    if answered.asked > answer.posts:
        ingestion.remarks["tweets are gone, or no longer public"] += answered.asked - answer.posts
