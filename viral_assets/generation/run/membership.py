"""A run among others that share its quota: what it wants is announced, what they want is waited for.

Every runner plans for what all of them want (``planning.quota_shares``), so a run says how much that is as early as it
can, and takes it back when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.storage import RETRY_SECONDS
from viral_assets.quota.ledger import HEARTBEAT_SECONDS, Decision, GrantRequest, Waiting
from viral_assets.quota.priority import Priority

PEER_DEMAND_TIMEOUT_SECONDS = 0.2
"""For runs that have announced themselves to say how much they want, before the first request."""


class Membership:
    """One runner's part in the ledger.

    Args:
        runner: its name there.
        sharing: whose requests it may share, see :class:`~viral_assets.quota.ledger.Demand`.
    """

    def __init__(self, session: RunSession, runner: str, *, sharing: str = "") -> None:
        self._session, self._ledger, self.runner = session, session.ledger, runner
        self._priority = session.options.priority
        self._sharing, self._queued = sharing, False

    async def announce(self, tweets: int) -> None:
        """Say how many tweets this run wants to ask about."""
        await self._session.store(lambda: self._ledger.join(self.runner, tweets, self._priority, sharing=self._sharing))

    async def keep_announced(self, remaining: Callable[[], int]) -> None:
        """The heartbeat, for ever: a runner that shows no sign of life is forgotten."""
        while True:
            await self._session.clock.sleep(HEARTBEAT_SECONDS)
            await self.announce(remaining())

    async def await_peer_demand(self, is_over: Callable[[], bool]) -> None:
        """Runs that start together with this one say in a moment how much they want; a plan that knows is better.

        Of those that are served after this one, nothing has to be known; and for a person's tweet nothing is planned.
        """
        if self._priority is Priority.PERSON:
            return
        clock = self._session.clock
        deadline = clock.monotonic() + PEER_DEMAND_TIMEOUT_SECONDS
        while clock.monotonic() < deadline and not is_over():
            state = await self._session.store(self._ledger.state)
            if all(each.tweets is not None for each in state.demand if each.priority <= self._priority):
                return
            await clock.sleep(PEER_DEMAND_TIMEOUT_SECONDS / 10)

    async def ask(self, grants: Sequence[GrantRequest], *, remaining: int) -> list[Decision]:
        """Ask for grants; a run that has to wait keeps its place in the queue. See :meth:`Ledger.ask_many`."""
        storage = self._session.storage
        try:
            decisions = await storage.once(lambda: self._ledger.ask_many(grants, remaining=remaining))
        except DatabaseUnavailableError as error:
            # Not asked again: what was granted at the last moment is not known. It counts, and is never sent.
            if not storage.is_worth_waiting:
                raise
            return [Waiting(RETRY_SECONDS, str(error))]
        self._queued = isinstance(decisions[-1], Waiting)
        return decisions

    async def withdraw(self) -> None:
        """Nothing is ready to be sent: others need not wait behind this run."""
        if self._queued:
            await self._session.store(self._ledger.withdraw, self.runner)
            self._queued = False

    async def leave(self) -> None:
        """The run is over."""
        await self._session.store(self._ledger.leave, self.runner)
