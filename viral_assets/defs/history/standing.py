"""What stays of runs that go: the events by which Dagster knows what its assets are like today.

The newest materialization and observation of each asset and hour, and the newest result of each check for each hour;
with their numbers, but without the previews and words in them, which are most of their size and hold what tweets say.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import SqlEventLogStorage

MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
OBSERVED = dg.DagsterEventType.ASSET_OBSERVATION.value

_NUMBERS = frozenset(
    {"IntMetadataEntryData", "FloatMetadataEntryData", "BoolMetadataEntryData", "TimestampMetadataEntryData"}
)
_RESULTS = ("SUCCEEDED", "FAILED")
"""Of a check; one that was planned, and whose run is over, has none."""

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class RetainedIds:
    """Ids of what stays, as it was when it was read: what became newer since stays a little longer.

    Args:
        events: of the event log.
        checks: of the results of checks.
        checks_of: those of each run, newest or not; no index leads to them.
        outdated_of: events of each run about assets that are old and not the newest. What no run has is under ``""``.
    """

    events: frozenset[int]
    checks: frozenset[int]
    checks_of: Mapping[str, Sequence[int]]
    outdated_of: Mapping[str, Sequence[int]]

    def outdated_results_of(self, run_id: str) -> list[int]:
        """Results of checks that are not the newest."""
        return [each for each in self.checks_of.get(run_id, ()) if each not in self.checks]


def read_standing(storage: SqlEventLogStorage, first_partition: str, before: datetime) -> RetainedIds:
    """Look through the events about assets, once.

    Args:
        first_partition: earlier ones have no status any more.
        before: what is younger is never outdated; aware.
    """
    event, check = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    about_assets = event.asset_key.is_not(None), event.dagster_event_type.in_((MATERIALIZED, OBSERVED))
    key = event.asset_key, event.dagster_event_type, event.partition
    events = sa.select(event.id, event.run_id, event.timestamp, *key).where(*about_assets).order_by(event.id)
    result_of = check.asset_key, check.check_name, check.partition
    results = sa.select(check.id, check.run_id, check.execution_status, *result_of).order_by(check.id)
    newest: dict[tuple[str, str, str | None], int] = {}
    newest_results: dict[tuple[str, str, str | None], int] = {}
    old: list[tuple[str, int]] = []
    of_run: defaultdict[str, list[int]] = defaultdict(list)
    with storage.index_transaction() as connection:
        for row_id, run_id, at, *of, partition in connection.execute(events.execution_options(yield_per=_AT_ONCE)):
            if at.replace(tzinfo=UTC) < before:
                old.append((run_id, row_id))
            if partition is None or partition >= first_partition:
                newest[(*of, partition)] = row_id
        for row_id, run_id, status, *of, partition in connection.execute(results.execution_options(yield_per=_AT_ONCE)):
            of_run[run_id].append(row_id)
            if status in _RESULTS and (partition is None or partition >= first_partition):
                newest_results[(*of, partition)] = row_id
    standing = frozenset(newest.values())
    outdated: defaultdict[str, list[int]] = defaultdict(list)
    for run_id, row_id in old:
        if row_id not in standing:
            outdated[run_id].append(row_id)
    return RetainedIds(standing, frozenset(newest_results.values()), of_run, outdated)


def still_failed(storage: SqlEventLogStorage, run_id: str, first_partition: str) -> bool:
    """Whether a run that failed is the last that was to materialize some asset's hour: its failure is its status."""
    planned, later = SqlEventLogStorageTable.alias("planned").c, SqlEventLogStorageTable.alias("later").c
    tried_again = sa.exists().where(
        later.asset_key == planned.asset_key,
        later.dagster_event_type.in_((MATERIALIZED, PLANNED)),
        later.partition.is_not_distinct_from(planned.partition),
        later.id > planned.id,
    )
    query = sa.exists().where(
        planned.run_id == run_id,
        planned.dagster_event_type == PLANNED,
        sa.or_(planned.partition.is_(None), planned.partition >= first_partition),
        ~tried_again,
    )
    with storage.index_connection() as connection:
        return bool(connection.scalar(sa.select(query)))


def drop_events(storage: SqlEventLogStorage, run_ids: Sequence[str], standing: RetainedIds) -> None:
    """Take out all events of runs but those that stay, in one transaction."""
    event, check = SqlEventLogStorageTable, AssetCheckExecutionsTable
    of_runs = event.c.run_id.in_(run_ids)
    with storage.index_transaction() as connection:
        about_assets = of_runs, event.c.dagster_event_type.in_((MATERIALIZED, OBSERVED))
        kept = standing.events.intersection(connection.scalars(sa.select(event.c.id).where(*about_assets)))
        _delete_events(connection, of_runs, event.c.id.not_in(sorted(kept)))
        _shorten(connection, event.c.event, kept)
        results = {each for run_id in run_ids for each in standing.checks_of.get(run_id, ())}
        _delete_results(connection, results - standing.checks)
        _shorten(connection, check.c.evaluation_event, results & standing.checks)


def drop_outdated(storage: SqlEventLogStorage, run_ids: Iterable[str], standing: RetainedIds) -> None:
    """Take out what stayed of runs that are gone, or came from no run, and is not the newest any more."""
    for run_id in run_ids:
        with storage.index_transaction() as connection:
            for some in _parts(standing.outdated_of.get(run_id, ())):
                _delete_events(connection, SqlEventLogStorageTable.c.id.in_(some))
            _delete_results(connection, standing.outdated_results_of(run_id))


def _delete_events(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> None:
    event = SqlEventLogStorageTable
    tags = AssetEventTagsTable.c.event_id.in_(sa.select(event.c.id).where(*conditions))
    connection.execute(sa.delete(AssetEventTagsTable).where(tags))
    connection.execute(sa.delete(event).where(*conditions))


def _delete_results(connection: sa.Connection, ids: Iterable[int]) -> None:
    for some in _parts(ids):
        connection.execute(sa.delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.id.in_(some)))


def shortened(event: str) -> str:
    """An event as Dagster writes it, without the metadata that are no numbers, and without descriptions.

    What is not laid out as it was in the version that :mod:`~viral_assets.defs.dagster_internals` names stays as it is.
    """
    whole = json.loads(event)
    about = (whole.get("dagster_event") or {}).get("event_specific_data") or {}
    for part in (about, about.get("materialization"), about.get("asset_observation")):
        if isinstance(part, dict):
            _keep_numbers(part)
    return json.dumps(whole)


def _keep_numbers(part: dict[str, Any]) -> None:
    if isinstance(entries := part.get("metadata_entries"), list):
        part["metadata_entries"] = [each for each in entries if _class_of(each.get("entry_data")) in _NUMBERS]
    if isinstance(metadata := part.get("metadata"), dict):
        part["metadata"] = {name: value for name, value in metadata.items() if _class_of(value) in _NUMBERS}
    if isinstance(part.get("description"), str):
        part["description"] = None


def _class_of(value: Any) -> str:
    return str(value.get("__class__", "")) if isinstance(value, dict) else ""


def _shorten(connection: sa.Connection, column: sa.Column[str], ids: Iterable[int]) -> None:
    table = column.table
    for some in _parts(ids):
        for row_id, text in connection.execute(sa.select(table.c.id, column).where(table.c.id.in_(some))).all():
            if text and (shorter := shortened(text)) != text:
                connection.execute(sa.update(table).where(table.c.id == row_id).values({column: shorter}))


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
