"""What Dagster remembers of old runs: let go of, but for what its pages say about assets today (``standing``).

Dagster's own way, ``delete_run``, takes the materializations of a run along, so that its hours would count as never
run; and on SQLite it leaves the file of the run where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import (
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)
from viral_assets.defs.history.backfills import BACKFILL_TAG, backfills_under_way
from viral_assets.defs.history.standing import RetainedIds, drop_events, drop_outdated, read_standing, still_failed
from viral_assets.errors import ConfigurationError
from viral_assets.hours import hour_key

if TYPE_CHECKING:
    from viral_assets.upkeep.archive import Archive

RUNS_AT_ONCE = 20
"""Runs that go in one transaction: some thousand events."""

_FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_NO_RUN = ""
"""The id under which Dagster keeps events that no run has logged."""
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class PrunedHistory:
    """What went, or would go.

    Args:
        runs, ticks: how many.
        kept: runs as old that stay, since what they are about is not over.
        file_bytes: of the files that each run has on SQLite.
    """

    runs: int = 0
    ticks: int = 0
    kept: int = 0
    file_bytes: int = 0


Progress = Callable[[datetime], None]
"""Told when the youngest of some runs that went was made."""


def prune_history(
    instance: dg.DagsterInstance,
    before: datetime,
    *,
    first_hour: datetime,
    archive: Archive | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _made: None,
) -> PrunedHistory:
    """Let go of finished runs and of ticks that are older, with all they have logged.

    A run of a backfill that is under way stays, and so does a failed one that nobody has made good since. The hours
    that runs materialized stay materialized, and checked as they were, from the first configured one on. Some runs at
    a time are one transaction: stopped, the same call goes on from there. Others may use the instance meanwhile.

    Args:
        before: when they were made, aware.
        first_hour: of those that are configured.
        archive: keeps the events of the runs.
        dry_run: count, and change nothing.

    Raises:
        ConfigurationError: the instance keeps no SQL database, or the archive cannot be written.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise ConfigurationError(f"Dagster keeps its runs in {type(storage).__name__}: prune them by its own means")
    first, busy = hour_key(first_hour), {each.backfill_id for each in backfills_under_way(instance)}
    standing = None if dry_run else read_standing(storage, first, before)
    done, cursor = PrunedHistory(), None
    while records := _some(instance, before, cursor):
        stay = [each.dagster_run.run_id for each in records if _stays(storage, each.dagster_run, busy, first)]
        going = [each.dagster_run.run_id for each in records if each.dagster_run.run_id not in stay]
        size = sum(_bytes(file) for run_id in going for file in _files(storage, run_id))
        done = replace(done, runs=done.runs + len(going), kept=done.kept + len(stay), file_bytes=done.file_bytes + size)
        if going and standing is not None:
            if archive is not None:
                _keep(archive, storage, going, f"{records[0].create_timestamp:%F}")
            _let_go(instance, storage, going, standing)
        progress(records[-1].create_timestamp)
        # The next ones are those after a run that is still there.
        cursor = records[-1].dagster_run.run_id if dry_run else stay[-1] if stay else cursor
    left_over = _files_without_run(instance, storage, before)
    done = replace(done, file_bytes=done.file_bytes + sum(map(_bytes, left_over)))
    if standing is not None:
        for file in left_over:
            file.unlink(missing_ok=True)
        outdated = {*standing.outdated_of, *filter(standing.outdated_results_of, standing.checks_of)}
        drop_outdated(storage, _gone(instance, sorted(outdated)), standing)
        _drop_runless(storage, before)
    return replace(done, ticks=_prune_ticks(instance, before, dry_run=dry_run))


def _some(instance: dg.DagsterInstance, before: datetime, after: str | None) -> Sequence[dg.RunRecord]:
    """Finished runs, the oldest first, that come after one."""
    filters = dg.RunsFilter(statuses=list(_FINISHED), created_before=before)
    return instance.get_run_records(filters, limit=RUNS_AT_ONCE, cursor=after, ascending=True)


def _stays(storage: SqlEventLogStorage, run: dg.DagsterRun, busy: set[str], first_partition: str) -> bool:
    if run.tags.get(BACKFILL_TAG) in busy:
        return True
    return run.status == dg.DagsterRunStatus.FAILURE and still_failed(storage, run.run_id, first_partition)


def _keep(archive: Archive, storage: SqlEventLogStorage, run_ids: Sequence[str], label: str) -> None:
    """All events of runs into the archive."""
    event = SqlEventLogStorageTable
    with archive.part(label) as sink:
        for run_id in run_ids:
            # Asking for the events of a run without a file makes one.
            if isinstance(storage, SqliteEventLogStorage) and not _files(storage, run_id):
                continue
            query = sa.select(event).where(event.c.run_id == run_id).order_by(event.c.id)
            with storage.run_connection(run_id) as connection:
                for rows in connection.execute(query).partitions(_AT_ONCE):
                    sink(event, rows)


def _let_go(
    instance: dg.DagsterInstance, storage: SqlEventLogStorage, run_ids: Sequence[str], standing: RetainedIds
) -> None:
    """The runs themselves last: whatever fails before, the next call finds them again."""
    drop_events(storage, run_ids, standing)
    for run_id in run_ids:
        for file in _files(storage, run_id):
            file.unlink(missing_ok=True)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.run_storage.delete_run(run_id)


def _files(storage: SqlEventLogStorage, run_id: str) -> list[Path]:
    """That a run has for itself; only SQLite keeps such."""
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    path = storage.path_for_shard(run_id)
    return [file for suffix in ("", "-wal", "-shm") if (file := Path(path + suffix)).is_file()]


def _files_without_run(instance: dg.DagsterInstance, storage: SqlEventLogStorage, before: datetime) -> list[Path]:
    """Old files of runs that somebody has deleted in the UI."""
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    folder = Path(storage.path_for_shard("index")).parent
    old = sorted(file.stem for file in folder.glob("*.db") if _is_id(file.stem) and _changed(file) < before.timestamp())
    return [file for run_id in _gone(instance, old) for file in _files(storage, run_id)]


def _gone(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> Iterator[str]:
    """Those of which there is no run."""
    for at in range(0, len(run_ids), _AT_ONCE):
        some = run_ids[at : at + _AT_ONCE]
        there = {run.run_id for run in instance.get_runs(dg.RunsFilter(run_ids=list(some)))}
        yield from (run_id for run_id in some if run_id not in there)


def _drop_runless(storage: SqlEventLogStorage, before: datetime) -> None:
    """What no run has logged is on SQLite in a file beside those of the runs, which nobody reads for old events."""
    if _files(storage, _NO_RUN):
        event = SqlEventLogStorageTable
        with storage.run_connection(_NO_RUN) as connection:
            connection.execute(sa.delete(event).where(event.c.timestamp < before.astimezone(UTC).replace(tzinfo=None)))


def _prune_ticks(instance: dg.DagsterInstance, before: datetime, *, dry_run: bool) -> int:
    """Of schedules and sensors; the latest one of each stays, since from it a schedule knows what it has missed."""
    count = 0
    for state in instance.all_instigator_state():
        of = state.instigator_origin_id, state.selector_id
        latest = instance.get_ticks(*of, limit=1)
        if not latest:
            continue
        until = min(before.timestamp(), latest[0].timestamp)
        count += sum(1 for _ in _ticks(instance, *of, until))
        if not dry_run:
            instance.purge_ticks(*of, before=until)
    return count


def _ticks(instance: dg.DagsterInstance, origin_id: str, selector_id: str, before: float) -> Iterator[object]:
    while some := instance.get_ticks(origin_id, selector_id, before=before, limit=_AT_ONCE):
        yield from some
        before = some[-1].timestamp


def _is_id(name: str) -> bool:
    with suppress(ValueError):
        return str(UUID(name)) == name
    return False


def _changed(file: Path) -> float:
    with suppress(OSError):
        return file.stat().st_mtime
    return float("inf")


def _bytes(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0
