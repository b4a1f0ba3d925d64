"""What a quota allows: values only. Who has used how much is in the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from viral_assets.errors import QuotaError
from viral_assets.llm.billing_day import PACIFIC, billing_day


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that hold together, for everyone who shares a quota.

    Args:
        max_requests: requests in any sliding window.
        max_tokens: tokens in any sliding window; None for no limit.
        requests_per_day: requests in a day of US Pacific time; None for no limit.
        daily_budget_usd: spending of the account in such a day, whatever its quota; None for no limit.
        window_seconds: length of the sliding window.
        counts_output: whether answers count towards ``max_tokens``. Gemini's limit is on input tokens.

    Raises:
        QuotaError: a limit under which nothing could ever be asked.
    """

    max_requests: int = 15
    max_tokens: int | None = None
    requests_per_day: int | None = None
    daily_budget_usd: float | None = None
    window_seconds: float = 60.0
    counts_output: bool = False

    def __post_init__(self) -> None:
        for field, name in (
            ("max_requests", "requests per window"),
            ("max_tokens", "tokens per window"),
            ("requests_per_day", "requests per day"),
        ):
            value = getattr(self, field)
            if value is None and field != "max_requests":
                continue
            if not _is_positive(value) or value != int(value):
                raise QuotaError(f"the limit of {name} must be a whole number of at least 1, not {value!r}")
            # 15.0 is as good, but everything that counts wants 15.
            object.__setattr__(self, field, int(value))
        for amount, name in ((self.daily_budget_usd, "daily budget"), (self.window_seconds, "quota window")):
            if amount is not None and not _is_positive(amount):
                raise QuotaError(f"the {name} must be a number above 0, not {amount!r}")

    @property
    def padded_window_seconds(self) -> float:
        """How long a grant counts here: longer than at the service.

        Two grants exactly one window apart can arrive closer than that, because the first was slower on its way: it
        opened the connection, or its machine was busy. Half a second covers that; short windows (tests) get 4 % so
        that the padding does not rule them.
        """
        return self.window_seconds + self._padding_seconds

    @property
    def send_within_seconds(self) -> float:
        """A request that is sent later than this after its grant has to be dated anew (``Ledger.redate``): the other
        half of the padding is for its way to the service."""
        return self._padding_seconds / 2

    @property
    def _padding_seconds(self) -> float:
        return min(0.5, 0.04 * self.window_seconds)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def unlimited() -> Limits:
    """For a provider that has no quota (the offline one)."""
    return Limits(max_requests=1_000_000, window_seconds=1.0)


@dataclass(frozen=True, slots=True)
class PacificDay:
    """The day a moment belongs to; ``start`` and ``end`` in seconds since the epoch (23 to 25 hours apart)."""

    name: str
    start: float
    end: float


def pacific_day(epoch_seconds: float) -> PacificDay:
    """The quota day that contains a moment."""
    day = billing_day(datetime.fromtimestamp(epoch_seconds, UTC))
    return PacificDay(day.isoformat(), _midnight(day), _midnight(day + timedelta(days=1)))


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), PACIFIC).timestamp()
