"""Waits for a batch and settles what it brings: at its end, at its deadline, or when a run is stopped.

Settled answers are stored raw; they are parsed by whoever asks about their tweets next. Everything here may happen
twice, in two processes of which one was thought dead: it comes to the same.
"""

from __future__ import annotations

from dataclasses import replace

from viral_assets.errors import ProviderError, TransientProviderError
from viral_assets.generation.batches.sender import UNSENT
from viral_assets.generation.batches.session import BatchSession
from viral_assets.generation.clients.base import BatchAtService
from viral_assets.generation.run.settlement import price_of_answer, settled_answer, settled_failure
from viral_assets.llm.tiers import BATCH
from viral_assets.llm.types import Answer, Usage
from viral_assets.quota.ledger import Settlement
from viral_assets.store.batches import PREPARING, SENT, OpenBatch, batch_is, close_batch, unsettled
from viral_assets.text.amounts import how_many

FIRST_LOOK_SECONDS = 10.0
LONGEST_LOOK_SECONDS = 300.0
LOOK_FACTOR = 1.5
"""A batch is looked at ever less often."""

MISSING_SECONDS = 300.0
"""A batch that the service does not list so long after it was sent has never come there."""

CANCELLING_SECONDS = 600.0
"""A batch that has not ended so long after it was cancelled is given up, with whatever it may still bring."""

LOST = Settlement(
    "failed", input_tokens=0, output_tokens=0, thought_tokens=0, cost_usd=0.0, error="no answer in the batch"
)
"""Of a request that a batch has ended without: such are not billed
(https://ai.google.dev/gemini-api/docs/batch-api)."""

GIVEN_UP = Settlement("failed", error="the batch did not end after it was cancelled")
"""The answer may still be written, and billed: the estimate stays."""


class Collector:
    """Brings one batch to its end."""

    def __init__(self, session: BatchSession, batch: OpenBatch) -> None:
        self._session, self._batch = session, batch
        self._name = batch.name
        self._cancelled_at: float | None = None

    async def collect(self) -> bool:
        """Until the batch is closed; False where the run was stopped before.

        Raises:
            ProviderError: the key is not accepted any more. The batch stays open.
        """
        session, wait = self._session, FIRST_LOOK_SECONDS
        if self._batch.state == PREPARING:
            # Who prepared it was stopped before it was sent.
            await self._close(None, UNSENT, "not sent")
            return True
        while not session.is_stopped:
            now = await session.now()
            if await self._look(now):
                return True
            wait = min(wait * LOOK_FACTOR, LONGEST_LOOK_SECONDS)
            left = self._batch.deadline - now
            await session.sleep(min(wait, left) if left > 0 and self._cancelled_at is None else min(wait, 30.0))
        return False

    async def _look(self, now: float) -> bool:
        """See how it is, and do what is due; True once it is closed."""
        try:
            found = await self._found(now)
            if found is not None and not found.has_ended and now >= self._batch.deadline and self._cancelled_at is None:
                await self._session.client.cancel(found.name)
                self._cancelled_at = now
                found = await self._found(now)
        except TransientProviderError as error:
            self._session.counters.note(f"the service did not say how a batch is: {error}")
            found = None
            if self._cancelled_at is None and now >= self._batch.deadline + CANCELLING_SECONDS:
                self._cancelled_at = self._batch.deadline
            if self._cancelled_at is None:
                return False
        else:
            if found is None:
                if self._name is None and now < self._batch.created_at + MISSING_SECONDS:
                    return False
                await self._close(None, UNSENT if self._name is None else LOST, "the service has no such batch")
                return True
        if found is not None and found.has_ended:
            await self._close(found, LOST, found.state.lower())
            return True
        if self._cancelled_at is not None and now >= self._cancelled_at + CANCELLING_SECONDS:
            await self._close(found, GIVEN_UP, "given up")
            return True
        return False

    async def _found(self, now: float) -> BatchAtService | None:
        session, batch = self._session, self._batch
        if self._name is not None:
            return await session.client.get(self._name, batch.model)
        found = await session.client.find(batch.id)
        if found is not None:
            self._name = found.name
            await session.write(lambda connection: batch_is(connection, batch.id, SENT, name=found.name))
        return found

    async def _close(self, found: BatchAtService | None, without: Settlement, ended: str) -> None:
        """Settle every request, those without an answer as given, and then write that nothing is open."""
        session, batch_id = self._session, self._batch.id
        replies = found.replies if found is not None else {}
        requests = (await session.read(lambda connection: unsettled(connection, [batch_id])))[batch_id]
        missing = 0
        for request in requests:
            reply = replies.get(request.id)
            if reply is None:
                missing += len(request.tweet_ids)
                await session.settle(request, without)
            else:
                await session.settle(request, *self._settled(reply))
        now = await session.now()
        await session.write(lambda connection: close_batch(connection, batch_id, at=now, ended=ended))
        if missing:
            tweets = how_many(missing, "tweet")
            session.counters.note(f"{tweets} had no answer in a batch ({ended}), to be asked for anew")

    def _settled(self, reply: Answer | ProviderError) -> tuple[Settlement, Usage | None]:
        session, asked = self._session, self._batch.model
        price = price_of_answer(
            reply,
            asked=asked,
            asked_price=session.price_of(asked),
            price_of=session.price_of,
            provider=session.provider,
        )
        if not isinstance(reply, Answer):
            settlement, paid = settled_failure(reply, price, BATCH)
            # What is in a batch instead of an answer is not billed, but for what a filter withheld.
            return (settlement if paid else replace(LOST, error=settlement.error)), paid
        return settled_answer(reply, reply.usage, price, BATCH), reply.usage
