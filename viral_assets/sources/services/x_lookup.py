"""Posts asked for by their ids, page by page, until the caps or the service say that it is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from viral_assets.errors import ServiceRefusedError
from viral_assets.sources.services.common import ServiceIngestion
from viral_assets.sources.services.x_api_client import MOST_A_PAGE, XApiAnswer
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests


def look_up(
    requests: PaidRequests,
    ids: Sequence[str],
    ask: Callable[[Sequence[str]], XApiAnswer],
    ingestion: ServiceIngestion,
    *,
    project: str,
    not_asked: str,
) -> Iterator[tuple[PaidAnswer, Sequence[str]]]:
    """Each answer, and the ids that it is about; the caller settles it. What ends the asking is noted.

    Args:
        ask: sends a request for some ids.
        ingestion: counts requests and costs, and why not all were asked for.
        not_asked: the remark that counts those.
    """
    left = list(ids)
    while left:
        batch = left[:MOST_A_PAGE]
        try:
            answered = requests.send(
                lambda posts, batch=batch: ask(batch[:posts]),  # type: ignore[misc]
                project=project,
                wanted=len(batch),
                least=1,
            )
        except ServiceRefusedError as error:
            ingestion.problem = str(error)
            return
        if isinstance(answered, str):
            ingestion.incomplete[answered] += 1
            ingestion.remarks[not_asked] += len(left)
            return
        yield answered, batch[: answered.asked]
        ingestion.requests += 1
        ingestion.add_cost(requests.cost_usd(answered.answer))
        left = left[answered.asked :]
