#!/usr/bin/env bash
# dagster-celery 0.29.27 (dagster 1.13.27, celery 5.7.0): a run that somebody cancels is FAILED, and will be tried
# again.
#
# CeleryRunLauncher.terminate(), which is what the UI's "Terminate" comes to, revokes the Celery task. Unlike
# Dagster's other launchers it does not report that the run is being cancelled. So the process is interrupted
# "unexpectedly. No user initiated termination request was found, treating as failure", and with run_retries enabled
# the run is tagged dagster/will_retry=true, even with retry_on_asset_or_op_failure: false, which is meant for lost
# processes only: what was stopped starts again by itself. Calling instance.report_run_canceling(run) before revoking
# ends it as CANCELED.
#
# Seen: terminate() True, status FAILURE, failure reason UNEXPECTED_TERMINATION, will_retry true.
set -euo pipefail
work=$(mktemp -d)
worker=
trap '[ -z "$worker" ] || kill -9 -- "-$worker" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27 dagster-celery==0.29.27 celery==5.7.0
mkdir "$work/home" "$work/queue" "$work/control" "$work/results"
# A folder is a broker too: no server is needed.
cat >"$work/celery.txt" <<YAML
    broker: filesystem://
    backend: file://$work/results
    config_source:
      broker_transport_options:
        {data_folder_in: $work/queue, data_folder_out: $work/queue, control_folder: $work/control}
YAML
{
    echo "telemetry: {enabled: false}"
    echo "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}"
    echo "run_retries: {enabled: true, max_retries: 1, retry_on_asset_or_op_failure: false}"
    printf 'run_launcher:\n  module: dagster_celery.launcher\n  class: CeleryRunLauncher\n  config:\n'
    cat "$work/celery.txt"
} >"$work/home/dagster.yaml"
{ printf 'execution:\n  config:\n'; cat "$work/celery.txt"; } >"$work/worker.yaml"
cat >"$work/waiting.py" <<'PY'
import time

import dagster as dg


@dg.op
def wait():
    for _ in range(3000):
        time.sleep(0.1)


@dg.job(executor_def=dg.in_process_executor)
def waiting():
    wait()
PY
cat >"$work/run.py" <<'PY'
import subprocess
import sys
import time

import dagster as dg


def until(look):
    for _ in range(1200):
        if found := look():
            return found
        time.sleep(0.1)
    sys.exit("waited for two minutes")


with dg.DagsterInstance.get() as instance:
    launch = [sys.executable, "-m", "dagster", "job", "launch", "-f", "waiting.py", "-j", "waiting"]
    subprocess.run(launch, check=True, capture_output=True)
    run_id = instance.get_runs()[0].run_id
    until(lambda: instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START))
    terminated = instance.run_launcher.terminate(run_id)
    until(lambda: instance.get_run_by_id(run_id).is_finished)
    until(lambda: "dagster/will_retry" in instance.get_run_by_id(run_id).tags)
    run = instance.get_run_by_id(run_id)
reason, retry = run.tags["dagster/failure_reason"], run.tags["dagster/will_retry"]
print(f"terminate() {terminated}, status {run.status.value}, failure reason {reason}, will_retry {retry}")
expected = (True, "FAILURE", "UNEXPECTED_TERMINATION", "true")
sys.exit(0 if (terminated, run.status.value, reason, retry) == expected else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1 DAGSTER_HOME="$work/home" PATH="$work/venv/bin:$PATH"
cd "$work"
# Two that open a new instance at once would get into each other's way.
python -W ignore -c 'import dagster as dg; dg.DagsterInstance.get().get_runs()'
setsid dagster-celery worker start -A dagster_celery.app -y worker.yaml -- --concurrency 1 >worker.log 2>&1 &
worker=$!
disown
if ! python -W ignore run.py 2>log; then
    tail -n 5 log worker.log >&2
    exit 1
fi
