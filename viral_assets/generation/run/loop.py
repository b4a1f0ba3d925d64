"""The loop of a run: asks as much at once as quota, plan and concurrency allow, until every tweet has ended.

The schedule says which tweets share the next request, the ledger whether it may be sent now. A granted request is sent
as a task of its own and ends as one value, its outcome. The loop alone applies it: it learns from it about the service,
saves what has ended, and queues what is asked again, mixed with what is new. Nothing here knows a provider or a
database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from viral_assets.errors import ProviderError, QuotaError
from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.failures.service_watch import ServiceWatch
from viral_assets.generation.run.in_flight import InFlight
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.membership import Membership
from viral_assets.generation.run.outcome import BatchOutcome, Improvable, claimed_elsewhere, too_large
from viral_assets.generation.run.planning.batches import BatchPlan
from viral_assets.generation.run.queue import WorkQueue
from viral_assets.generation.run.request import PreparedRequest, prepare
from viral_assets.generation.run.results import TweetResult
from viral_assets.generation.run.resume import begun
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.sharing import Sharing
from viral_assets.generation.run.stopping import Finishing
from viral_assets.generation.run.tweet_offers import TweetOffers
from viral_assets.quota.ledger import AlreadyClaimed, Decision, Exhausted, Granted, Waiting

CLAIMED_RECHECK_SECONDS = 0.5
"""How soon to check again on a tweet that another run is asking about."""


class Loop:
    """Brings tweets to an end, as far as the service, the quota and a stop allow.

    Args:
        offers: by which requests are shared with other runs, if they are.
        is_stopped: whether nothing more should be sent; when that changes, :meth:`wake` is called too.
        on_finishing: told what is under way then.
    """

    def __init__(
        self,
        session: RunSession,
        membership: Membership,
        offers: TweetOffers | None = None,
        *,
        is_stopped: Callable[[], bool],
        on_finishing: Callable[[Finishing], None],
    ) -> None:
        self._session, self._membership, self._wanted_to_stop = session, membership, is_stopped
        self._on_finishing = on_finishing
        self._work = WorkQueue(())
        self._sharing = Sharing(session, self._work, membership.runner, offers)
        self._schedule = BatchPlan(session, self._work, membership.runner, self._sharing)
        self._service = ServiceWatch(session)
        self._in_flight = InFlight(session)
        self._next_start = 0.0
        self._doubtful: list[TweetResult] = []
        """Tweets that have failed while the service had said nothing of use: it may do so whatever it is asked."""
        self._rejected: list[Improvable] = []
        """Tweets that were rejected by themselves, once: whether they are asked about again is known later."""
        self._useless = ""

    @property
    def waiting(self) -> int:
        """Tweets that are neither under way nor ended."""
        return len(self._work)

    @property
    def finishing(self) -> Finishing:
        """What is under way."""
        return self._in_flight.finishing

    @property
    def error(self) -> ProviderError | None:
        """Why the service cannot be used."""
        return self._service.fatal

    @property
    def reason(self) -> str:
        """Why tweets are left."""
        return self._service.exhausted or str(self.error or "") or self._useless or "the run was stopped"

    def add(self, items: Iterable[Item]) -> None:
        """Queue what is to be asked about."""
        items = list(items)
        self._sharing.owns(items)
        for item in items:
            self._work.put_back(item)

    async def run(self) -> None:
        """Until nothing is left to do, or nothing more can be asked; then until what is under way has ended.

        Raises:
            Exception: the database's, or a bug. Requests may be under way: see :meth:`end`.
        """
        while True:
            self._ask_rejected_again()
            if self.is_over():
                break
            await self._step()
        if self._wanted_to_stop():
            self._on_finishing(self.finishing)
        await self._membership.withdraw()
        while len(self._in_flight):
            await self._in_flight.wait_for_end()
            await self._apply_ended()
        await self._end_doubtful()
        await self._sharing.finish()

    async def watch_others(self) -> None:
        """For ever: notice what other runs do with tweets of this one."""
        await self._sharing.watch(self.wake)

    def is_over(self) -> bool:
        return self._is_stopped() or not (len(self._work) or len(self._in_flight) or self._sharing.away)

    def wake(self) -> None:
        """Something has changed that the loop waits for, or should know."""
        self._in_flight.change()

    def take_rest(self) -> list[Item]:
        """The tweets that have not ended."""
        return self._work.drain()

    async def end(self, *, cancelled: bool) -> None:
        """Until what is under way has been settled. Its answers are stored, for a later run to parse."""
        await self._in_flight.end(cancelled=cancelled)

    def _is_stopped(self) -> bool:
        return self._wanted_to_stop() or self._service.fatal is not None or bool(self._service.exhausted)

    async def _step(self) -> None:
        """Apply what has ended, or send what may be sent now, or wait until something changes."""
        self._in_flight.expect_change()
        if await self._apply_ended():
            return
        room = self._service.concurrency - len(self._in_flight)
        if room <= 0:
            await self._in_flight.wait(None)
            return
        await self._sharing.take_back()
        if self.is_over():
            return
        now = self._session.clock.monotonic()
        batches = await self._schedule.next_batches(
            now,
            concurrency=self._service.concurrency,
            busy=self._in_flight.expected_ends,
            most=min(room, self._service.sent_together(self._burst, others=len(self._in_flight))),
        )
        if batches:
            await self._send(batches)
        else:
            await self._membership.withdraw()
            # What was not ready then may have become so meanwhile.
            again_at = min(self._work.next_ready_at(now) or math.inf, self._schedule.look_again_at)
            await self._in_flight.wait_until(again_at if again_at < math.inf else None)

    async def _send(self, batches: Sequence[RequestBatch]) -> None:
        """Ask the quota for all of them at once, and start the requests that are granted; the others go back, and time
        passes."""
        filled = await self._sharing.fill(batches)
        prepared = [prepare(self._session, each, runner=self._membership.runner) for each in filled]
        await self._keep_distance()
        if self._is_stopped():
            await self._put_back(prepared)
            return
        asked_at = self._session.clock.monotonic()
        try:
            decisions = await self._membership.ask([each.grant for each in prepared], remaining=len(self._work))
        except QuotaError as error:
            await self._sharing.not_sent(prepared, because_of_them=True)
            if len(batches) == 1 and filled[0].guests is None:
                await self._apply(too_large(batches[0], error))
                return
            # Nothing was granted, and who is to blame is found one by one.
            for alone in batches:
                await self._send([alone])
            return
        for each, decision in zip(prepared, decisions, strict=False):
            if isinstance(decision, Granted):
                self._start(each, asked_at)
        await self._put_back(prepared[len(decisions) :])
        if not isinstance(decisions[-1], Granted):
            await self._not_granted(prepared[len(decisions) - 1], decisions[-1])

    @property
    def _burst(self) -> int:
        """No more requests than these are under way at once, whatever the quota allows."""
        return len(self._work) + len(self._in_flight)

    async def _put_back(self, prepared: Sequence[PreparedRequest]) -> None:
        for each in reversed(prepared):
            self._work.put_batch_first(each.batch)
        await self._sharing.not_sent(prepared)

    async def _not_granted(self, prepared: PreparedRequest, decision: Decision) -> None:
        batch = prepared.batch
        await self._sharing.not_sent([prepared], because_of_them=isinstance(decision, AlreadyClaimed))
        match decision:
            case AlreadyClaimed(finished=finished, in_flight=in_flight, in_batch=in_batch):
                self._sharing.claimed(item.key for item in batch.items if item.opportunity.tweet_id in in_flight)
                again_at = self._session.clock.monotonic() + CLAIMED_RECHECK_SECONDS
                await self._apply(claimed_elsewhere(batch, finished, in_flight, in_batch, check_again_at=again_at))
            case Waiting() | Exhausted():
                self._work.put_batch_first(batch)
                await self._wait_for_quota(decision)

    async def _keep_distance(self) -> None:
        """Between two requests of a burst: where the first one is refused, the second is not sent. And between two
        attempts at a service that does not answer."""
        while not self._is_stopped() and (early := self._seconds_until_next_start()) > 0:
            self._in_flight.expect_change()
            if not await self._apply_ended():
                await self._in_flight.wait(early)

    def _seconds_until_next_start(self) -> float:
        return max(self._next_start, self._service.next_start) - self._session.clock.monotonic()

    def _start(self, prepared: PreparedRequest, asked_at: float) -> None:
        self._session.counters.request_sent(prepared.batch.own)
        self._schedule.granted(prepared.grant)
        others = len(self._in_flight)
        self._in_flight.start(prepared, asked_at=asked_at)
        stagger = self._service.stagger(len(prepared.batch.asked), self._burst, others=others)
        self._next_start = max(self._next_start, self._session.clock.monotonic()) + stagger

    async def _wait_for_quota(self, decision: Waiting | Exhausted) -> None:
        match decision:
            case Waiting(seconds=seconds):
                await self._sharing.offer_while_waiting(seconds)
                await self._in_flight.wait(seconds)
            case Exhausted() if len(self._in_flight):
                # Estimates are given back: there may be something left when these have ended.
                await self._in_flight.wait(None)
            case Exhausted(seconds=seconds, reason=reason):
                self._service.exhausted = reason
                self._session.counters.report.quota_back_in = seconds

    async def _apply_ended(self) -> bool:
        """Apply the outcomes of the requests that have ended, in the order in which they did; False if none has."""
        applied: list[BatchOutcome] = []
        try:
            while (ended := self._in_flight.take_ended()) is not None:
                sent, outcome = ended
                self._session.counters.request_ended(sent.prepared.batch.own, outcome)
                await self._sharing.ended(sent.prepared)
                await self._service.learn(sent, outcome.service, others=len(self._in_flight))
                outcome = outcome.decided(spare_quota=self._schedule.has_spare(len(outcome.improvable)))
                outcome = self._without_doubtful(outcome)
                if outcome.used_quota:
                    self._session.failures.add(int(outcome.leaves_work), 1)
                applied.append(outcome)
                self._work.put(outcome)
        finally:
            await self._session.save(*applied)
        return bool(applied)

    def _ask_rejected_again(self) -> None:
        """Where others are answered it may have been chance. Each by itself, as long as that costs no waiting."""
        if self._rejected and self._service.is_useful and self._schedule.has_spare(1):
            self._work.put_batch_first(RequestBatch((self._rejected.pop(0).again,), suspected=True))

    def _without_doubtful(self, outcome: BatchOutcome) -> BatchOutcome:
        """The end of a tweet that has failed waits until it is known whether the service says anything of use."""
        self._rejected += outcome.rejected
        if self._service.is_useful:
            return outcome
        self._doubtful += [each for each in outcome.ended if each.outcome == "failed"]
        return replace(outcome, ended=tuple(each for each in outcome.ended if each.outcome != "failed"))

    async def _end_doubtful(self) -> None:
        """A single tweet, or some beside others that were answered, are to blame themselves. Several and nothing of use
        are a wrong model or setting: they are left for a later run with all others."""
        doubtful = (*self._doubtful, *(each.ended for each in self._rejected))
        if self._service.is_useful or (len(doubtful) == 1 and not self._is_stopped()):
            await self._apply(BatchOutcome(ended=doubtful))
        elif doubtful:
            self._useless = "" if self._wanted_to_stop() else doubtful[-1].reason
            self.add(begun(each.opportunity, each) for each in doubtful)

    async def _apply(self, outcome: BatchOutcome) -> None:
        """Save what has ended, and queue what is asked again."""
        await self._session.save(outcome)
        self._work.put(outcome)
