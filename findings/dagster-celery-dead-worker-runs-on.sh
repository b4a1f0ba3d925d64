#!/usr/bin/env bash
# dagster-celery 0.29.27 (dagster 1.13.27, celery 5.7.0): a run is "running" for ever once its whole worker is gone.
#
# With run_monitoring on, Dagster asks CeleryRunLauncher.check_run_worker_health() how a run's worker is. The answer
# is the state of its task in Celery's result backend, which nobody changes when the worker is killed with its parent
# process (no power, out of memory, cut off): STARTED is taken for RUNNING. Only max_runtime_seconds ends such a run,
# and run_retries waits for that. The workers themselves know better: control.inspect().query_task(id) has no answer
# from anybody.
#
# Seen: running RUNNING, known to 1 worker; 20 s after kill -9 of all its processes RUNNING, known to 0 workers.
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
    echo "run_monitoring: {enabled: true}"
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
import os
import signal
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
    launcher, run = instance.run_launcher, instance.get_run_by_id(run_id)
    task = run.tags["dagster-celery/task_id"]

    def look():
        answers = launcher.celery.control.inspect(timeout=3).query_task(task) or {}
        return launcher.check_run_worker_health(run).status.value, sum(task in found for found in answers.values())

    before = look()
    os.killpg(int(sys.argv[1]), signal.SIGKILL)
    time.sleep(20)
    after = look()
print(f"running {before[0]}, known to {before[1]} worker; 20 s after the kill {after[0]}, known to {after[1]} workers")
sys.exit(0 if (before, after) == (("RUNNING", 1), ("RUNNING", 0)) else "changed")
PY
export DAGSTER_DISABLE_TELEMETRY=1 DAGSTER_HOME="$work/home" PATH="$work/venv/bin:$PATH"
cd "$work"
# Two that open a new instance at once would get into each other's way.
python -W ignore -c 'import dagster as dg; dg.DagsterInstance.get().get_runs()'
setsid dagster-celery worker start -A dagster_celery.app -y worker.yaml -- --concurrency 1 >worker.log 2>&1 &
worker=$!
disown
if ! python -W ignore run.py "$worker" 2>log; then
    tail -n 5 log worker.log >&2
    exit 1
fi
