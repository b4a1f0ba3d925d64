"""The requests under way: each is a task of its own, and ends as a value that the loop takes from here."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from viral_assets.generation.run.outcome import BatchOutcome
from viral_assets.generation.run.request import PreparedRequest, ask
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.stopping import Finishing


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that was sent ``at`` a time of the run's clock, when ``at_once`` were under way, itself included."""

    prepared: PreparedRequest
    at: float
    at_once: int
    expected_end: float


class InFlight:
    """What has been sent and not been applied yet, in the order in which it ends; and where the loop waits."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self._sent: dict[asyncio.Task[BatchOutcome], SentRequest] = {}
        self._ended: deque[asyncio.Task[BatchOutcome]] = deque()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sent)

    def expected_ends(self) -> list[float]:
        """When each of them should end, on the run's clock."""
        return [sent.expected_end for sent in self._sent.values()]

    @property
    def finishing(self) -> Finishing:
        """What is left where nothing more is sent."""
        ends = [sent.expected_end for task, sent in self._sent.items() if not task.done()]
        return Finishing(len(ends), max(ends) - self._session.clock.monotonic() if ends else 0.0)

    def start(self, prepared: PreparedRequest, *, asked_at: float) -> None:
        """Send what has been granted, for which the ledger was asked at a time of the run's clock."""
        expected = self._session.latencies[prepared.request.tier].latency.of(len(prepared.batch.asked))
        now = self._session.clock.monotonic()
        task = asyncio.create_task(ask(self._session, prepared, asked_at=asked_at))
        self._sent[task] = SentRequest(prepared, now, len(self._sent) + 1, now + expected)
        task.add_done_callback(self._has_ended)

    def take_ended(self) -> tuple[SentRequest, BatchOutcome] | None:
        """The first that has ended; None when all are under way.

        Raises:
            Exception: what is raised in a task is not the provider's, but the database's or a bug.
        """
        if not self._ended:
            return None
        task = self._ended.popleft()
        return self._sent.pop(task), task.result()

    def expect_change(self) -> None:
        """From here on, whatever changes ends the next :meth:`wait`, even if it changes before that."""
        self._changed.clear()

    def change(self) -> None:
        """Something has changed that the loop should know."""
        self._changed.set()

    async def wait(self, seconds: float | None) -> None:
        """Until so much time has passed, a request has ended, or something else has changed."""
        with contextlib.suppress(TimeoutError):
            await self._session.clock.wait_for(self._changed.wait(), seconds)

    async def wait_until(self, at: float | None) -> None:
        """Until a time of the run's clock, or a change as in :meth:`wait`."""
        await self.wait(None if at is None else max(0.0, at - self._session.clock.monotonic()))

    async def wait_for_end(self) -> None:
        """Until one of them has ended, whatever else changes."""
        await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)

    async def end(self, *, cancelled: bool) -> None:
        """Until all of them have ended and have been settled; their outcomes are not applied any more."""
        if cancelled:
            for task in self._sent:
                task.cancel()
        await asyncio.gather(*self._sent, return_exceptions=True)

    def _has_ended(self, task: asyncio.Task[BatchOutcome]) -> None:
        self._ended.append(task)
        self.change()
