"""Which backfills are under way, and which hours they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import BulkActionsFilter, BulkActionStatus
from viral_assets.errors import ConfigurationError, DatabaseUnavailableError
from viral_assets.hours import parse_hour

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import PartitionBackfill

BACKFILL_TAG = "dagster/backfill"
"""Of a run: which backfill asked for it."""


def backfills_under_way(instance: dg.DagsterInstance) -> Sequence[PartitionBackfill]:
    """Those that are not over.

    Raises:
        DatabaseUnavailableError: Dagster's tables cannot be read.
    """
    going_on = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
    try:
        return instance.get_backfills(BulkActionsFilter(statuses=going_on))
    except sa.exc.DBAPIError as error:
        said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
        raise DatabaseUnavailableError(f"Dagster's own tables: {said}; check that their database runs") from error


def first_hour_of_backfills(instance: dg.DagsterInstance) -> datetime | None:
    """The first of all hours that backfills are about which are under way; None where none is."""
    return min((hour for each in backfills_under_way(instance) for hour in _hours_of(each)), default=None)


def _hours_of(backfill: PartitionBackfill) -> Iterator[datetime]:
    data = backfill.asset_backfill_data
    subsets = () if data is None else data.target_subset.partitions_subsets_by_asset_key.values()
    for key in {*(backfill.partition_names or ()), *(key for subset in subsets for key in subset.get_partition_keys())}:
        try:
            yield parse_hour(key)
        except ConfigurationError:
            # Of assets of somebody else in the same instance, which have other partitions.
            continue
