"""What a run does with batches before it asks the usual way: it goes on with those that hold its tweets, and sends new
ones where it may. What it leaves open when it is stopped, the next run over the same tweets finds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from viral_assets.errors import ViralAssetsError
from viral_assets.generation.batches.collector import Collector
from viral_assets.generation.batches.packs import requests_about
from viral_assets.generation.batches.sender import Sender
from viral_assets.generation.batches.session import BatchSession
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.planning.estimate import waiting_tweets
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import Results
from viral_assets.generation.run.resume import is_of_use
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import HEARTBEAT_SECONDS
from viral_assets.quota.sql_runners import HEARTBEAT_TTL_SECONDS
from viral_assets.store.batches import OpenBatch, open_batches, take_over, tried, unsettled
from viral_assets.store.standing import Writer
from viral_assets.text.amounts import how_many

TRIED_SECONDS = 14 * 86_400.0
"""What was in a batch in the last two weeks is not sent in another one."""

PEER_LOOK_SECONDS = 5.0
"""How soon to look again at a batch that another run waits for."""


class BatchPhase:
    """One run's of one lane.

    Args:
        results: what is done already.
        projects: by name.
        send_for_hours: send new batches, and wait for each so long; None to send none.
    """

    def __init__(
        self, session: BatchSession, results: Results, projects: Mapping[str, Project], *, send_for_hours: float | None
    ) -> None:
        self._session, self._results, self._projects = session, results, projects
        self._hours = send_for_hours
        self._writer = Writer(session.provider, session.options.run_id, session.options.force)
        self.has_joined = False
        """Whether the runner holds claims, with which it has to go on."""

    @property
    def runner(self) -> str:
        """Its name in the ledger."""
        return self._session.runner

    @property
    def report(self) -> GenerationReport:
        """Of the requests in batches; how tweets ended is not in it."""
        return self._session.counters.report

    async def run(self) -> None:
        """Until no batch holds a tweet of this run, or it is stopped.

        Raises:
            ProviderError: the key is not accepted. What was sent stays open.
        """
        session = self._session
        if self._hours is None and not await self._concerned():
            return
        await session.store(session.ledger.join, session.runner, 0)
        self.has_joined = True
        heartbeat = asyncio.create_task(self._keep_joined())
        try:
            await self._go_on()
            if self._hours is not None and not session.is_stopped and (wanted := await self._to_send()):
                await Sender(session, hours=self._hours).send(requests_about(wanted, self._projects, session.options))
                await self._go_on()
        except BaseException:
            with contextlib.suppress(ViralAssetsError):
                await session.store(session.ledger.leave, session.runner)
            raise
        finally:
            heartbeat.cancel()
            await asyncio.gather(heartbeat, return_exceptions=True)

    async def _keep_joined(self) -> None:
        while True:
            await self._session.clock.sleep(HEARTBEAT_SECONDS)
            await self._session.store(self._session.ledger.join, self._session.runner, 0)

    async def _go_on(self) -> None:
        """Bring every open batch with a tweet of this run to its end; those of others are waited for."""
        session = self._session
        while concerned := await self._concerned():
            if session.is_stopped:
                session.counters.note(
                    f"{how_many(len(concerned), 'batch is', 'batches are')} left at the service: "
                    "the next run of the same hours takes the answers"
                )
                return
            now = await session.now()
            mine = [each for each in concerned if await self._take_over(each, now)]
            if not mine:
                await session.sleep(PEER_LOOK_SECONDS)
                continue
            ends = await asyncio.gather(*(Collector(session, each).collect() for each in mine), return_exceptions=True)
            for end in ends:
                if isinstance(end, BaseException):
                    raise end

    async def _take_over(self, batch: OpenBatch, now: float) -> bool:
        session, expired = self._session, now - HEARTBEAT_TTL_SECONDS
        return await session.write(lambda connection: take_over(connection, batch.id, session.runner, expired=expired))

    async def _concerned(self) -> list[OpenBatch]:
        """The open batches that hold a tweet of this run, and whose answers are of use to it."""
        session = self._session
        batches = await session.read(lambda connection: open_batches(connection, session.quota_key))
        if not batches:
            return []
        held = await session.read(lambda connection: unsettled(connection, [each.id for each in batches]))
        forced = await session.store(self._results.forced_runs, self._writer)
        return [
            batch
            for batch in batches
            if (not self._writer.force or batch.run_id in forced)
            and any(
                (request.project, tweet_id) in session.tweets
                for request in held[batch.id]
                for tweet_id in request.tweet_ids
            )
        ]

    async def _to_send(self) -> Sequence[Opportunity]:
        """The tweets of which nothing is there yet: neither results nor an answer that only has to be parsed, and that
        no batch has had before. What a batch was to bring is not waited for twice."""
        session = self._session
        since = await session.now() - TRIED_SECONDS
        before = await session.read(lambda connection: tried(connection, session.quota_key, since=since))
        waiting = await session.store(waiting_tweets, list(session.tweets.values()), self._results, self._writer)
        forced = await session.store(self._results.forced_runs, self._writer)
        had = {
            (project, tweet_id)
            for run_id, project, tweet_ids in before
            if not self._writer.force or run_id in forced
            for tweet_id in tweet_ids
        }
        wanted: list[Opportunity] = []
        for project, mine in waiting.items():
            stored = {
                tweet_id
                for answer in await session.store(session.ledger.unparsed, project)
                if is_of_use(answer, self._writer, forced)
                for tweet_id in answer.tweet_ids
            }
            wanted += [each for each in mine if each.tweet_id not in stored and each.key not in had]
        return wanted
