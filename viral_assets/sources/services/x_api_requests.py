"""Requests to the X API that are paid for: granted within the caps, sent again where that helps, settled in the end.

What is asked for, and what becomes of the answers, is in ``x_search`` and ``x_refresh``.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.context import PICTURES
from viral_assets.errors import ServiceBusyError, ServiceRefusedError, ServiceUnavailableError
from viral_assets.quota.ledger import Exhausted, Settlement, Waiting
from viral_assets.quota.posts import PostBudget, PostLedger, PostRequest
from viral_assets.sources.services.common import Deadline, UnavailableReason, retrying, utc_now
from viral_assets.sources.services.x_api_client import XApiAnswer
from viral_assets.store.engine import Database


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """An answer that is still to be settled, in the transaction that stores it."""

    request_id: str
    asked: int
    answer: XApiAnswer


class PaidRequests:
    """Sends requests of one kind.

    Args:
        endpoint: names the kind; rate limits are for each.
        budget: whose caps count.
        deadline: how long rate limits and failures may take, all requests together.
        pictures: whether posts come with their pictures, up to four each.
        clock: the present.
        rng: of the backoff.
    """

    def __init__(
        self,
        database: Database,
        endpoint: str,
        budget: PostBudget,
        deadline: Deadline,
        *,
        pictures: bool = False,
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._ledger = PostLedger(database, budget, endpoint, clock=clock)
        self.prices = budget.prices
        self._count_what_comes_along = budget.caps.count_users
        # A post may bring its author, and its pictures.
        along = 1 + (PICTURES if pictures else 0)
        self._units_a_post = 1 + (along if self._count_what_comes_along else 0)
        self._wait_deadline, self._rng = deadline, rng or random.Random()

    def send(
        self,
        ask: Callable[[int], XApiAnswer],
        *,
        project: str,
        wanted: int,
        least: int,
        meanwhile: Callable[[], None] | None = None,
    ) -> PaidAnswer | str:
        """Ask until there is an answer, or a reason why there is none for now.

        Args:
            ask: sends a request for up to so many posts.
            wanted: posts; ``ask`` gets how many of them the caps allow.
            least: posts that the endpoint can be asked for.
            meanwhile: called every few seconds of waiting.

        Raises:
            ServiceRefusedError: asking again does not help.
        """

        def attempt() -> PaidAnswer | str:
            return self._attempt(ask, project=project, wanted=wanted, least=least, meanwhile=meanwhile)

        try:
            return retrying(self._wait_deadline, self._rng, meanwhile)(attempt)
        except ServiceUnavailableError as error:
            return UnavailableReason(error)

    def settle(self, connection: sa.Connection, answered: PaidAnswer) -> None:
        """Count the posts that came, and leave the service alone for as long as it says."""
        answer = answered.answer
        units = answer.posts + (answer.users + answer.pictures if self._count_what_comes_along else 0)
        self._ledger.settle(answered.request_id, Settlement("answered", units=units), connection=connection)
        if answer.pause_seconds:
            reason = "the X API's requests of this quarter of an hour are used up"
            self._ledger.block(answer.pause_seconds, reason, connection=connection)

    def cost_usd(self, answer: XApiAnswer) -> float:
        """About what an answer costs."""
        along = answer.users * self.prices.user + answer.pictures * self.prices.post
        return answer.posts * self.prices.post + (along if self._count_what_comes_along else 0.0)

    def _attempt(
        self,
        ask: Callable[[int], XApiAnswer],
        *,
        project: str,
        wanted: int,
        least: int,
        meanwhile: Callable[[], None] | None,
    ) -> PaidAnswer | str:
        """Send it once. A service that is busy has refused and not failed: it is asked again when it may be."""
        while True:
            units = self._units_a_post
            request = PostRequest(uuid.uuid4().hex, project, wanted * units, least * units)
            decision = self._ledger.ask(request)
            if isinstance(decision, Exhausted):
                return decision.reason
            if isinstance(decision, Waiting):
                if not self._wait_deadline.wait(decision.seconds, meanwhile):
                    return f"{decision.reason}, longer than this run waits"
                continue
            try:
                posts = decision.units // units
                return PaidAnswer(request.request_id, posts, ask(posts))
            except ServiceBusyError as error:
                self._ledger.settle(request.request_id, Settlement("refused", error=str(error), units=0))
                self._ledger.block(error.seconds, str(error))
            except ServiceUnavailableError as error:
                came = None if error.may_be_charged else 0
                self._ledger.settle(request.request_id, Settlement("failed", error=str(error), units=came))
                raise
            except ServiceRefusedError as error:
                self._ledger.settle(request.request_id, Settlement("refused", error=str(error), units=0))
                raise
