"""Which hours to take up again after work was put off, and when: pure functions on what the tables and the ledger say.

A run that finds the quota of the day used up leaves the rest of its tweets ``deferred``. Two ways lead back to them:
``deferred_sensor``, as soon as the quota is free, and ``top_up_schedule``, once a day whatever has happened.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from viral_assets.defs.assets.partitions import HOURS_PER_RUN
from viral_assets.hours import HOUR, HourRange, floor_hour, hour_key
from viral_assets.quota.ledger import QuotaStatus
from viral_assets.quota.limits import pacific_day
from viral_assets.store.deferred import Deferred
from viral_assets.text.amounts import how_many

PAUSE = timedelta(minutes=15)
"""An hour whose tweets were put off less long ago waits: what kept them from being asked about has hardly changed."""

NEARLY_USED_UP = 0.9
"""A share of the day's requests or budget. What is left above it was not enough for those that were put off today."""


NOTHING_WAITS = "no tweet waits for a later run"


def why_not_now(status: QuotaStatus) -> str | None:
    """Why asking is of no use at the moment; None when the quota is free."""
    limits = status.limits
    if status.blocked_until is not None and status.blocked_until > status.now:
        return f"the quota is blocked until {_time(status.blocked_until)}: {status.block_reason}"
    if limits.requests_per_day is not None and status.day_requests >= limits.requests_per_day:
        requests = how_many(limits.requests_per_day, "request is", "requests are")
        return f"the day's {requests} used up until {_time(status.day_ends)}"
    if limits.daily_budget_usd is not None and status.day_cost_usd >= limits.daily_budget_usd:
        return (
            f"the budget of {limits.daily_budget_usd:g} USD for {status.day} is used up until {_time(status.day_ends)}"
        )
    return None


def hours_to_resume(
    deferred: Mapping[datetime, Deferred], status: QuotaStatus, under_way: Collection[datetime]
) -> tuple[list[datetime], str]:
    """The hours to run now: the freshest ones, since a reply is worth less by the hour, and with those that are being
    run no more than a day of them.

    Args:
        deferred: hours with tweets that wait.
        status: of the quota; its ``now`` is the present.
        under_way: hours for which there is a run already. No hour ever gets a second one at the same time.

    Returns:
        The hours, and why there are none.
    """
    if not deferred:
        return [], NOTHING_WAITS
    refusal = why_not_now(status)
    if refusal:
        return [], refusal
    free = sorted(set(deferred) - set(under_way), reverse=True)
    if not free:
        return [], all_run_already(deferred)
    ready = [hour for hour in free if _worth_trying(deferred[hour], status)]
    if not ready:
        hours = how_many(len(free), "hour")
        return [], f"the tweets of {hours} were put off only lately, or today with little of the day's quota left"
    room = HOURS_PER_RUN - len(deferred) + len(free)
    if room <= 0:
        being_run = how_many(
            len(deferred) - len(free),
            "hour with tweets that wait is being run",
            "hours with tweets that wait are being run",
        )
        return [], f"{being_run}; more would share their quota"
    return sorted(ready[:room]), ""


def all_run_already(waiting: Collection[datetime]) -> str:
    """Why nothing is asked for where each hour with tweets that wait is being run, or is about to be."""
    return how_many(
        len(waiting), "hour with tweets that wait has a run already", "hours with tweets that wait have a run already"
    )


def freest(statuses: Sequence[QuotaStatus]) -> QuotaStatus:
    """Of the quotas of the models that a project may use, the first one that is free; the first one when none is."""
    return next((each for each in statuses if why_not_now(each) is None), statuses[0])


def hours_to_top_up(deferred: Collection[datetime], under_way: Collection[datetime]) -> list[datetime]:
    """The hours that a daily top-up runs: all that have tweets that wait, but for those with a run already."""
    return sorted(set(deferred) - set(under_way))


def last_days(days: int, now: datetime, configured: HourRange | None) -> HourRange | None:
    """The hours of the last ``days`` days, the current one included, that are configured; None when there are none."""
    if configured is None:
        return None
    end = min(floor_hour(now) + HOUR, configured.end)
    start = max(floor_hour(now) - timedelta(days=days), configured.start)
    return HourRange(start, end) if start < end else None


def hours_past(window: HourRange, now: datetime) -> HourRange | None:
    """The hours of ``window`` whose own run has had its time; None when there are none. Not the last full one, which
    ``hourly_schedule`` asks for at the same minute."""
    end = min(window.end, floor_hour(now) - HOUR)
    return HourRange(window.start, end) if window.start < end else None


def describe_hours(hours: Collection[datetime]) -> str:
    """``2026-11-21-20:00 and 3 more``, for log lines."""
    first, *others = sorted(hours)
    return f"{hour_key(first)} and {len(others):,} more" if others else hour_key(first)


def _worth_trying(deferred: Deferred, status: QuotaStatus) -> bool:
    since = deferred.since.timestamp()
    if status.now - since < PAUSE.total_seconds():
        return False
    return pacific_day(since).name != status.day or not _nearly_used_up(status)


def _nearly_used_up(status: QuotaStatus) -> bool:
    limits = status.limits
    used = [
        status.day_requests / limits.requests_per_day if limits.requests_per_day is not None else 0.0,
        status.day_cost_usd / limits.daily_budget_usd if limits.daily_budget_usd is not None else 0.0,
    ]
    return max(used) >= NEARLY_USED_UP


def _time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%F %H:%M UTC")
