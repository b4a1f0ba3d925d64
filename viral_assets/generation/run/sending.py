"""A request that was granted, sent once and in its time (``quota/turns.py``), and what comes back."""

from __future__ import annotations

import asyncio

from viral_assets.errors import ProviderError, TransientProviderError, TurnOverError
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.failures.patience import answer_within
from viral_assets.generation.run.session import RunSession
from viral_assets.llm.types import Answer
from viral_assets.quota.ledger import GrantRequest, Settlement
from viral_assets.quota.turns import DatedGrant


class GrantedTurn:
    """See :class:`~viral_assets.generation.clients.turns.Turn`.

    Args:
        asked_at: a time of the run's clock before the request was granted.
    """

    def __init__(self, session: RunSession, grant: GrantRequest, asked_at: float) -> None:
        self._session, self._grant = session, grant
        self._date = DatedGrant(session.ledger.limits, asked_at)

    def is_over(self) -> bool:
        return self._date.is_over(self._session.clock.monotonic())

    async def renew(self) -> None:
        dated = await self._redate()
        if dated is None:
            raise TurnOverError("its turn was over before it was sent")
        self._date.renewed(dated)

    async def ended(self) -> None:
        """The service has answered, or not."""
        if self._date.sent_late:
            await self._redate()

    async def _redate(self) -> float | None:
        return await self._session.storage.redate(self._grant.request_id)


async def reply_to(
    session: RunSession, request: GenerationRequest, grant: GrantRequest, *, tweets: int, asked_at: float
) -> Answer | ProviderError:
    """The answer to a request about so many tweets, or why there is none; ``asked_at`` as in :class:`GrantedTurn`."""
    turn = GrantedTurn(session, grant, asked_at)
    reply = await _reply(session, request, grant, turn, tweets=tweets)
    await turn.ended()
    return reply


async def _reply(
    session: RunSession, request: GenerationRequest, grant: GrantRequest, turn: GrantedTurn, *, tweets: int
) -> Answer | ProviderError:
    latencies = session.latencies[request.tier]
    timeout, began = latencies.timeout(tweets), session.clock.monotonic()
    try:
        return await answer_within(
            session.client.generate(request, timeout_seconds=timeout, turn=turn),
            lambda: min(latencies.timeout(tweets), timeout * 1.2 + 5),
            session.clock,
        )
    except TimeoutError:
        latencies.gave_up()
        return TransientProviderError(f"no answer within {session.clock.monotonic() - began:.0f} s")
    except ProviderError as error:
        if session.clock.monotonic() - began >= timeout:
            latencies.gave_up()
        return error
    except asyncio.CancelledError:
        settlement = Settlement("failed", error="cancelled while under way")
        await asyncio.shield(session.storage.settle(grant, settlement))
        raise
