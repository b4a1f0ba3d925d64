"""The time, handed to whatever measures it or waits, so that tests can hand in a time of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """All times are in seconds."""

    def time(self) -> float:
        """Since the epoch. Somebody may set it, backwards too."""

    def monotonic(self) -> float:
        """Since any moment in the past; never set. Only differences mean something."""

    async def sleep(self, seconds: float) -> None:
        """Let others run until so much time has passed; nothing and less let them run once."""

    async def wait_for(self, what: Awaitable[T], seconds: float | None) -> T:
        """What is awaited, for as long as it takes when ``seconds`` is None.

        Raises:
            TimeoutError: it took longer. It has been cancelled.
        """


class SystemClock:
    """The machine's."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait_for(self, what: Awaitable[T], seconds: float | None) -> T:
        return await asyncio.wait_for(what, seconds)


SYSTEM_CLOCK: Clock = SystemClock()
