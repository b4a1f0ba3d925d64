"""The wish that a run ends, and what its executors have still under way once they have heard of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from viral_assets.text.amounts import how_many


@dataclass(frozen=True, slots=True)
class Finishing:
    """How many requests are under way that nothing more is sent after, and in how many seconds the last one should
    have been answered."""

    requests: int
    seconds: float

    def __str__(self) -> str:
        if not self.requests:
            return "nothing is under way"
        requests, seconds = how_many(self.requests, "request"), how_many(max(1, math.ceil(self.seconds)), "second")
        return f"finishing {requests}, about {seconds}; again to give them up"


class Stop(threading.Event):
    """Set it, from any thread, to have runs finish what is under way and send nothing more.

    Args:
        on_finishing: told once what all executors together have under way, as soon as none of them sends any more; in
            the thread of their event loop.
    """

    def __init__(self, on_finishing: Callable[[Finishing], None] | None = None) -> None:
        super().__init__()
        self._on_finishing = on_finishing
        self._parts: dict[object, Finishing | None] = {}

    @staticmethod
    def of(event: threading.Event | None) -> Stop:
        """The event, where it is one of these; else one that tells nobody."""
        return event if isinstance(event, Stop) else Stop()

    def begins(self, part: object) -> None:
        """An executor may send requests from now on."""
        self._parts[part] = None

    def finishes(self, part: object, finishing: Finishing) -> None:
        """It sends no more, and this is under way."""
        self._parts[part] = finishing
        self._tell()

    def ends(self, part: object) -> None:
        """It has nothing under way any more."""
        self._parts.pop(part, None)
        self._tell()

    def _tell(self) -> None:
        known = [each for each in self._parts.values() if each is not None]
        if self._on_finishing is None or not known or len(known) < len(self._parts):
            return
        tell, self._on_finishing = self._on_finishing, None
        tell(Finishing(sum(each.requests for each in known), max(each.seconds for each in known)))
