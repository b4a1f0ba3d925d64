"""What asking X about the account takes, and what came of it. Values; who asks is in ``account`` and ``answers``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime

from viral_assets.posted.take_over import TakenOver
from viral_assets.quota.posts import PostBudget
from viral_assets.sources.services.common import Deadline, ServiceReport, utc_now
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.sources.services.x_api_requests import PaidRequests
from viral_assets.store.engine import Database


@dataclass(slots=True)
class AccountReport:
    """What came of a timeline and of later looks.

    Args:
        gone: replies that X has no more.
        answered: replies that the author of the tweet has answered, as is known now.
        services: what was asked, and what it cost.
    """

    done: TakenOver = field(default_factory=TakenOver)
    looked_at: int = 0
    gone: int = 0
    answered: int = 0
    services: list[ServiceReport] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asking:
    """What it takes to ask.

    Args:
        budget: whose caps count.
        deadline: how long rate limits and failures may take, all requests together.
        clock: the present.
    """

    database: Database
    client: XApiClient
    budget: PostBudget
    deadline: Deadline
    clock: Callable[[], datetime] = utc_now

    def requests(self, endpoint: str) -> PaidRequests:
        return PaidRequests(self.database, endpoint, self.budget, self.deadline, clock=self.clock)


def added(one: TakenOver, other: TakenOver) -> TakenOver:
    """What came of both."""
    return TakenOver(*(getattr(one, each.name) + getattr(other, each.name) for each in fields(TakenOver)))
