"""How long an answer is waited for.

Whoever gives up may pay twice: the service goes on, and bills what nobody reads. Whoever waits for what never comes
holds up a run. So an answer is given up when it takes twice as long as the slowest of the newest ones did for its size:
no sooner than a few times the usual, and no later than many times. What one request was given up for may be a service
that has become slower: until one is answered, every further request has twice the time of the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from viral_assets.clock import Clock

T = TypeVar("T")

SLOWEST_FACTOR = 2.0
LEAST_FACTOR, MOST_FACTOR = 2.5, 5.0
"""Of what is usual for a request of its size."""

LEAST_SECONDS, MOST_SECONDS = 5.0, 90.0

CHECK_SECONDS = LEAST_SECONDS
"""How often a request checks what the others have taught meanwhile."""


def patience_seconds(usual: float, ratios: Iterable[float], given_up: int) -> float:
    """How long to wait for an answer.

    Args:
        usual: seconds that one takes for its size.
        ratios: how long the newest answers took, each as a multiple of the usual.
        given_up: requests since the last answer.
    """
    factor = min(max(LEAST_FACTOR, SLOWEST_FACTOR * max(ratios, default=1.0)), MOST_FACTOR)
    return float(min(max(factor * usual, LEAST_SECONDS) * 2 ** min(given_up, 8), MOST_SECONDS))


async def answer_within(work: Coroutine[Any, Any, T], seconds: Callable[[], float], clock: Clock) -> T:
    """What work brings, if it does so in time. How long that is may change meanwhile.

    Raises:
        TimeoutError: it was given up.
    """
    began = clock.monotonic()
    task = asyncio.create_task(work)
    try:
        while not task.done():
            left = began + seconds() - clock.monotonic()
            if left <= 0:
                raise TimeoutError
            await asyncio.wait({task}, timeout=min(left, CHECK_SECONDS))
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
