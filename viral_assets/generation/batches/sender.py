"""Sends tweets in batches: every request granted, everything written down before it is sent."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from viral_assets.errors import ProviderError, QuotaError, TransientProviderError
from viral_assets.generation.batches.packs import in_batches
from viral_assets.generation.batches.session import BatchSession
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.planning.tokens import TokenModel
from viral_assets.llm.tiers import BATCH, price_at
from viral_assets.quota.ledger import AlreadyClaimed, Granted, GrantRequest, Settlement
from viral_assets.store.batches import (
    PREPARING,
    SENDING,
    SENT,
    BatchedRequest,
    OpenBatch,
    add_batch,
    batch_is,
    close_batch,
)

log = logging.getLogger("viral_assets")

UNSENT = Settlement("refused", error="the batch was not sent")
"""Of a request that has never left, or that the service did not take: nothing is billed."""


class Sender:
    """Args:
    hours: after which a batch is cancelled.
    """

    def __init__(self, session: BatchSession, *, hours: float) -> None:
        self._session, self._hours = session, hours
        self._tokens = TokenModel(session.ledger.limits)
        self._exhausted = False

    async def send(self, requests: Sequence[GenerationRequest]) -> None:
        """Send as many as the budget allows; tweets that others work at are left out.

        A batch of which nobody knows whether the service has it stays open: who waits for it finds out.
        """
        for part in in_batches(requests):
            if self._exhausted or self._session.is_stopped:
                return
            await self._send(part)

    async def _send(self, requests: Sequence[GenerationRequest]) -> None:
        session = self._session
        now = await session.now()
        batch = OpenBatch(
            id=uuid.uuid4().hex,
            model=session.model,
            run_id=session.options.run_id,
            state=PREPARING,
            name=None,
            runner=session.runner,
            created_at=now,
            deadline=now + self._hours * 3600,
        )
        await session.write(lambda connection: add_batch(connection, batch, session.quota_key))
        granted: dict[str, GenerationRequest] = {}
        for request in requests:
            if (grant := await self._granted(request, batch.id)) is not None:
                granted[grant[0]] = grant[1]
            if self._exhausted:
                break
        if not granted:
            await session.write(lambda connection: close_batch(connection, batch.id, at=now, ended="nothing to send"))
            return
        await session.write(lambda connection: batch_is(connection, batch.id, SENDING))
        try:
            made = await session.client.create(batch.id, session.model, granted)
        except TransientProviderError as error:
            session.counters.note(f"a batch was sent, and the service did not say that it has it: {error}")
            return
        except ProviderError as error:
            await self._take_back(batch, granted, error)
            return
        await session.write(lambda connection: batch_is(connection, batch.id, SENT, name=made.name))
        until = f"{datetime.fromtimestamp(batch.deadline, UTC):%F %H:%M} UTC"
        log.info("Sent %d requests in a batch, which is waited for until %s.", len(granted), until)

    async def _granted(self, request: GenerationRequest, batch_id: str) -> tuple[str, GenerationRequest] | None:
        """The request under the id of its grant, without tweets that others work at; None where none is left."""
        session = self._session
        price = price_at(session.price_of(request.model), BATCH)
        while True:
            grant = GrantRequest(
                request_id=uuid.uuid4().hex,
                runner=session.runner,
                tokens=self._tokens.counted(request),
                cost_usd=None if price is None else self._tokens.reserved_cost(request, price),
                project=request.project.name,
                provider=session.provider,
                model=request.model,
                run_id=session.options.run_id,
                tweet_ids=request.tweet_ids,
                again=session.options.force,
                priority=session.options.priority,
                tier=BATCH,
                batch_id=batch_id,
            )
            try:
                decision = await session.store(session.ledger.ask, grant)
            except QuotaError:
                return None
            match decision:
                case Granted():
                    return grant.request_id, request
                case AlreadyClaimed(finished=finished, in_flight=in_flight, in_batch=in_batch):
                    taken = finished | in_flight | in_batch
                    left = [each for each in request.opportunities if each.tweet_id not in taken]
                    if not left:
                        return None
                    request = build_request(request.project, left, model=session.options.model, tier=BATCH)
                case _:
                    self._exhausted = True
                    return None

    async def _take_back(self, batch: OpenBatch, granted: dict[str, GenerationRequest], error: ProviderError) -> None:
        """The service did not take it: all of it is asked the usual way."""
        session = self._session
        said = replace(UNSENT, error=str(error), http_status=error.http_status)
        for request_id, request in granted.items():
            await session.settle(BatchedRequest(request_id, request.project.name, request.tweet_ids), said)
        now = await session.now()
        await session.write(lambda connection: close_batch(connection, batch.id, at=now, ended="not taken"))
        session.counters.note(f"the service takes no batch, so the standard tier was asked: {error}")
