"""How long one hour takes in the UI: from the click on "Materialize" until its run is green.

A fresh home gets the tweets of the demo, `viral-assets dev` is started on it (webserver, daemon, code location: what
`make dev` starts), and hours are materialized one after the other by the request that the UI's button sends: the whole
chain and all its checks, one partition, `launchPipelineExecution` over GraphQL. The clock runs from the request until
the run's status is SUCCESS, asked for every 50 ms. All that is in between counts: queue, daemon, process of the run,
drafts of the offline provider, events. Tweets are read and drafted for in these runs, not before. Run it from a clone
with the package installed:

    python benchmarks/click_to_green.py
    python benchmarks/click_to_green.py --hours 5 --phases
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from viral_assets.cli.demo import HOURS, prepare_sample
from viral_assets.hours import HOUR, hour_key, last_full_hours
from viral_assets.store.engine import Database

GOAL_SECONDS = 8.0
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.05

LOCATION = {"repositoryLocationName": "viral_assets", "repositoryName": "__repository__"}

ASSETS = "{ assetNodes { assetKey { path } } }"

LAUNCH = """mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
} }"""

STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"

STEPS = """query ($id: ID!) { runOrError(runId: $id) { ... on Run {
    creationTime startTime endTime stepStats { stepKey startTime endTime }
} } }"""


class Ui:
    """The webserver, asked as the page in the browser asks it."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        with urlopen(Request(self._address, body, {"Content-Type": "application/json"}), timeout=60) as response:
            answer = json.load(response)
        if "errors" in answer:
            raise SystemExit(f"the webserver refuses: {answer['errors']}")
        (found,) = answer["data"].values()
        return found

    def is_there(self) -> bool:
        try:
            return bool(self.ask(ASSETS))
        except (URLError, ConnectionError, TimeoutError):
            return False

    def materialize(self, assets: list[list[str]], hour: str) -> str:
        """Click; the id of the run."""
        launched = self.ask(
            LAUNCH,
            params={
                "mode": "default",
                "selector": {
                    **LOCATION,
                    "pipelineName": "__ASSET_JOB",
                    "assetSelection": [{"path": p} for p in assets],
                },
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": hour}]},
                "runConfigData": "{}",
            },
        )
        if launched["__typename"] != "LaunchRunSuccess":
            raise SystemExit(f"the run was not launched: {launched}")
        return str(launched["run"]["runId"])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def dev(environment: Mapping[str, str], log: Path) -> Iterator[Ui]:
    """`viral-assets dev`, until the end of the block."""
    port = free_port()
    command = [sys.executable, "-m", "viral_assets.cli", "dev", "--port", str(port)]
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(
            command, env=environment, stdout=written, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            ui = Ui(port)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not ui.is_there():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"viral-assets dev did not come up:\n{log.read_text('utf-8')}")
                time.sleep(0.2)
            yield ui
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C ends it, and whatever does not heed that the hard way."""
    for sign, seconds in ((signal.SIGINT, 15.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    with suppress(ProcessLookupError):  # children that outlived it
        os.killpg(process.pid, signal.SIGKILL)


def click(ui: Ui, assets: list[list[str]], hour: str) -> tuple[float, str]:
    """Seconds until the run is green, and its id."""
    began = time.monotonic()
    run_id = ui.materialize(assets, hour)
    while True:
        status = ui.ask(STATUS, id=run_id)["status"]
        seconds = time.monotonic() - began
        if status == "SUCCESS":
            return seconds, run_id
        if status in {"FAILURE", "CANCELED"} or seconds > PATIENCE_SECONDS:
            raise SystemExit(f"the run {run_id} of {hour} is {status} after {seconds:.1f} s")
        time.sleep(LOOK_SECONDS)


def phases(ui: Ui, run_id: str) -> str:
    """Where the time of a run went, by Dagster's own clock."""
    run = ui.ask(STEPS, id=run_id)
    steps = sorted((each for each in run["stepStats"] if each["startTime"]), key=lambda each: each["startTime"])
    told = [f"{run['startTime'] - run['creationTime']:.2f} s until its process was ready"]
    told += [f"{each['stepKey']} {each['endTime'] - each['startTime']:.2f}" for each in steps]
    return f"{', '.join(told)}; {run['endTime'] - run['startTime']:.2f} s in all from there"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=3, help="how many hours are materialized, one after the other")
    parser.add_argument("--phases", action="store_true", help="say where the time went")
    given = parser.parse_args()
    if not 1 <= given.hours <= HOURS:
        parser.error(f"--hours: 1 to {HOURS}")
    with tempfile.TemporaryDirectory(prefix="click-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        hours = last_full_hours(HOURS, datetime.now(UTC))
        environment = {name: value for name, value in os.environ.items() if not _configures(name)} | {
            "VIRAL_ASSETS_HOME": str(home),
            "VIRAL_ASSETS_PROVIDER": "offline",
            "VIRAL_ASSETS_START": hour_key(hours.start),
        }
        home.mkdir()
        database = Database(f"sqlite:///{home}/viral_assets.db")
        database.ensure_ready()
        prepare_sample(database, home / "demo", hours)
        database.dispose()
        with dev(environment, Path(folder) / "log") as ui:
            assets = [each["assetKey"]["path"] for each in ui.ask(ASSETS)]
            measured = []
            for hour in (hours.end - number * HOUR for number in range(1, given.hours + 1)):
                seconds, run_id = click(ui, assets, hour_key(hour))
                measured.append(seconds)
                print(f"{hour_key(hour)}: {seconds:.2f} s from click to green")
                if given.phases:
                    print(f"    {phases(ui, run_id)}")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    slowest = max(measured)
    print(f"median {median(measured):.2f} s, slowest {slowest:.2f} s; {machine}")
    print(f"Goal {'met' if slowest < GOAL_SECONDS else 'MISSED'} (under {GOAL_SECONDS:g} s).")
    print(json.dumps({"machine": machine, "seconds": measured}))
    sys.exit(slowest >= GOAL_SECONDS)


def _configures(variable: str) -> bool:
    return variable == "DAGSTER_HOME" or variable.startswith(("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_"))


if __name__ == "__main__":
    main()
