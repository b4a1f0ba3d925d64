#!/usr/bin/env bash
# dagster 1.13.27: a partitioned asset check in a run over several partitions leaves each of them "planned" for ever.
#
# asset_check(partitions_def=...) of an hour's own run reports for its hour. A run over a range plans the check once an
# hour, runs it once, and keeps its verdict without a partition. The planned records are never resolved, though the run
# has ended well: a check that passed cannot be told from one that has not finished. AssetCheckResult has no argument
# for the partition; yielding one AssetCheckEvaluation(partition=...) an hour besides is what fills them.
#
# Seen: after the run of three hours: None SUCCEEDED and three hours PLANNED; after a run of one hour: its hour
# SUCCEEDED.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27
cat >"$work/run.py" <<'PY'
import sys

import dagster as dg

hours = dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00", end_date="2026-02-01-00:00")
RANGE = {
    "dagster/asset_partition_range_start": "2026-01-02-00:00",
    "dagster/asset_partition_range_end": "2026-01-02-02:00",
}


@dg.asset(partitions_def=hours, backfill_policy=dg.BackfillPolicy.single_run())
def tweets(context) -> None:
    pass


@dg.asset_check(asset=tweets, partitions_def=hours)
def not_empty(context):
    return dg.AssetCheckResult(passed=True)


def records():
    key = dg.AssetCheckKey(dg.AssetKey("tweets"), "not_empty")
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    return sorted((str(each.partition), each.status.value) for each in history)


with dg.DagsterInstance.ephemeral() as instance:
    success = dg.materialize([tweets, not_empty], instance=instance, tags=RANGE).success
    ranged = records()
    print("run of three hours, success", success, *ranged, sep="\n  ")
    success = dg.materialize([tweets, not_empty], instance=instance, partition_key="2026-01-02-05:00").success
    single = [each for each in records() if each not in ranged]
    print("run of one hour, success", success, *single, sep="\n  ")
expected = [(f"2026-01-02-0{hour}:00", "PLANNED") for hour in range(3)] + [("None", "SUCCEEDED")]
sys.exit(0 if ranged == expected and single == [("2026-01-02-05:00", "SUCCEEDED")] else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
