"""Limits that the service enforces: requests and tokens in sliding windows, requests of a day."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.refusals import PER_DAY, PER_MINUTE, REFUSALS, TOKENS_PER_MINUTE, refused

_DAYS_END_IN = ZoneInfo("America/Los_Angeles")


class Quotas:
    """What has been granted, by key and model: each model has a quota of its own."""

    def __init__(self) -> None:
        self._granted: dict[str, deque[tuple[float, int]]] = {}
        self._day: dict[str, int] = {}

    def clear(self) -> None:
        self._granted.clear()
        self._day.clear()

    def refusal(self, config: EmulatorConfig, arrival: Arrival, now: float) -> Response | None:
        """None for a request that is granted, and counted.

        Args:
            now: seconds since the epoch, which decide about the day.
        """
        of = f"{arrival.key} {arrival.model}"
        day = f"{of} {datetime.fromtimestamp(now, _DAYS_END_IN):%Y-%m-%d}"
        most = config.model_days.get(arrival.model, config.requests_per_day)
        if most is not None and self._day.get(day, 0) >= most:
            return refused(PER_DAY, most, "21s")
        if (refusal := self._of_window(config, arrival, of)) is not None:
            return refusal
        self._granted[of].append((arrival.at, arrival.input_tokens))
        self._day[day] = self._day.get(day, 0) + 1
        return None

    def _of_window(self, config: EmulatorConfig, arrival: Arrival, of: str) -> Response | None:
        granted = self._granted.setdefault(of, deque())
        while granted and granted[0][0] <= arrival.at - config.window_seconds:
            granted.popleft()
        wait = granted[0][0] + config.window_seconds - arrival.at if granted else config.window_seconds
        if config.requests_per_window is not None and len(granted) >= config.requests_per_window:
            if config.refusal == "429":
                return refused(PER_MINUTE, config.requests_per_window, f"{math.ceil(wait)}s")
            return REFUSALS[config.refusal]()
        used = sum(tokens for _, tokens in granted)
        if config.tokens_per_window is not None and used + arrival.input_tokens > config.tokens_per_window:
            return refused(TOKENS_PER_MINUTE, config.tokens_per_window, f"{wait:.9f}s")
        return None
