"""The plan that a run makes, each time from what there is then: the earliest end, with what it keeps for what may fail,
and with larger packs where they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from viral_assets.generation.run.planning.failure_rate import FailureRate
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan
from viral_assets.generation.run.planning.planner import plan
from viral_assets.generation.run.planning.reserve import SECONDS_OF_A_REQUEST, plan_with_reserve
from viral_assets.generation.run.planning.stretch import stretch_of
from viral_assets.quota.ledger import QuotaState

PLANNED_SECONDS = 0.03
"""So long a plan is used at least: a burst begins within that time, and each look at the quota would hold it up."""

OWN_SECONDS = 0.004
"""What a request takes of this process's time, about, as row ``cpu`` of docs/measurements.md measures it."""


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a run plans by, besides its tweets and the quota.

    Args:
        concurrency: requests under way at once.
        cap: tweets per request at most, within the usual.
        latency: of a request.
        failures: what is known of the newest requests.
        exact: see :func:`~viral_assets.generation.run.planning.planner.plan`; so is ``share``.
        share: requests and USD of the day.
        is_measured: whether the latency is; one that is assumed says nothing about what is short.
    """

    concurrency: int
    cap: int
    latency: Latency
    failures: FailureRate
    exact: int | None = None
    share: tuple[float, float] | None = None
    is_measured: bool = False

    def after(self, sent: int, good: int, usd: float) -> PlanTerms:
        """The same after so many requests, which cost so much together and of which so many have been answered."""
        share = None if self.share is None else (max(0.0, self.share[0] - sent), max(0.0, self.share[1] - usd))
        return replace(self, failures=self.failures.after(good), share=share)


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """How far a run is.

    Args:
        busy: seconds until each request under way should end.
        is_long: it has waited for a window. Such a run ends seconds later with a reserve, of a minute and more, so that
            it keeps one before anything is known to fail.
        has_new: some of its tweets no request has been about.
        asked: how many of each group are asked about again; empty for none.
        has_stretched: larger packs have been sent in this window.
    """

    busy: tuple[float, ...] = ()
    is_long: bool = False
    has_new: bool = True
    asked: tuple[int, ...] = ()
    has_stretched: bool = False


def plan_of_run(groups: Sequence[PackGroup], quota: QuotaState, terms: PlanTerms, progress: PlanProgress) -> PackPlan:
    """What is asked from now on."""
    failures = terms.failures
    make = partial(
        plan,
        concurrency=terms.concurrency,
        latency=terms.latency,
        busy=progress.busy,
        exact=terms.exact,
        share=terms.share,
        own_seconds=OWN_SECONDS if terms.is_measured else 0.0,
    )
    stretch = None
    if terms.exact is None:
        stretch = stretch_of(
            make,
            groups,
            quota,
            usual_cap=terms.cap,
            share=failures.assumed_share,
            asked=progress.asked,
            begun=progress.has_stretched,
        )
    return plan_with_reserve(
        partial(make, groups, cap=terms.cap),
        quota,
        share=failures.assumed_share if progress.is_long else failures.share,
        busy=progress.busy,
        latency=terms.latency,
        request_seconds=0.0 if progress.has_new else SECONDS_OF_A_REQUEST,
        stretch=stretch,
    )
