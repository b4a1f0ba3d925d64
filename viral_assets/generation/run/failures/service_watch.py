"""What a run has learnt about the service, and what follows from it: how much is asked at once, how soon, and whether
at all."""

from __future__ import annotations

import logging

from viral_assets.errors import FatalProviderError, ProviderError, RateLimitedError
from viral_assets.generation.run.failures.backoff import stagger_seconds
from viral_assets.generation.run.failures.concurrency import ConcurrencyControl
from viral_assets.generation.run.outcome import (
    Answered,
    NoRoom,
    Refused,
    Rejecting,
    ServiceReport,
    Troubled,
    Unusable,
)
from viral_assets.generation.run.request import PreparedRequest
from viral_assets.generation.run.session import Session
from viral_assets.llm.tiers import Tier
from viral_assets.quota.ledger import DAY_USED_UP, REFUSED

log = logging.getLogger("viral_assets")

_BUSY = "the {tier} tier had no room: for some time the standard tier was asked instead, for the whole price"
_NOT_THERE = "there is no {tier} tier for this key and model: the standard tier was asked instead, for the whole price"

GIVEN_UP_IN_A_ROW = 5
"""Requests that thoughts have used up also with a raised cap, and no proper answer in between: each is billed for all
its thoughts, so that a long run on such a model would cost a lot and bring nothing."""

LONG_WAIT_SECONDS = 5.0
"""For quota, before another attempt at an address where no server seems to answer."""


class ServiceWatch:
    """Takes what outcomes say about the service into account. Used by the loop alone."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._concurrency = ConcurrencyControl(session.options.max_concurrency(session.ledger.limits))
        self._last_failure: ProviderError | None = None
        self._given_up_in_a_row = 0
        self.fatal: ProviderError | None = None
        """Why nothing is asked any more, where that is an error."""
        self.exhausted = ""
        """Why nothing is asked any more today, where that is to be expected."""

    @property
    def concurrency(self) -> int:
        """Requests under way at once."""
        return self._concurrency.limit

    def stagger(self, tweets: int) -> float:
        """Seconds until the next request of a burst, after one about so many tweets."""
        expected = self._session.latency.latency.of(tweets)
        return stagger_seconds(self._session.ledger.limits, expected, self.concurrency)

    async def learn(self, prepared: PreparedRequest, report: ServiceReport | None) -> None:
        """Take into account what a request's outcome says."""
        session, tier = self._session, prepared.request.tier
        match report:
            case Answered(seconds=seconds, usage=usage):
                session.tiers.answered(tier)
                slow = session.latencies[tier].record(len(prepared.batch.items), seconds)
                self._concurrency.record(trouble=slow)
                if usage is not None:
                    session.tokens.record(prepared.request, usage)
                session.health.answered(session.clock.monotonic())
                self._watch_thoughts(report)
            case Refused(error=refusal):
                await self._hold_back(refusal)
            case Unusable(error=unusable):
                self.fatal = self.fatal or unusable
            case NoRoom(error=no_room):
                self._without_tier(tier, for_good=no_room.for_good)
            case Troubled(error=error):
                self._without_tier(tier)
                self._concurrency.record(trouble=True)
                self._failed(error, trouble=error.http_status is not None)
            case Rejecting(error=error):
                self._failed(error, trouble=False)

    def worth_waiting(self, seconds: float) -> bool:
        """Whether so long a wait for quota makes sense: not where no server seems to answer anyway."""
        return self._last_failure is None or seconds <= LONG_WAIT_SECONDS or self._session.health.worth_waiting

    def give_up(self) -> None:
        """Nothing is asked any more: the last failure is the run's."""
        if self.fatal is None and (error := self._last_failure) is not None:
            self.fatal = type(error)(f"{error}; gave up after several attempts without one answer, nothing is lost")

    async def _hold_back(self, error: RateLimitedError) -> None:
        """The service's quota is used up: no run that shares it asks until it is free again."""
        session, ledger = self._session, self._session.ledger
        if error.per_day:
            seconds = await session.store(ledger.block_today, DAY_USED_UP)
            self.exhausted = f"{DAY_USED_UP}, it is free again in {seconds / 3600:.1f} h"
            return
        now, window = session.clock.monotonic(), ledger.limits.window_seconds
        wait, hopeless = session.health.refused(error.retry_after_seconds, now, window)
        await session.store(lambda: ledger.block(wait, REFUSED, count_as_limit=not error.per_tokens))
        if hopeless:
            self.exhausted = f"the service refuses every request: {error}"
        log.info("The service refused a request (429): nothing is asked for %.1f s.", wait)

    def _without_tier(self, tier: Tier, *, for_good: bool = False) -> None:
        session = self._session
        if session.tiers.failed(tier, session.clock.monotonic(), for_good=for_good):
            session.counters.note(_NOT_THERE.format(tier=tier) if for_good else _BUSY.format(tier=tier))

    def _watch_thoughts(self, answered: Answered) -> None:
        if not answered.spent_on_thoughts:
            self._given_up_in_a_row = 0
        elif answered.given_up:
            self._given_up_in_a_row += 1
        if self._given_up_in_a_row >= GIVEN_UP_IN_A_ROW and self.fatal is None:
            self.fatal = FatalProviderError(f"{answered.given_up}; nothing more is asked")

    def _failed(self, error: ProviderError, *, trouble: bool) -> None:
        self._last_failure = error
        if self._session.health.failed(self._session.clock.monotonic(), trouble=trouble):
            self.give_up()
