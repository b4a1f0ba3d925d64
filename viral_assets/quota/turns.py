"""Whether a request that was granted may still be sent as granted.

A grant says that it may be sent now, and now is soon over: on a busy machine what was granted together is sent one
after the other, and a process may stand still in between. The service counts a request when it arrives. So one that is
sent late is dated anew before (:meth:`~viral_assets.quota.ledger.Ledger.redate`), and counts from then on.
"""

from __future__ import annotations

from collections.abc import Callable

from viral_assets.quota.limits import Limits

MOST_RENEWALS = 3
"""A machine on which a request is late each time has to send it late in the end."""


class DatedGrant:
    """One grant, by a monotonic clock.

    Args:
        asked_at: a time before it was granted.
    """

    def __init__(self, limits: Limits, asked_at: float) -> None:
        self._limits, self._dated_after = limits, asked_at
        self._renewals = 0
        self.sent_late = False
        """It has to be dated anew when it has ended, by which time it has arrived."""

    def is_over(self, now: float) -> bool:
        """Whether it must be dated anew before it is sent."""
        late = now - self._dated_after
        if late <= self._limits.send_within_seconds:
            return False
        # Never when it may not count any more.
        self.sent_late = self._renewals >= MOST_RENEWALS and late <= self._limits.window_seconds
        return not self.sent_late

    def keep(self, redate: Callable[[], float | None], now: Callable[[], float]) -> bool:
        """Have it dated anew as long as it is late. False: it may not be any more, and has to be asked for anew.

        Args:
            redate: has the ledger date it anew, see :meth:`~viral_assets.quota.ledger.Ledger.redate`.
            now: of the monotonic clock.
        """
        while self.is_over(now()):
            if (dated := redate()) is None:
                return False
            self.renewed(dated)
        return True

    def renewed(self, dated: float) -> None:
        """It counts from no earlier than that."""
        self._renewals += 1
        self._dated_after = dated
