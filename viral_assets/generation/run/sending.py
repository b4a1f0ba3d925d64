"""A request that was granted, sent once, and what comes back.

A grant says that it may be sent now, and now is soon over: on a busy machine what was granted together is sent one
after the other, and a process may stand still in between. The service counts a request when it arrives. So one that is
sent late is dated anew before, and counts from then on.
"""

from __future__ import annotations

import asyncio

from viral_assets.errors import ProviderError, TransientProviderError, TurnOverError
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.failures.patience import answer_within
from viral_assets.generation.run.session import Session
from viral_assets.llm.types import Answer
from viral_assets.quota.ledger import GrantRequest, Settlement

MOST_RENEWALS = 3
"""A machine on which a request is late each time has to send it late in the end."""


class GrantedTurn:
    """See :class:`~viral_assets.generation.clients.turns.Turn`.

    Args:
        asked_at: a time of the run's clock before the request was granted.
    """

    def __init__(self, session: Session, grant: GrantRequest, asked_at: float) -> None:
        self._session, self._grant, self._dated_after = session, grant, asked_at
        self._renewals = 0
        self.sent_late = False
        """It counts from when it has ended, then, by which time it has arrived."""

    def is_over(self) -> bool:
        limits = self._session.ledger.limits
        late = self._session.clock.monotonic() - self._dated_after
        if late <= limits.send_within_seconds:
            return False
        # Never when it may not count any more.
        self.sent_late = self._renewals >= MOST_RENEWALS and late <= limits.window_seconds
        return not self.sent_late

    async def renew(self) -> None:
        dated = await self._redate()
        if dated is None:
            raise TurnOverError("its turn was over before it was sent")
        self._renewals += 1
        self._dated_after = dated

    async def ended(self) -> None:
        """The service has answered, or not."""
        if self.sent_late:
            await self._redate()

    async def _redate(self) -> float | None:
        return await self._session.store(self._session.ledger.redate, self._grant.request_id)


async def reply_to(
    session: Session, request: GenerationRequest, grant: GrantRequest, *, tweets: int, asked_at: float
) -> Answer | ProviderError:
    """The answer to a request about so many tweets, or why there is none; ``asked_at`` as in :class:`GrantedTurn`."""
    turn = GrantedTurn(session, grant, asked_at)
    reply = await _reply(session, request, grant, turn, tweets=tweets)
    await turn.ended()
    return reply


async def _reply(
    session: Session, request: GenerationRequest, grant: GrantRequest, turn: GrantedTurn, *, tweets: int
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
