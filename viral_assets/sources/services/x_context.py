"""Posts that chosen tweets answer or quote, looked up by id where no file has had them: for the draft, the card and the
safety of an answer. Each is paid for like any other post, and asked for once, also where X does not have it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime

from viral_assets.context import MISSING, Post
from viral_assets.quota.posts import PostBudget
from viral_assets.sources.parsers.references import Included
from viral_assets.sources.services.common import Deadline, ServiceIngestion, ServiceReport, utc_now
from viral_assets.sources.services.x_api_client import XApiAnswer, XApiClient
from viral_assets.sources.services.x_api_requests import PaidRequests
from viral_assets.sources.services.x_lookup import look_up
from viral_assets.store.engine import Database
from viral_assets.store.references import posts_to_look_up, save_posts

WAIT_SECONDS = 60.0
"""That a service may take in all: a draft without the quoted post, today, is better than one with it tomorrow."""


def look_up_context(
    database: Database,
    client: XApiClient,
    budget: PostBudget,
    project: str,
    tweet_ids: Sequence[str],
    deadline: Deadline,
    *,
    clock: Callable[[], datetime] = utc_now,
    rng: random.Random | None = None,
) -> ServiceReport:
    """Look up what these tweets answer and quote and nobody knows, in their order, as far as the caps go.

    Returns:
        The report; ``remarks`` count the posts that X has, and those that it has not.
    """
    ingestion = ServiceIngestion(f"X API, {project}: quoted and answered posts", "X API v2, lookup", project)
    requests = PaidRequests(database, "lookup", budget, deadline, pictures=True, clock=clock, rng=rng)
    with database.read() as connection:
        ids = posts_to_look_up(connection, tweet_ids)
    answers = look_up(
        requests,
        ids,
        lambda batch: client.lookup(batch, pictures=True),
        ingestion,
        project=project,
        not_asked="quoted or answered posts were not asked for",
    )
    for answered, asked in answers:
        found, now = posts_of(answered.answer, asked), clock()
        with database.begin() as connection:
            save_posts(connection, [(post, now) for post in found])
            requests.settle(connection, answered)
        known = sum(post.known for post in found)
        ingestion.remarks["quoted or answered posts found"] += known
        ingestion.remarks["quoted or answered posts gone, or not public"] += len(found) - known
    ingestion.remarks = +ingestion.remarks
    return ingestion.report()


def posts_of(answer: XApiAnswer, asked: Sequence[str]) -> list[Post]:
    """What an answer to a lookup says of each post that was asked for."""
    page, includes = answer.page, answer.page.get("includes")
    included = includes if isinstance(includes, dict) else {}
    found = Included({"includes": {**included, "tweets": page.get("data")}, "errors": page.get("errors")})
    return [found.post(post_id) or Post(post_id, state=MISSING) for post_id in asked]
