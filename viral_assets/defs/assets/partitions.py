"""Hour windows as Dagster partitions, and how many of them one run takes. What an hour window is, is in ``hours``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import dagster as dg

from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.hours import HOUR, KEY_FORMAT, HourRange, hour_key

HOURS_PER_RUN = 24
"""Hours that a backfill gives to one run. Requests are packed across them, and starting a run takes longer than an
hour of tweets; a whole week in one run would make its failure, and its event log, a week's."""

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(HOURS_PER_RUN)
"""The same for every asset of the chain: with mixed ones, an asset would not wait for the checks of another run."""

FRESHNESS = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=3), fail_window=timedelta(hours=24))
"""For the assets at the two ends of the chain, where somebody has to notice that no hour has been run for long: a
reply to a tweet of yesterday is worth little. The latest run counts, whatever its hours."""


def hour_partitions(first_hour: datetime, end: datetime | None = None) -> dg.HourlyPartitionsDefinition:
    """Every hour from ``first_hour`` on, also the current one once it has begun; with ``end`` only those before it."""
    return dg.HourlyPartitionsDefinition(
        start_date=first_hour, end_date=end, timezone="UTC", fmt=KEY_FORMAT, end_offset=1
    )


UNBOUND_HOURS = hour_partitions(datetime(2006, 3, 21, tzinfo=UTC))
"""What assets are declared with. ``defs.build`` binds them to the first hour that is configured."""


def hourly_asset(**how: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """``dagster.asset`` for an asset of the chain: partitioned by the hour, backfilled by the day, with plain errors.

    Args:
        how: anything else that ``dagster.asset`` takes.
    """
    with warnings.catch_warnings():
        # setup.cfg keeps to the versions in which backfill policies are what we know.
        warnings.simplefilter("ignore", dg.BetaWarning)
        decorate: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
            partitions_def=UNBOUND_HOURS, backfill_policy=BACKFILL_POLICY, **how
        )
    return lambda compute: decorate(as_dagster_failure(compute))


class _HasTimeWindow(Protocol):
    @property
    def partition_time_window(self) -> dg.TimeWindow: ...


def window_of(context: _HasTimeWindow) -> HourRange:
    """The hours a run is about, whether it is one partition or a range."""
    hours = context.partition_time_window
    return HourRange(hours.start.astimezone(UTC), hours.end.astimezone(UTC))


def partition_tags(window: HourRange) -> dict[str, str]:
    """Run tags that make one run materialize all hours of ``window``."""
    first, last = hour_key(window.start), hour_key(window.end - HOUR)
    if first == last:
        return {"dagster/partition": first}
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
