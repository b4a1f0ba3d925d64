"""What a run has learnt about the service, and what follows from it: how much is asked at once, how soon, and whether
at all."""

from __future__ import annotations

import logging
import math

from viral_assets.errors import ModelUnavailableError, ProviderError, RateLimitedError
from viral_assets.generation.run.failures.backoff import probe_seconds, sent_together, stagger_seconds
from viral_assets.generation.run.failures.concurrency import ConcurrencyControl
from viral_assets.generation.run.failures.refusals import Refusals
from viral_assets.generation.run.failures.usefulness import Usefulness, Useless
from viral_assets.generation.run.in_flight import SentRequest
from viral_assets.generation.run.outcome import (
    Answered,
    FatalFailure,
    NoRoom,
    RateLimited,
    RequestAdapted,
    ServiceFailure,
    ServiceReport,
    TooMuchInput,
)
from viral_assets.generation.run.session import RunSession
from viral_assets.llm.tiers import Tier
from viral_assets.quota.ledger import DAY_USED_UP, REFUSED

log = logging.getLogger("viral_assets")

_BUSY = "the {tier} tier had no room: for some time the standard tier was asked instead, for the whole price"
_NOT_THERE = "there is no {tier} tier for this key and model: the standard tier was asked instead, for the whole price"


class ServiceWatch:
    """Takes what outcomes say about the service into account. Used by the loop alone."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self._concurrency = ConcurrencyControl(session.options.max_concurrency(session.ledger.limits))
        self._refusals = Refusals()
        self.next_start = -math.inf
        """Not before this time of the run's clock the next request should be sent."""
        self._usefulness, self._said = Usefulness(), ""
        self.fatal: ProviderError | None = None
        """Why nothing is asked any more, where that is an error."""
        self.exhausted = ""
        """Why nothing is asked any more today, where that is to be expected."""

    @property
    def is_useful(self) -> bool:
        """Whether it has said anything of use in this run."""
        return self._usefulness.has_been

    @property
    def concurrency(self) -> int:
        """Requests under way at once; none where those under way decide whether there are to be more."""
        if self._usefulness.is_in_doubt:
            return 0
        return 1 if self._session.health.is_down else self._concurrency.limit

    def stagger(self, tweets: int, burst: int, *, others: int) -> float:
        """Seconds until the next request, after one about so many tweets, in a burst of so many requests at most.

        Args:
            others: how many are under way.
        """
        session, limits = self._session, self._session.ledger.limits
        latency, requests = session.latency, self._at_once(burst)
        # One that goes on in the next window would see its requests come back faster than it sends them once it knows
        # how long they take, and those of others in between.
        end = session.counters.expected_end or 0.0
        goes_on = end - session.clock.monotonic() > limits.window_seconds / 2
        return stagger_seconds(
            limits,
            latency.latency.of(tweets),
            requests,
            measured=latency.is_measured or goes_on,
            first=not (others or latency.is_measured),
        )

    def sent_together(self, burst: int, *, others: int) -> int:
        """How many requests of a burst of so many at most are granted and sent at once.

        Args:
            others: how many are under way.
        """
        return sent_together(self.stagger(1, burst, others=others), self._at_once(burst))

    def _at_once(self, burst: int) -> int:
        return max(1, min(burst, self.concurrency))

    async def learn(self, sent: SentRequest, report: ServiceReport | None, *, others: int) -> None:
        """Take into account what a request's outcome says.

        Args:
            others: how many are under way.
        """
        session, prepared = self._session, sent.prepared
        tier = prepared.request.tier
        match report:
            case Answered():
                self._answered(report, sent)
            case RateLimited(error=refusal):
                await self._hold_back(refusal, sent, others)
            case RequestAdapted(error=adapted):
                log.info("%s", adapted)
            case TooMuchInput(error=limit):
                known = session.tokens.learn_input_limit(prepared.request, limit)
                await session.store(session.ledger.learn_input_limit, known)
            case FatalFailure(error=unusable):
                self.fatal = self.fatal or unusable
            case NoRoom(error=no_room):
                self._without_tier(tier, for_good=no_room.for_good)
            case ServiceFailure(error=error):
                self._without_tier(tier)
                self._failed(error)
            case Useless():
                self._take(report, sent)
        if self._usefulness.is_in_doubt and not others:
            self._give_up()

    async def _hold_back(self, error: RateLimitedError, sent: SentRequest, others: int) -> None:
        """The service's quota is used up: no run that shares it asks until it is free again. Or it takes no more at
        once: this run asks it for no more."""
        session, ledger = self._session, self._session.ledger
        if error.per_day:
            seconds = await session.store(ledger.block_today, DAY_USED_UP)
            self.exhausted = f"{DAY_USED_UP}, it is free again in {seconds / 3600:.1f} h"
            return
        now, window = session.clock.monotonic(), ledger.limits.window_seconds
        reaction = self._refusals.refused(error, sent_at=sent.at, at_once=sent.at_once, now=now, window_seconds=window)
        if reaction.too_many_at_once:
            self._concurrency.refused(others, is_news=reaction.is_news)
        if reaction.wait or reaction.in_a_row or error.limit is not None:
            await session.store(
                lambda: ledger.block(reaction.wait, REFUSED, limit=error.limit, in_a_row=reaction.in_a_row)
            )
        if reaction.hopeless:
            self.exhausted = f"the service refuses every request: {error}"
        if reaction.too_many_at_once:
            log.info("The service refused a request (429) with %d others under way: no more are sent at once.", others)
        else:
            log.info("The service refused a request (429): nothing is asked for %.1f s.", reaction.wait)

    def _without_tier(self, tier: Tier, *, for_good: bool = False) -> None:
        session = self._session
        if session.tiers.failed(tier, session.clock.monotonic(), for_good=for_good):
            session.counters.note(_NOT_THERE.format(tier=tier) if for_good else _BUSY.format(tier=tier))

    def _answered(self, answered: Answered, sent: SentRequest) -> None:
        session, request = self._session, sent.prepared.request
        session.tiers.answered(request.tier)
        slow = session.latencies[request.tier].record(len(sent.prepared.batch.asked), answered.seconds)
        self._concurrency.record(trouble=slow, is_news=self._refusals.accepted(sent.at, sent.at_once))
        if answered.usage is not None:
            session.tokens.record(request, answered.usage)
        session.health.answered(session.clock.monotonic())
        if answered.is_useful:
            self._usefulness.useful()
        elif answered.useless is not None:
            self._take(answered.useless, sent)

    def _take(self, useless: Useless, sent: SentRequest) -> None:
        self._usefulness.useless(useless, [item.key for item in sent.prepared.batch.items])
        self._said = useless.said

    def _give_up(self) -> None:
        """Another model may be of use where this one is not."""
        given_up = "gave up after several requests in a row without anything of use; what is left waits for a later run"
        self.fatal = self.fatal or ModelUnavailableError(f"{self._said}; {given_up}")

    def _failed(self, error: ProviderError) -> None:
        session, now = self._session, self._session.clock.monotonic()
        was_down = session.health.is_down
        hopeless = session.health.failed(now)
        if error.reached and not was_down:
            # What tries whether it is back says nothing about how much it can do.
            self._concurrency.record(trouble=True, all_fail=session.health.is_down)
        if session.health.is_down:
            self.next_start = now + probe_seconds(session.ledger.limits, costs_quota=error.reached)
            if not was_down:
                log.warning("The service does not answer, it is tried again for a minute at least: %s", error)
        if hopeless and self.fatal is None:
            self.fatal = type(error)(f"{error}; gave up after several attempts without one answer, nothing is lost")
