#!/usr/bin/env bash
# dagster 1.13.27: the key 05:30 of an hourly partitions definition is taken for valid, and means 06:00.
#
# get_partition_keys() does not list it, yet has_partition_key() says yes and a run with it succeeds. The asset is told
# the key 05:30 and the window from 06:00 to 07:00 (not the hour that holds 05:30), the run is tagged 05:30, and 06:00
# is what becomes materialized. A mistyped key thus writes another hour's data, green.
#
# Seen: listed False, accepted True, success True, window 06:00-07:00, tag 05:30, recorded 06:00.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27
cat >"$work/run.py" <<'PY'
import sys

import dagster as dg

hours = dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00", end_date="2026-02-01-00:00")
KEY = "2026-01-02-05:30"
told = []


@dg.asset(partitions_def=hours)
def tweets(context) -> None:
    window = context.partition_time_window
    told.append((context.partition_key, f"{window.start:%H:%M}-{window.end:%H:%M}"))


with dg.DagsterInstance.ephemeral() as instance:
    run = dg.materialize([tweets], instance=instance, partition_key=KEY)
    recorded = instance.get_materialized_partitions(dg.AssetKey("tweets"))
    tag = run.dagster_run.tags["dagster/partition"]
listed, accepted = KEY in hours.get_partition_keys(), hours.has_partition_key(KEY)
print(f"{KEY}: listed {listed}, accepted {accepted}, success {run.success}")
print(f"told {told[0]}, run tagged {tag}, recorded {recorded}")
expected = (False, True, True, [(KEY, "06:00-07:00")], KEY, {"2026-01-02-06:00"})
sys.exit(0 if (listed, accepted, run.success, told, tag, recorded) == expected else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
