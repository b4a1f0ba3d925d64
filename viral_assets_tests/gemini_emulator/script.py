"""Which fault each request meets: those of a script first, then by chance."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping

from viral_assets_tests.gemini_emulator.faults import NAMES, OK


class Script:
    """Faults to come, one a request, in order of arrival.

    Args:
        seed: of the chance that draws faults when the script is at its end.
    """

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._next: deque[str] = deque()

    def add(self, *faults: str) -> None:
        """``ok`` is none."""
        if unknown := set(faults) - NAMES:
            raise ValueError(f"no such fault: {sorted(unknown)}")
        self._next.extend(faults)

    def clear(self) -> None:
        self._next.clear()

    def next(self, always: str | None, faults: Mapping[str, float]) -> str:
        """What the request meets that arrives now.

        Args:
            always: what it meets in any case, unless there is a script.
            faults: name of a fault to its probability.
        """
        if self._next:
            return self._next.popleft()
        if always is not None:
            return always
        drawn = self._chance.random()
        for name, probability in faults.items():
            drawn -= probability
            if drawn < 0:
                return name
        return OK

    def happens(self, probability: float) -> bool:
        return probability > 0 and self._chance.random() < probability

    def spread(self, share: float) -> float:
        """A factor around 1, at most ``share`` away from it."""
        return self._chance.uniform(1 - share, 1 + share) if share else 1.0
