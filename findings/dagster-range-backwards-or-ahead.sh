#!/usr/bin/env bash
# dagster 1.13.27: a run over a range of partitions that cannot exist succeeds and leaves an unpartitioned
# materialization.
#
# Nothing checks the tags dagster/asset_partition_range_start and _end at launch. A range that ends before it starts gives
# the asset an empty list of keys; one in the future gives keys of hours that do not exist yet, to work on as if they did.
# Both are green, and the partitioned asset gets one materialization WITHOUT a partition. A single future partition is
# refused, and so is a range from before the definition's start or, where it has one, after its end.
#
# Seen:
#   02:00 to 04:00         3 keys, success, recorded 3 partitions
#   04:00 to 02:00         0 keys, success, recorded [None]
#   2036, ten years ahead  3 keys, success, recorded [None]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27
cat >"$work/run.py" <<'PY'
import sys

import dagster as dg

hours = dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00")
told = []


@dg.asset(partitions_def=hours, backfill_policy=dg.BackfillPolicy.single_run())
def tweets(context) -> None:
    told.append(len(context.partition_keys))


def run(start, end):
    tags = {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}
    result = dg.materialize([tweets], instance=instance, tags=tags, raise_on_error=False)
    recorded = [each.partition for each in result.asset_materializations_for_node("tweets")]
    print(f"{start} to {end}: {told[-1]} keys, success {result.success}, recorded {recorded}")
    return told[-1], result.success, recorded


with dg.DagsterInstance.ephemeral() as instance:
    forwards = run("2026-01-02-02:00", "2026-01-02-04:00")
    backwards = run("2026-01-02-04:00", "2026-01-02-02:00")
    ahead = run("2036-01-02-02:00", "2036-01-02-04:00")
    try:
        dg.materialize([tweets], instance=instance, partition_key="2036-01-02-02:00")
        refused = False
    except dg.DagsterUnknownPartitionError:
        refused = True
print("a single partition of 2036 is refused:", refused)
keys = ["2026-01-02-02:00", "2026-01-02-03:00", "2026-01-02-04:00"]
same = forwards == (3, True, keys) and backwards == (0, True, [None]) and ahead == (3, True, [None]) and refused
sys.exit(0 if same else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
