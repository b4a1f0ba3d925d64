"""Where a run writes: one thread, call after call, patient with a database that is away for a moment.

Answers that arrive together are settled in one transaction, which waits for the disk once. While the database does not
answer, what is paid for waits in memory, is kept beside the database in case the run does not live to see its return
(``kept_answers``), and everything is tried again for a minute. Only a database that has answered this run before is
waited for: one that never did is somebody's mistake, and is said at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TypeVar

from viral_assets.clock import Clock
from viral_assets.errors import DatabaseUnavailableError
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.results import TweetResult
from viral_assets.generation.run.together import Together
from viral_assets.quota.ledger import GrantRequest, Ledger, Settlement
from viral_assets.store.standing import Writer
from viral_assets.text.amounts import how_many

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""For so long a database is tried again that does not answer."""

STOPPED_PATIENCE_SECONDS = 3.0
"""The same, once somebody wants the run to end: a person waits for that, and what is paid for is kept."""

RETRY_SECONDS = 0.5
"""How often."""

log = logging.getLogger("viral_assets")


@dataclass(eq=False, slots=True)
class _Unsettled:
    """A request that has ended and is not stored. ``kept``: it is beside the database."""

    grant: GrantRequest
    settlement: Settlement
    stored: asyncio.Future[None]
    kept: bool = False


class Storage:
    """A run's. All but :meth:`close` are called in its event loop.

    Args:
        kept: None where nothing can be kept.
        tell: takes notes for the report.
    """

    def __init__(self, ledger: Ledger, clock: Clock, *, kept: KeptAnswers | None, tell: Callable[[str], None]) -> None:
        self._ledger, self._clock, self._kept, self._tell = ledger, clock, kept, tell
        # One thread: writes stay in order, and SQLite has one writer anyway.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="viral-assets-storage")
        self._has_answered = False
        self._away_since: float | None = None
        self._ending_since: float | None = None
        self._given_up: DatabaseUnavailableError | None = None
        self._hurry = ExitStack()
        self._unsettled: list[_Unsettled] = []
        self._settling: asyncio.Task[None] | None = None
        self._late = Together[str, float | None](lambda ids: self.call(ledger.redate_all, ids))
        self._kept_answers = self._lost_answers = 0

    @property
    def is_worth_waiting(self) -> bool:
        """Whether a database that does not answer may yet do so while this run goes on."""
        if self._away_since is None:
            return self._has_answered
        now = self._clock.monotonic()
        patient = now - self._away_since < PATIENCE_SECONDS
        if self._ending_since is not None:
            patient = patient and now - max(self._away_since, self._ending_since) < STOPPED_PATIENCE_SECONDS
        return self._has_answered and patient

    def end_soon(self) -> None:
        """The run is to end: a database that does not answer is waited for no longer than a moment."""
        if self._ending_since is None:
            self._ending_since = self._clock.monotonic()
            if self._kept is not None:
                self._hurry.enter_context(self._kept.hurried(STOPPED_PATIENCE_SECONDS))

    async def once(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call of the ledger or the results outside the event loop, after all that were made before it.

        Raises:
            DatabaseUnavailableError: it is not tried again.
        """
        if self._given_up is not None:
            raise self._given_up
        try:
            result = await self._in_thread(call, *arguments)
        except DatabaseUnavailableError as error:
            if self._kept is not None and self._ending_since is not None and not self.is_worth_waiting:
                # One that is locked takes seconds to say so, each time.
                self._given_up = error
            if self._away_since is None:
                self._away_since = self._clock.monotonic()
                if self._has_answered:
                    log.warning("%s. Trying again for %.0f s", str(error).rstrip("."), PATIENCE_SECONDS)
            raise
        self._has_answered = True
        if self._away_since is not None:
            self._note_return(self._away_since)
            with suppress(DatabaseUnavailableError):
                await self._take_in_kept()
        return result

    async def call(self, call: Callable[..., T], *arguments: object) -> T:
        """As :meth:`once`, for calls that may be made again: tried until the database is back.

        Raises:
            DatabaseUnavailableError: it has not come back for :data:`PATIENCE_SECONDS`, or never answered.
        """
        while True:
            try:
                return await self.once(call, *arguments)
            except DatabaseUnavailableError:
                if not self.is_worth_waiting:
                    raise
            await self._clock.sleep(RETRY_SECONDS)

    async def save(self, save: Callable[[], int], ended: Sequence[TweetResult], writer: Writer) -> int:
        """As :meth:`call`, for how tweets ended that no stored answer says it of."""
        try:
            return await self.once(save)
        except DatabaseUnavailableError:
            if self._kept is not None and ended:
                await self._keep(lambda kept: kept.keep_ended(ended, writer))
            if not self.is_worth_waiting:
                raise
        await self._clock.sleep(RETRY_SECONDS)
        return await self.call(save)

    async def settle(self, grant: GrantRequest, settlement: Settlement) -> None:
        """Store how a request ended, together with others that end now.

        Raises:
            DatabaseUnavailableError: it cannot be stored; see :meth:`explained` for what became of it.
        """
        ended = _Unsettled(grant, settlement, asyncio.get_running_loop().create_future())
        self._unsettled.append(ended)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_all())
        await ended.stored

    async def redate(self, request_id: str) -> float | None:
        """Date a request anew that is late, together with others that are: see
        :meth:`~viral_assets.quota.ledger.Ledger.redate`.

        Raises:
            DatabaseUnavailableError: as :meth:`call`.
        """
        return await self._late.ask(request_id)

    async def take_in(self) -> int:
        """What an earlier run had to keep beside the database, before anything else is read."""
        return await self.call(self._kept.take_in) if self._kept is not None else 0

    def explained(self, error: DatabaseUnavailableError) -> DatabaseUnavailableError:
        """What the run ends with: what is the matter, and what became of the answers."""
        said = str(error).rstrip(".")
        if self._has_answered and self._away_since is not None:
            said = f"{said}; it was tried for {self._clock.monotonic() - self._away_since:.0f} s"
        if self._lost_answers:
            said = f"{said}; {how_many(self._lost_answers, 'paid answer')} could not be stored"
        if self._kept_answers and self._kept is not None:
            answers = how_many(self._kept_answers, "paid answer is", "paid answers are")
            said = f"{said}; {answers} in {self._kept.path}: the next run takes in what is there"
        return DatabaseUnavailableError(said)

    def close(self) -> None:
        """Let go of the thread; what it was given is still written."""
        # A hurry ends when what was given to it is written.
        self._thread.submit(self._hurry.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        # Shielded: whoever is cancelled while it waits for its turn has the call made all the same.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments))

    async def _settle_all(self) -> None:
        """Until nothing is left to settle. What comes in meanwhile is the next transaction."""
        while self._unsettled:
            together = list(self._unsettled)
            try:
                await self.once(self._ledger.settle_all, [(each.grant, each.settlement) for each in together])
            except DatabaseUnavailableError as error:
                await self._keep_settlements(together)
                if self.is_worth_waiting:
                    await self._clock.sleep(RETRY_SECONDS)
                    continue
                kept = sum(each.kept for each in together)
                self._kept_answers += kept
                self._lost_answers += len(together) - kept
                self._end(together, error)
            except Exception as error:  # noqa: BLE001 - it is raised where the request is awaited
                if len(together) == 1:
                    self._end(together, error)
                else:
                    await self._settle_each(together)
            else:
                self._end(together, None)

    async def _settle_each(self, together: Sequence[_Unsettled]) -> None:
        """One of them cannot be written: the others are, each in its own transaction."""
        for each in together:
            try:
                await self.call(self._ledger.settle_all, [(each.grant, each.settlement)])
            except Exception as error:  # noqa: BLE001 - it is raised where the request is awaited
                self._end([each], error)
            else:
                self._end([each], None)

    def _end(self, together: Sequence[_Unsettled], error: Exception | None) -> None:
        del self._unsettled[: len(together)]
        for each in together:
            if each.stored.done():
                continue
            if error is None:
                each.stored.set_result(None)
            else:
                each.stored.set_exception(error)

    async def _keep_settlements(self, together: Sequence[_Unsettled]) -> None:
        new = [each for each in together if not each.kept]
        pairs = [(each.grant, each.settlement) for each in new]
        if new and await self._keep(lambda kept: kept.keep_settled(pairs)):
            for each in new:
                each.kept = True

    async def _keep(self, write: Callable[[KeptAnswers], None]) -> bool:
        if self._kept is None:
            return False
        try:
            await self._in_thread(write, self._kept)
        except OSError as error:
            log.warning(
                "%s cannot be written either (%s): answers are in memory until the database is back",
                self._kept.path,
                error.strerror or error,
            )
            return False
        return True

    def _note_return(self, since: float) -> None:
        self._away_since = None
        if self._has_answered:
            self._tell(f"the database did not answer for {self._clock.monotonic() - since:.0f} s; nothing was lost")

    async def _take_in_kept(self) -> None:
        """What this run has kept is stored by now, or is stored with this."""
        if self._kept is not None:
            await self._in_thread(self._kept.take_in)
