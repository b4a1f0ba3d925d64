"""The quota's rules for a script that sends its own requests."""

from __future__ import annotations

import uuid
from functools import partial
from types import TracebackType
from typing import Self

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import QuotaError
from viral_assets.quota.ledger import HEARTBEAT_SECONDS, Granted, GrantRequest, Ledger, Settlement, Waiting
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.turns import DatedGrant


class AsyncRateLimiter:
    """Lets at most ``max_per_minute`` calls through in any sliding minute; first come, first served.

    >>> limiter = AsyncRateLimiter(max_per_minute=15)
    >>> async def ask():
    ...     async with limiter:
    ...         ...  # send one request

    Args:
        max_per_minute: a whole number above 0.
        ledger: share a quota with others instead of having one of its own.
        clock: what it waits by; the ledger given keeps the same time.

    Raises:
        QuotaError: a limit under which nothing could ever pass.
    """

    def __init__(self, max_per_minute: int = 15, *, ledger: Ledger | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._ledger = ledger or MemoryLedger(Limits(max_requests=max_per_minute), clock=clock)

    async def acquire(self) -> None:
        """Wait for a turn. A waiter that is cancelled leaves nothing behind.

        The turn is now: a call that is sent later than a moment after this returns may arrive where others are.

        Raises:
            QuotaError: the day's quota is used up.
        """
        runner = uuid.uuid4().hex
        try:
            while not await self._has_turn(runner):
                continue
        finally:
            self._ledger.leave(runner)

    async def _has_turn(self, runner: str) -> bool:
        """Whether a turn was waited for that is not over yet."""
        ask = GrantRequest(request_id=uuid.uuid4().hex, runner=runner, tokens=0, cost_usd=0.0)
        asked_at = self._clock.monotonic()
        while isinstance(decision := self._ledger.ask(ask), Waiting):
            # Asking again shows that this waiter still lives.
            await self._clock.sleep(min(decision.seconds, HEARTBEAT_SECONDS))
            asked_at = self._clock.monotonic()
        if not isinstance(decision, Granted):
            raise QuotaError(getattr(decision, "reason", "no quota is left"))
        # A database may have let it wait, or the machine have stood still.
        date = DatedGrant(self._ledger.limits, asked_at)
        in_time = date.keep(partial(self._ledger.redate, ask.request_id), self._clock.monotonic)
        # What becomes of the call is the caller's; the ledger keeps that there was one.
        self._ledger.settle(ask.request_id, Settlement("answered" if in_time else "unsent"))
        return in_time

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None
