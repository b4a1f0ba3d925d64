"""Requests held back until they are let go: what a run is in the middle of, however fast or slow the machine is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Container, Iterable

from viral_assets_tests.waiting import PATIENCE


class Hold:
    """Lets the first requests by and holds the others, as many as come, until it is released.

    Args:
        after: how many it lets by.
        about: of which tweets, in case others are asked about at the same time; None for all requests.
    """

    def __init__(self, after: int = 0, about: Container[str] | None = None) -> None:
        self._to_let_by, self._about = after, about
        self._held: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._released = False
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """How many wait now."""
        return len(self._held)

    def wait_for(
        self, count: int = 1, seconds: float = PATIENCE, *, meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Until so many are held.

        Args:
            meanwhile: whether they may still come; asked again and again.

        Raises:
            TimeoutError: they do not come.
        """
        until = time.monotonic() + seconds
        while self.held < count:
            if time.monotonic() > until or (meanwhile is not None and not meanwhile()):
                raise TimeoutError(f"only {self.held} of {count} requests are held")
            time.sleep(0.002)

    def release(self) -> None:
        """Let all go, and hold none any more."""
        with self._lock:
            self._released = True
            for event, loop in self._held.items():
                loop.call_soon_threadsafe(event.set)

    async def let_by(self, tweet_ids: Iterable[str]) -> None:
        """Where a request waits, in the event loop of whoever serves it."""
        if self._about is not None and not any(tweet in self._about for tweet in tweet_ids):
            return
        event = asyncio.Event()
        with self._lock:
            if self._released or self._to_let_by > 0:
                self._to_let_by -= 1
                return
            self._held[event] = asyncio.get_running_loop()
        try:
            await event.wait()
        finally:
            with self._lock:
                del self._held[event]
