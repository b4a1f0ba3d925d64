"""A code server, a webserver and a daemon of Dagster as processes of their own, on a home with the bundled sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest
import yaml
from dagster._core.scheduler.instigation import InstigatorStatus, ScheduleInstigatorData

from viral_assets.cli.demo import prepare_sample
from viral_assets.hours import HOUR, HourRange, floor_hour, hour_key
from viral_assets.settings import checkout_root
from viral_assets.store.engine import Database
from viral_assets_tests.deploy.services import INHERITED, free_port
from viral_assets_tests.e2e import queries

HOURS = 24
PATIENCE = 120.0
"""Seconds for what takes a few on an idle machine."""

_DAEMON = """
import sys
from dagster._daemon import controller
from dagster._daemon.cli import main
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
sys.argv = ["dagster-daemon", "run", "--workspace", sys.argv[1]]
main()
"""
# The real daemon, but that it looks at backfills every second rather than every thirty, which no setting can do.

_Found = TypeVar("_Found")


def until(look: Callable[[], _Found | None], what: str, seconds: float = PATIENCE) -> _Found:
    """What ``look`` finds, looking until it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"still waiting for {what} after {seconds:g} s"
        time.sleep(0.3)


@dataclass
class Deployment:
    """Where it runs, and how to ask it. ``hours`` are those of the sample, which is in the tables already."""

    folder: Path
    hours: HourRange
    database: Database
    variables: Mapping[str, str]
    code_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything and wait until the webserver knows the assets."""
        self._make_tables()
        workspace = str(self.dagster_home / "workspace.yaml")
        server = {"grpc_server": {"host": "127.0.0.1", "port": self.code_port, "location_name": "viral_assets"}}
        Path(workspace).write_text(yaml.safe_dump({"load_from": [server]}), encoding="utf-8")
        port = str(self.code_port)
        self._start("code", "-m", "dagster", "api", "grpc", "--port", port, "--module-name", "viral_assets.definitions")
        self._start("web", "-m", "dagster_webserver", "--port", str(self.port), "--workspace", workspace)
        self._start("daemon", "-c", _DAEMON, workspace)
        until(self._answers, "the user interface")
        self._switch_on_the_schedule_an_hour_ago()

    def stop(self) -> None:
        """End everything, the code server and the workers it started last."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        return found

    def backfill(self, hours: Iterable[datetime], **options: object) -> str:
        """Launch a backfill over every partitioned asset, as the UI does, with options of a run as somebody sets them
        in the launchpad. Returns its id.
        """
        launched = self.ask(
            queries.BACKFILL,
            assets=[{"path": [name]} for name in queries.CHAIN],
            hours=[hour_key(hour) for hour in hours],
            config=json.dumps({"resources": {"run_options": {"config": options}}}),
        )
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def runs_of(self, backfill: str) -> list[dict[str, Any]]:
        """Its runs, the latest first."""
        tag = {"key": "dagster/backfill", "value": backfill}
        found: list[dict[str, Any]] = self.ask(queries.RUNS, filter={"tags": [tag]})["results"]
        return found

    def wait_for_backfill(self, backfill: str) -> str:
        """How it ended."""

        def ended() -> str | None:
            status = str(self.ask(queries.BACKFILL_STATUS, id=backfill)["status"])
            return None if status in {"REQUESTED", "CANCELING", "FAILING"} else status

        return until(ended, "the backfill to end")

    def wait_for_run(self, run_id: str) -> str:
        """How it ended."""

        def ended() -> str | None:
            status = str(self.ask(queries.RUN, id=run_id)["status"])
            return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

        return until(ended, "the run to end")

    def worker_of(self, run_id: str) -> int:
        """The process that executes a run."""

        def found() -> int | None:
            events = self.ask(queries.EVENTS, id=run_id)["eventConnection"]["events"]
            steps = [event for event in events if event["__typename"] == "ExecutionStepStartEvent"]
            entries = [entry for event in events for entry in event.get("metadataEntries", ())]
            pids = [str(entry.get("text")) for entry in entries if entry["label"] == "pid"]
            return int(pids[-1]) if steps and pids else None

        return until(found, "the run to start")

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The same that the services have."""
        with pytest.MonkeyPatch.context() as environment:
            for name, value in self.variables.items():
                environment.setenv(name, value)
            with dg.DagsterInstance.from_config(str(self.dagster_home)) as instance:
                yield instance

    def _make_tables(self) -> None:
        """Dagster's own. Whoever opens an instance first makes them, and two at once get into each other's way."""
        with self.instance() as instance:
            instance.get_runs_count()
            instance.all_instigator_state()

    def _switch_on_the_schedule_an_hour_ago(self) -> None:
        """So that a tick is due: the scheduler looks at the start of each minute, for what it has missed as well."""
        self.ask(queries.START_SCHEDULE, name="hourly_schedule")
        with self.instance() as instance:
            (state,) = instance.all_instigator_state(instigator_statuses={InstigatorStatus.RUNNING})
            data = state.instigator_data
            assert isinstance(data, ScheduleInstigatorData)
            assert data.start_timestamp is not None
            earlier = ScheduleInstigatorData(data.cron_schedule, data.start_timestamp - HOUR.total_seconds())
            instance.update_instigator_state(state.with_data(earlier))

    def _start(self, name: str, *arguments: str) -> None:
        inherited = {variable: os.environ[variable] for variable in INHERITED if variable in os.environ}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=inherited | dict(self.variables),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        for name, process in self.running.items():
            assert process.poll() is None, f"{name} has ended: {self.log(name)}"
        try:
            return bool(self.ask(queries.ASSETS))
        except (URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def deployed(folder: Path, instance_file: Path, database_url: str, **variables: str) -> Iterator[Deployment]:
    """A deployment that runs, with the sample of the last full hours in its tables."""
    now = datetime.now(UTC)
    hours = HourRange(floor_hour(now) - HOURS * HOUR, floor_hour(now))
    (folder / "dagster").mkdir()
    shutil.copyfile(instance_file, folder / "dagster" / "dagster.yaml")
    database = Database(database_url)
    database.upgrade()
    prepare_sample(database, folder / "demo", hours)
    given = {
        "DAGSTER_HOME": str(folder / "dagster"),
        "VIRAL_ASSETS_HOME": str(folder),
        "VIRAL_ASSETS_DATABASE_URL": database_url,
        "VIRAL_ASSETS_PROJECTS_DIR": str(checkout_root() / "projects"),
        "VIRAL_ASSETS_START": hour_key(hours.start),
        **variables,
    }
    deployment = Deployment(folder, hours, database, given)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
        database.dispose()
