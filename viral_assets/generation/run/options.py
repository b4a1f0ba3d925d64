"""How a generation run goes about it: values only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from viral_assets.generation.run.planning.latency import UNMEASURED, Latency
from viral_assets.llm.prices import Price
from viral_assets.llm.tiers import Tier
from viral_assets.processes import open_files
from viral_assets.quota.ledger import Purpose
from viral_assets.quota.limits import Limits
from viral_assets.quota.priority import Priority

MAX_CONCURRENCY = 1_000
"""Requests under way at once with concurrency "auto": as many connections as clients open."""

SPARED_FILES = 256
"""Of those that this process may open: for databases, logs, libraries, and whoever else lives in it."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How a run goes about it.

    Args:
        concurrency: requests under way at once; ``auto`` for what quota and latency can use.
        tweets_per_request: ``auto`` for as few as the quota allows; a number for exactly so many.
        sequential: one tweet after the other.
        force: ask again even about finished tweets.
        claim: keep others who share the database from asking about the same tweets meanwhile.
        timeout_seconds: for one request; None measures what is usual and allows several times that.
        latency: assumed until some answers were measured.
        model: instead of the projects' own.
        run_id: goes into the ledger's rows.
        priority: who else waits for the quota is served before or after.
        tier: of the service; instead of the projects' own where a run begins, and the standard one where none is named
            in the end.
        paced: leave the hours to come their part of the day's requests and budget, where larger requests do it.
        purpose: of its requests, as the ledger keeps them.
        tier_hours: from when on the standard tier has to do, counted from a run's beginning.
    """

    concurrency: int | Literal["auto"] = 5
    tweets_per_request: int | Literal["auto"] = "auto"
    sequential: bool = False
    force: bool = False
    claim: bool = True
    timeout_seconds: float | None = None
    latency: Latency = UNMEASURED
    model: str | None = None
    run_id: str = ""
    priority: Priority = Priority.NEWEST_HOUR
    tier: Tier | None = None
    tier_hours: float = math.inf
    paced: bool = False
    purpose: Purpose = "generate"

    def max_concurrency(self, limits: Limits) -> int:
        """Upper limit of the requests under way."""
        if self.sequential:
            return 1
        if self.concurrency != "auto":
            return self.concurrency
        return min(limits.max_requests, MAX_CONCURRENCY, max(1, open_files() - SPARED_FILES))

    @property
    def exact(self) -> int | None:
        """Tweets per request where that is not the planner's decision."""
        if self.sequential:
            return 1
        return None if self.tweets_per_request == "auto" else self.tweets_per_request


PriceOf = Callable[[str], Price | None]
