"""A clock that nobody has to wait for: it stands still while anything can be done, and then jumps to what comes next.

By hand::

    clock = VirtualClock()
    ledger = MemoryLedger(limits, clock=clock)
    clock.advance(60)

or together with an event loop, for code that sleeps::

    report = clock.run(executor.run(opportunities))  # a minute's window takes milliseconds

In such a loop nothing may wait for other threads, processes or sockets: time would pass without them. What is handed to
an executor runs within the loop. Where everybody waits for something that will never happen, an error says so.
"""

from __future__ import annotations

import asyncio
import selectors
from asyncio.futures import Future
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

NOON = datetime(2026, 11, 21, 20, 0, tzinfo=UTC).timestamp()
"""Noon in Los Angeles: 12 hours of the quota's day are left."""

ROUND_SECONDS = 1e-9
"""A round of the event loop takes some time, as anywhere: whoever wakes up for a moment finds it in the past."""

LONGEST_RUN_SECONDS = 6 * 3600.0
"""A run that takes longer waits for something that does not come: its heartbeats would go on for ever."""


class VirtualClock:
    """See :class:`viral_assets.clock.Clock`.

    Args:
        start: seconds since the epoch.
    """

    def __init__(self, start: float = NOON) -> None:
        self._epoch, self._passed = start, 0.0

    def time(self) -> float:
        return self._epoch + self._passed

    def monotonic(self) -> float:
        return self._passed

    def advance(self, seconds: float) -> None:
        self._passed += seconds

    def set_back(self, seconds: float) -> None:
        """Somebody sets the machine's clock, forward where it is negative; no time passes."""
        self._epoch -= seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait_for(self, what: Awaitable[T], seconds: float | None) -> T:
        return await asyncio.wait_for(what, seconds)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What :func:`asyncio.run` does, in no time."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            return runner.run(work)


class _Loop(asyncio.SelectorEventLoop):
    """Its timers are due when the clock says so."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        super().__init__(_Selector(clock))
        # No timer is due before its time, not even by what a clock cannot tell apart.
        self._clock_resolution = 0.0

    def time(self) -> float:
        return self._clock.monotonic()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, call: Callable[..., T], *arguments: Any
    ) -> Future[T]:
        """Within the loop, after what is ready now: threads would make the order of things a matter of chance."""
        future: Future[T] = self.create_future()

        def run() -> None:
            if future.cancelled():
                return
            try:
                result = call(*arguments)
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_soon(run)
        return future


class _Selector(selectors.DefaultSelector):
    """Where a loop waits: instead, the clock is moved by as much as it would have waited."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock, self._until = clock, clock.monotonic() + LONGEST_RUN_SECONDS

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if (timeout is None and not found) or self._clock.monotonic() > self._until:
            raise RuntimeError("what is waited for will never happen")
        self._clock.advance(ROUND_SECONDS + (0.0 if found else timeout or 0.0))
        return found
