"""What one account has spent, for all of its ledgers in one process."""

from __future__ import annotations

import threading
from collections import defaultdict

from viral_assets.quota.limits import PacificDay


class AccountSpending:
    """The ledgers share its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._cost_usd: defaultdict[str, float] = defaultdict(float)

    def on(self, day: PacificDay) -> float:
        """USD on a day."""
        return self._cost_usd[day.name]

    def add(self, day: PacificDay, cost_usd: float) -> None:
        self._cost_usd[day.name] += cost_usd
