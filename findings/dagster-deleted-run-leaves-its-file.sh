#!/usr/bin/env bash
# dagster 1.13.27: a run that is deleted takes along that its partition is materialized, and leaves most of what it took.
#
# DagsterInstance.delete_run, which the UI's "Delete" calls too, deletes all events of the run: so its partition counts
# as never materialized, though its data is there. On SQLite the run's own file in history/runs (139 kB here)
# stays with all its pages; the results of its checks stay on every storage. And get_run_records with the cursor of a run
# that was deleted gives nothing, where it should go on from there: deleting page by page ends after the first page.
#
# Seen: one run: 1 partition, 1 result of a check; after three runs were deleted: 0 partitions, 3 results, the file of the
# first run as large as before; after the cursor of the deleted run: 0 of 2 runs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27
cat >"$work/run.py" <<'PY'
import sys
from pathlib import Path

import dagster as dg

days = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-02-01")
FOLDER = Path(sys.argv[1])


@dg.asset(partitions_def=days, check_specs=[dg.AssetCheckSpec("fine", asset="tweets")])
def tweets():
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def seen():
    key = dg.AssetCheckKey(dg.AssetKey("tweets"), "fine")
    partitions = instance.get_materialized_partitions(dg.AssetKey("tweets"))
    results = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    return len(partitions), sum(each.status.value == "SUCCEEDED" for each in results)


with dg.DagsterInstance.local_temp(str(FOLDER)) as instance:
    runs = [dg.materialize([tweets], instance=instance, partition_key="2026-01-05").run_id]
    file = next(FOLDER.rglob(f"{runs[0]}.db"))
    before, size = seen(), file.stat().st_size
    runs += [dg.materialize([tweets], instance=instance, partition_key="2026-01-05").run_id for _ in range(2)]
    for run_id in runs:
        instance.delete_run(run_id)
    after = seen()
    print("before", before, "after", after, "file", size, file.stat().st_size)
    runs = [dg.materialize([tweets], instance=instance, partition_key="2026-01-06").run_id for _ in range(3)]
    instance.delete_run(runs[0])
    left = instance.get_run_records(cursor=runs[0], ascending=True)
    print("after the cursor of a deleted run", len(left), "of", instance.get_runs_count())
sys.exit(0 if before == (1, 1) and after == (0, 3) and file.stat().st_size >= size and not left else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" "$work" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
