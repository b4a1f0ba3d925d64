#!/usr/bin/env bash
# dagster 1.13.27: SensorResult(cursor="") leaves the sensor's old cursor in place; update_cursor("") takes it away.
#
# A sensor that keeps its memory elsewhere from some version on, and so returns an empty cursor, is handed the cursor
# of the version before for ever, and every tick writes it to the ticks table once more. The two ways to set a cursor
# agree about any text but the empty one.
#
# Seen: returned "new" -> new, returned "" -> old, updated to "new" -> new, updated to "" -> (empty).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27
cat >"$work/run.py" <<'PY'
import sys

import dagster as dg


@dg.job
def nothing() -> None:
    pass


def after(text: str, *, returned: bool) -> str:
    @dg.sensor(job=nothing)
    def watch(context: dg.SensorEvaluationContext):
        if returned:
            return dg.SensorResult(skip_reason="nothing new", cursor=text)
        context.update_cursor(text)
        return dg.SkipReason("nothing new")

    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor="old") as context:
        return watch.evaluate_tick(context).cursor


seen = {(way, text): after(text, returned=way == "returned") for way in ("returned", "updated") for text in ("new", "")}
for (way, text), cursor in seen.items():
    print(f"{way} {text!r}: the next tick gets {cursor!r}")
expected = {("returned", "new"): "new", ("returned", ""): "old", ("updated", "new"): "new", ("updated", ""): ""}
sys.exit(0 if seen == expected else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
