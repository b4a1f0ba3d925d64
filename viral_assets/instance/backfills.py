"""Which backfills are under way, and which hours they are about."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import BulkActionsFilter, BulkActionStatus
from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.hours import parse_hour
from viral_assets.instance.opening import INSTANCE_FILE, open_instance

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import PartitionBackfill

BACKFILL_TAG = "dagster/backfill"
"""Of a run: which backfill asked for it."""

_log = logging.getLogger(__name__)


def backfills_under_way(instance: dg.DagsterInstance) -> Sequence[PartitionBackfill]:
    """Those that are not over."""
    going_on = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
    return instance.get_backfills(BulkActionsFilter(statuses=going_on))


def first_hour_under_way(dagster_home: Path) -> datetime | None:
    """The first of all hours that backfills are about which are under way.

    When the first hour of the partitions moves behind it, Dagster fails the whole backfill, and cancels the runs that
    it has queued for hours that still exist. So it may only move once the backfill is over.

    Returns:
        None where no backfill is under way, and where Dagster's tables cannot be read, which is logged.
    """
    if not (dagster_home / INSTANCE_FILE).is_file():
        return None
    try:
        with open_instance(dagster_home, to_execute=False) as instance:
            found = (hour for backfill in backfills_under_way(instance) for hour in _hours_of(backfill))
            return min(found, default=None)
    except (dg.DagsterError, sa.exc.SQLAlchemyError, ViralAssetsError) as error:
        said = str(error).strip() or type(error).__name__
        _log.warning("backfills that are under way cannot be looked up: %s", said.splitlines()[0])
        return None


def _hours_of(backfill: PartitionBackfill) -> Iterator[datetime]:
    data = backfill.asset_backfill_data
    subsets = () if data is None else data.target_subset.partitions_subsets_by_asset_key.values()
    for key in {*(backfill.partition_names or ()), *(key for subset in subsets for key in subset.get_partition_keys())}:
        try:
            yield parse_hour(key)
        except ConfigurationError:
            # Of assets of somebody else in the same instance, which have other partitions.
            continue
