"""Requests for runs over exactly some hours, and which hours have a run already. What asks for them, and why, is in
``schedules`` and ``sensors``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import dagster as dg

from viral_assets.defs.assets.partitions import HOURS_PER_RUN, partition_tags
from viral_assets.defs.automation.tags import TRIGGER_TAG
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, hour_key, parse_hour

UNDER_WAY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def ranges_of(hours: Iterable[datetime]) -> Iterator[HourRange]:
    """Exactly these hours as ranges of consecutive ones, none longer than one run takes."""
    start: datetime | None = None
    end: datetime | None = None
    for hour in sorted(set(hours)):
        if start is not None and end is not None and (hour != end or end - start >= HOURS_PER_RUN * HOUR):
            yield HourRange(start, end)
            start = None
        start, end = start or hour, hour + HOUR
    if start is not None and end is not None:
        yield HourRange(start, end)


def request_for(window: HourRange, trigger: str, *because: str) -> dg.RunRequest:
    """A run over the hours of ``window``.

    Args:
        trigger: what the run is tagged with.
        because: what caused it. Dagster never launches a second run for the same hours, trigger and causes.
    """
    what = "\n".join([hour_key(window.start), hour_key(window.end), trigger, *because])
    run_key = hashlib.sha256(what.encode()).hexdigest()
    tags = {TRIGGER_TAG: trigger}
    if len(window) == 1:
        return dg.RunRequest(run_key=run_key, partition_key=hour_key(window.start), tags=tags)
    return dg.RunRequest(run_key=run_key, tags=tags | partition_tags(window))


def hours_of_run(tags: Mapping[str, str]) -> HourRange | None:
    """The hours a run is about, by its tags; None for a run that is about none."""
    first = tags.get("dagster/partition") or tags.get("dagster/asset_partition_range_start")
    last = tags.get("dagster/partition") or tags.get("dagster/asset_partition_range_end")
    if not first or not last:
        return None
    try:
        return HourRange(parse_hour(first), parse_hour(last) + HOUR)
    except ConfigurationError:  # partitions of something else that shares the instance
        return None


def hours_under_way(instance: dg.DagsterInstance, within: HourRange) -> set[datetime]:
    """The hours of ``within`` for which a run waits or works."""
    runs = instance.get_run_records(dg.RunsFilter(statuses=list(UNDER_WAY)))
    windows = [window for run in runs if (window := hours_of_run(run.dagster_run.tags))]
    return {hour for hour in within if any(hour in window for window in windows)}
