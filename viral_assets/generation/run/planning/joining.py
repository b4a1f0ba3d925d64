"""What is asked again shares requests: the one after the last of a window is most of a minute away."""

from __future__ import annotations

from collections.abc import Sequence

from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.queue import WorkQueue

JOIN_SECONDS = 2.0
"""A request with room to spare waits so long for tweets that will be asked again."""

JOIN_WHEN_SHORT_SECONDS = 5.0
"""And so long where requests are short."""


def more_may_come(work: WorkQueue, now: float, busy: Sequence[float]) -> bool:
    """Whether nothing is left but what is asked again, and in a moment there is more of it: what requests under way
    leave, and what is in backoff.

    Args:
        work: what waits.
        now: on the run's clock.
        busy: when each request under way should end, on the same clock.
    """
    if work.has_new:
        return False
    soon = now + JOIN_WHEN_SHORT_SECONDS
    # What should have ended may do so yet, or may never.
    ending = any(now - JOIN_WHEN_SHORT_SECONDS <= end <= soon for end in busy)
    return ending or work.ready(soon) != work.ready(now)


def halves_at_once(batch: RequestBatch) -> tuple[RequestBatch, ...]:
    """A batch as it is to be asked where others fill it up: they are seen to be fine with it, or are searched too.

    Of a pack that has failed once, by chance perhaps, neither half waits for the other: each has room for others.
    """
    if batch.bisection is None or not batch.bisection.is_first:
        return (batch,)
    return RequestBatch(batch.items, suspected=True), RequestBatch(batch.bisection.rest, suspected=True)
