"""The posts of one account, page by page, until the caps or the service say that it is enough. What they are, and what
becomes of them, is for who asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from viral_assets.errors import ServiceRefusedError
from viral_assets.sources.services.common import ServiceIngestion
from viral_assets.sources.services.x_api_client import LEAST_OF_TIMELINE, MOST_A_PAGE, XApiAnswer, XApiClient
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests


def find_account(
    client: XApiClient, requests: PaidRequests, handle: str, ingestion: ServiceIngestion, *, project: str
) -> tuple[PaidAnswer, str] | None:
    """The answer with the account's id, and the id; the caller settles it. None where there is no answer for now, which
    is noted.

    Raises:
        ServiceRefusedError: there is no such account, or asking does not help.
    """
    answered = requests.send(lambda _: client.user(handle), project=project, wanted=1, least=1)
    if isinstance(answered, str):
        ingestion.stopped_early(answered)
        return None
    ingestion.requests += 1
    ingestion.add_cost(requests.prices.user if answered.answer.posts else 0.0)
    user = answered.answer.page.get("data")
    user_id = user.get("id") if isinstance(user, dict) else None
    return answered, user_id if isinstance(user_id, str) and user_id.isascii() and user_id.isdecimal() else ""


def read_timeline(
    client: XApiClient,
    requests: PaidRequests,
    user_id: str,
    ingestion: ServiceIngestion,
    *,
    since: datetime,
    project: str,
) -> Iterator[PaidAnswer]:
    """Each page of an account's posts since a time, newest first; the caller settles it. What ends the reading before
    its end is noted."""
    token: str | None = None
    while True:

        def page(posts: int, token: str | None = token) -> XApiAnswer:
            start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return client.timeline(user_id, max_results=posts, start_time=start, pagination_token=token)

        try:
            answered = requests.send(page, project=project, wanted=MOST_A_PAGE, least=LEAST_OF_TIMELINE)
        except ServiceRefusedError as error:
            ingestion.problem = str(error)
            return
        if isinstance(answered, str):
            ingestion.stopped_early(answered)
            return
        yield answered
        ingestion.requests += 1
        ingestion.add_cost(requests.cost_usd(answered.answer))
        meta = answered.answer.page.get("meta")
        token = meta.get("next_token") if isinstance(meta, dict) else None
        if not isinstance(token, str) or not token:
            return
