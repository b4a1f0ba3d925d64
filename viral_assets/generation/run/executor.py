"""A run from its beginning to its end, whatever happens to it: others that share the quota know of it, what earlier
runs left is taken up, the loop (``loop``) brings tweets to an end, and what it leaves is left in order.

Who writes what, so that a kill at any moment loses nothing that was paid for: the loop commits the grant before a
request is sent; the request itself commits its settlement, with the raw answer, before that is parsed, and whatever the
loop may be waiting for; the loop saves suggestions, outcomes and "parsed" together, in the order in which the answers
came. All of it is written by one thread, call after call.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import DatabaseUnavailableError, ViralAssetsError
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.loop import Loop
from viral_assets.generation.run.membership import Membership
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import Results, TweetResult
from viral_assets.generation.run.resume import defer, recover, unfinished
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.stopping import Finishing, Stop
from viral_assets.generation.run.tweet_offers import TweetOffers
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import Ledger
from viral_assets.text.amounts import how_many

STOP_CHECK_SECONDS = 0.2


class Executor:
    """Generates suggestions for a list of opportunities. Make a new one for every run.

    Args:
        client: the provider.
        ledger: the quota of the client's key.
        results: where results go.
        projects: by name; every opportunity's project is among them.
        price_of: a model's price, None when unknown.
        options: see :class:`GenerationOptions`.
        progress: called in the event loop whenever a tweet ends.
        stop: set it from any thread to finish what is under way, save it, and defer the rest. A
            :class:`~viral_assets.generation.run.stopping.Stop` is told what that is.
        rng: for backoff.
        runner: its name in the ledger, if it was announced there.
        clock: what it measures and waits by.
        kept: where answers go that the database cannot take; None to have them in memory only.
        offers: by which requests are shared with other runs; None to ask alone.
    """

    def __init__(
        self,
        client: GenerationClient,
        ledger: Ledger,
        results: Results,
        projects: Mapping[str, Project],
        *,
        price_of: PriceOf,
        options: GenerationOptions | None = None,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        rng: random.Random | None = None,
        runner: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        kept: KeptAnswers | None = None,
        offers: TweetOffers | None = None,
    ) -> None:
        self._session = RunSession(
            client,
            ledger,
            results,
            projects,
            price_of=price_of,
            options=options or GenerationOptions(),
            progress=progress,
            rng=rng or random.Random(),
            clock=clock,
            kept=kept,
        )
        sharing = "" if offers is None else offers.sharing
        self._membership = Membership(self._session, runner or uuid.uuid4().hex, sharing=sharing)
        self._stop = stop or Stop()
        self._told = Stop.of(self._stop)
        self.deferral = ""
        """What the report says about tweets that were left for a later run."""
        self._shares = offers is not None
        self._cancelled = False
        self._broken: BaseException | None = None
        self._loop = Loop(
            self._session, self._membership, offers, is_stopped=self._is_stopped, on_finishing=self._finishing
        )

    @property
    def results(self) -> Mapping[TweetKey, TweetResult]:
        """How each tweet ended; complete when :meth:`run` has returned or raised."""
        return self._session.ended

    @property
    def report(self) -> GenerationReport:
        """What has happened so far, also where :meth:`run` raised."""
        return self._session.counters.report

    async def run(
        self, opportunities: Sequence[Opportunity], *, earlier: Mapping[TweetKey, TweetResult] | None = None
    ) -> GenerationReport:
        """Bring every opportunity to an end.

        Cancelling it is like setting ``stop``: what is under way is paid for, so it is finished and saved first.
        Cancelled a second time, or after ``stop``, that is given up: the ledger keeps that it was asked and what it may
        cost, and later runs ask again. What has been answered by then is stored all the same.

        Args:
            earlier: what another model has written about some of them, which is kept.

        Returns:
            What happened. An opportunity that quota, budget or a stop did not allow has ended as ``deferred``.

        Raises:
            FatalProviderError: key, model or endpoint are wrong, or nothing that is answered is of use. What had been
                answered before is saved.
            ProviderError: the service did not answer, many times in a row. What had been answered is saved.
            DatabaseUnavailableError: the database did not answer, for a minute if it had before. The message says what
                became of what had been answered.
        """
        work = asyncio.create_task(self._run(opportunities, earlier or {}))
        self._told.begins(self)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            if self._stop.is_set():
                work.cancel()
            self._cancelled = True
            self._end_soon()
            with contextlib.suppress(ViralAssetsError):
                await work
            raise
        finally:
            self._told.ends(self)

    async def _run(
        self, opportunities: Sequence[Opportunity], earlier: Mapping[TweetKey, TweetResult]
    ) -> GenerationReport:
        background: list[asyncio.Task[None]] = []
        given_up = False
        away: DatabaseUnavailableError | None = None
        try:
            # Others should plan with this run's tweets as early as possible.
            await self._membership.announce(len(opportunities))
            background.append(self._in_background(self._membership.keep_announced(lambda: self._loop.waiting)))
            background.append(self._in_background(self._watch_stop()))
            if self._shares:
                background.append(self._in_background(self._loop.watch_others()))
            await self._begin(opportunities, earlier)
            await self._loop.run()
            self.deferral = await defer(self._session, self._loop.take_rest(), self._loop.reason)
        except asyncio.CancelledError:
            given_up = True
            raise
        except DatabaseUnavailableError as problem:
            away = problem
            if self._is_stopped():
                # What is under way is finished all the same, and kept.
                self._finishing(self._loop.finishing)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            # Also where the database failed: what is under way is paid for, and may still be settled.
            await self._loop.end(cancelled=given_up)
            try:
                await asyncio.shield(self._membership.leave())
            except DatabaseUnavailableError as problem:
                away = away or problem
            finally:
                self._session.close()
        if error := away or self._broken or self._loop.error:
            raise self._session.storage.explained(error) if isinstance(error, DatabaseUnavailableError) else error
        return self._session.counters.close()

    async def _begin(self, opportunities: Sequence[Opportunity], earlier: Mapping[TweetKey, TweetResult]) -> None:
        """Queue what earlier runs have left to do, and get ready to ask."""
        session, loop = self._session, self._loop
        if taken_in := await session.storage.take_in():
            session.counters.note(f"{how_many(taken_in, 'answer')} taken in that an outage had kept from the database")
        loop.add(await recover(session, await unfinished(session, opportunities, earlier)))
        if loop.waiting != len(opportunities):
            await self._membership.announce(loop.waiting)
        if loop.waiting:
            session.learn(await session.store(session.history))
            await asyncio.to_thread(session.processor.prepare)
            await self._membership.await_peer_demand(loop.is_over)

    def _is_stopped(self) -> bool:
        return self._cancelled or self._broken is not None or self._stop.is_set()

    def _finishing(self, finishing: Finishing) -> None:
        self._told.finishes(self, finishing)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        return task

    def _check(self, task: asyncio.Task[None]) -> None:
        """What is raised here is the database's or a bug: the run must not go on as if nothing had happened."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
            self._loop.wake()

    async def _watch_stop(self) -> None:
        """A thread may set the event; asyncio has no way to wait for that but to check."""
        while not self._stop.is_set():
            await self._session.clock.sleep(STOP_CHECK_SECONDS)
        self._end_soon()

    def _end_soon(self) -> None:
        self._session.storage.end_soon()
        self._loop.wake()
