"""Having a revision written: the same executor, quota, ledger and quality rules as a first draft, and another place
for what comes of it. What the suggestion says stays as it is until a person takes the revision (``store.revisions``).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import ConfigurationError, DatabaseUnavailableError
from viral_assets.generation.engine import Engine
from viral_assets.generation.opportunity import DraftToRevise, Opportunity
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import MOST_SAID, SAID_LATELY, Known, TweetResult
from viral_assets.projects.model import Project
from viral_assets.store.engagement import recent_replies
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import HELD_FOR, fail, hold, keep_hold, let_go, offer, put_off
from viral_assets.store.revisions import Revision
from viral_assets.store.standing import Writer
from viral_assets.store.suggestions import mark_parsed, suggested_texts
from viral_assets.vocabulary import BLOCKED, DECLINED, DEFERRED, FILTERED


async def have_written(
    engine: Engine,
    database: Database,
    revision: Revision,
    opportunity: Opportunity,
    project: Project,
    *,
    options: GenerationOptions,
    now: Callable[[], datetime],
    stop: threading.Event | None = None,
) -> GenerationReport:
    """Have a revision written that somebody asked for. Afterwards it is offered, or has come to nothing, or was put off
    and is asked for still; each with its reason. An answer that a killed process had stored is used.

    Args:
        opportunity: the tweet.
        now: the time written into rows.
        stop: set it, from any thread, to save what is under way and leave the rest for later.

    Raises:
        ConfigurationError: somebody has it written right now, or has decided about it.
        ProviderError: the service cannot be used. What had been answered is saved.
    """
    # No claim: a run that drafts the same tweet writes something else.
    own = replace(options, force=True, claim=False, run_id=revision.id, purpose="revise")
    results = RevisionResults(database, revision, now=now)
    async with held(database, revision, now=now):
        report, _ = await engine.run(
            [asked_about(revision, opportunity)], {project.name: project}, results, options=own, stop=stop
        )
    return report


def asked_about(revision: Revision, opportunity: Opportunity) -> Opportunity:
    """The tweet, to be asked about for this revision."""
    return replace(
        opportunity,
        suggestion_types=(revision.key.suggestion_type,),
        revision=DraftToRevise(revision.draft, revision.wish),
    )


class RevisionResults:
    """The table ``suggestion_revisions``, for one of them; see :class:`~viral_assets.generation.run.results.Results`.

    Args:
        now: the time written into rows.
    """

    keeps_outcomes = False

    def __init__(
        self, database: Database, revision: Revision, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database, self._revision, self._now = database, revision, now

    def known(self, project: str, tweet_ids: Sequence[str], writer: Writer) -> Known:
        """The other suggestions for the tweet, which it is not to repeat."""
        with self._database.read() as connection:
            found = suggested_texts(connection, project, list(tweet_ids))
        mine = self._revision.key.suggestion_type
        others = {
            tweet_id: {kind: text for kind, text in texts.items() if kind != mine} for tweet_id, texts in found.items()
        }
        return Known(suggestions=others)

    def recent_replies(self, project: str) -> Sequence[str]:
        """What was said of late, but for what is revised."""
        with self._database.read() as connection:
            said = recent_replies(connection, project, since=self._now() - SAID_LATELY, most=MOST_SAID)
        return [text for text in said if text not in (self._revision.draft, self._revision.standing_text)]

    def forced_runs(self, writer: Writer) -> frozenset[str]:
        """Its own requests: an answer that a killed process has left is used."""
        return frozenset({self._revision.id})

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        writer: Writer,
        partial: Sequence[TweetResult] = (),
        parsed_requests: Sequence[str] = (),
    ) -> int:
        with self._database.begin() as connection:
            for result in ended:
                self._save(connection, result)
            mark_parsed(connection, parsed_requests, self._now())
        return sum(len(result.suggestions) for result in ended)

    def _save(self, connection: sa.Connection, result: TweetResult) -> None:
        revision_id = self._revision.id
        if result.suggestions:
            written = result.suggestions[0]
            offer(
                connection,
                revision_id,
                text=written.text,
                weighted_length=written.weighted_length,
                provider=written.provider,
                model=written.model,
                request_id=written.request_id,
                at=self._now(),
            )
        elif result.outcome == DEFERRED:
            put_off(connection, revision_id, reason=result.reason, at=self._now())
        else:
            fail(connection, revision_id, reason=_why(result), at=self._now())


def _why(result: TweetResult) -> str:
    """For a person."""
    match result.outcome:
        case outcome if outcome == BLOCKED:
            return "the provider's safety filter withheld the answer"
        case outcome if outcome == DECLINED:
            return result.reason
        case outcome if outcome == FILTERED:
            _, _, complaint = result.reason.partition(": ")
            return f"what was written did not pass the quality filter: {complaint or result.reason}"
    return f"asking several times gave no usable answer: {result.reason}"


@asynccontextmanager
async def held(
    database: Database,
    revision: Revision,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[None]:
    """Nobody else has it written meanwhile. Who is killed lets go after a few seconds
    (:data:`~viral_assets.store.revision_progress.HELD_FOR`).

    Raises:
        ConfigurationError: somebody else has it, or it is not to be written any more.
    """

    def take_on() -> bool:
        with database.begin() as connection:
            return hold(connection, revision.id, at=now())

    def renew() -> None:
        with database.begin() as connection:
            keep_hold(connection, revision.id, at=now())

    def give_up() -> None:
        with database.begin() as connection:
            let_go(connection, revision.id, at=now())

    async def go_on() -> None:
        while True:
            await clock.sleep(HELD_FOR.total_seconds() / 4)
            with contextlib.suppress(DatabaseUnavailableError):
                await asyncio.to_thread(renew)

    if not await asyncio.to_thread(take_on):
        raise ConfigurationError("somebody has this revision written right now, or has decided about it; look again")
    renewing = asyncio.create_task(go_on())
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        with contextlib.suppress(DatabaseUnavailableError):
            await asyncio.shield(asyncio.to_thread(give_up))
