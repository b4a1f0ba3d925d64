"""Requests to the X API that are paid for: granted within the caps, sent again where that helps, settled in the end.

What is asked for, and what becomes of the answers, is in ``x_search`` and ``x_refresh``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from viral_assets.errors import ServiceBusyError, ServiceRefusedError, ServiceUnavailableError
from viral_assets.quota.post_budget import (
    PostBudget,
    PostCapReached,
    PostsBlocked,
    block_account,
    request_posts,
    settle_posts,
)
from viral_assets.sources.services.common import ATTEMPTS, Deadline, UnavailableReason, backoff, utc_now
from viral_assets.sources.services.x_api_client import XApiAnswer
from viral_assets.store.engine import Database

USD_PER_POST = 0.005
"""X's price of a post read (https://docs.x.com/x-api/getting-started/pricing); what is shown is "about"."""


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
        asker: whose caps count.
        patience: how long rate limits and failures may take, all requests together.
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
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._database, self._endpoint, self._budget, self._wait_deadline = database, endpoint, budget, deadline
        self._clock, self._rng = clock, rng or random.Random()

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
            wanted: posts; ``collect`` is told how many of them the caps allow.
            least: posts that the endpoint can be asked for.
            meanwhile: called every few seconds of waiting.

        Raises:
            ServiceRefusedError: asking again does not help.
        """
        failures = 0
        while True:
            granted = request_posts(
                self._database,
                self._budget,
                self._endpoint,
                project=project,
                wanted=wanted,
                least=least,
                now=self._clock(),
            )
            if isinstance(granted, PostCapReached):
                return granted.reason
            if isinstance(granted, PostsBlocked):
                if not self._wait_deadline.wait(granted.seconds, meanwhile):
                    return f"{granted.reason}, longer than this run waits"
                continue
            try:
                return PaidAnswer(granted.request_id, granted.posts, ask(granted.posts))
            except ServiceRefusedError as error:
                self._failed(granted.request_id, error)
                raise
            except ServiceBusyError as error:
                self._failed(granted.request_id, error, blocked_for=error.seconds)
            except ServiceUnavailableError as error:
                self._failed(granted.request_id, error, charged=error.may_be_charged)
                failures += 1
                if failures >= ATTEMPTS or not self._wait_deadline.wait(backoff(failures + 1, self._rng), meanwhile):
                    return UnavailableReason(error)

    def settle(self, connection: sa.Connection, answered: PaidAnswer) -> None:
        """Count the posts that came, and leave the service alone for as long as it says."""
        answer = answered.answer
        settle_posts(connection, answered.request_id, now=self._clock(), posts=answer.posts)
        if answer.pause_seconds:
            self._block(connection, answer.pause_seconds, "the X API's requests of this quarter of an hour are used up")

    def _failed(
        self, request_id: str, error: Exception, *, charged: bool = False, blocked_for: float | None = None
    ) -> None:
        with self._database.begin() as connection:
            posts = None if charged else 0
            settle_posts(connection, request_id, now=self._clock(), posts=posts, error=str(error))
            if blocked_for is not None:
                self._block(connection, blocked_for, str(error))

    def _block(self, connection: sa.Connection, seconds: float, reason: str) -> None:
        until = self._clock() + timedelta(seconds=seconds)
        block_account(connection, self._budget, self._endpoint, until=until, reason=reason)
