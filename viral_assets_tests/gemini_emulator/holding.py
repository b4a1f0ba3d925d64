"""Requests held back until they are let go: what a run is in the middle of, however fast or slow the machine is."""

from __future__ import annotations

import asyncio
import threading


class Hold:
    """Lets the first requests by and holds the others, as many as come, until it is released.

    Args:
        after: how many it lets by.
    """

    def __init__(self, after: int = 0) -> None:
        self._to_let_by = after
        self._held: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._released = False
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """How many wait now."""
        return len(self._held)

    def wait_for(self, count: int = 1, seconds: float = 60.0) -> None:
        """Until so many are held.

        Raises:
            TimeoutError: they do not come.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.held >= count, seconds):
                raise TimeoutError(f"only {self.held} of {count} requests are held after {seconds:g} s")

    def release(self) -> None:
        """Let all go, and hold none any more."""
        with self._changed:
            self._released = True
            for event, loop in self._held.items():
                loop.call_soon_threadsafe(event.set)

    async def let_by(self) -> None:
        """Where a request waits, in the event loop of whoever serves it."""
        event = asyncio.Event()
        with self._changed:
            if self._released or self._to_let_by > 0:
                self._to_let_by -= 1
                return
            self._held[event] = asyncio.get_running_loop()
            self._changed.notify_all()
        try:
            await event.wait()
        finally:
            with self._changed:
                del self._held[event]
