"""A code server, a webserver and a daemon of Dagster as processes of their own, on a home with the bundled sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.scheduler.instigation import InstigatorStatus, ScheduleInstigatorData
from dagster._grpc.client import DagsterGrpcClient
from sqlalchemy import delete, insert, select, update

from viral_assets.cli.demo import HOURS, PROJECT, prepare_sample
from viral_assets.hours import HOUR, HourRange, hour_key, last_full_hours
from viral_assets.settings import checkout_root
from viral_assets.store.conditions import within
from viral_assets.store.engine import Database
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    llm_requests,
    tweet_scores,
    tweets,
)
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.deploy.services import INHERITED, free_port
from viral_assets_tests.e2e import queries
from viral_assets_tests.waiting import PATIENCE, NotYetError, until

SCHEDULES = {"hourly_schedule": HOUR, "top_up_schedule": 24 * HOUR, "refresh_schedule": HOUR / 2}
"""And how often they tick. One of them is enough where the other storage is tried with all."""

_DAEMON = """
import sys
from dagster._daemon import controller
from dagster._daemon.cli import main
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
sys.argv = ["dagster-daemon", "run", "--workspace", sys.argv[1]]
main()
"""
# The real daemon, but that it looks at backfills every other second rather than every thirty, which no setting can do.

_CODE_SERVER = """
import multiprocessing, sys
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["viral_assets.definitions", "viral_assets.generation.clients.google_generativeai"])
multiprocessing.get_context = lambda method=None: forks
from dagster._cli import main
sys.argv = ["dagster", "api", "grpc", "--module-name", "viral_assets.definitions", "--port", sys.argv[1]]
main()
"""
# The real code server, but that the processes of its runs are forked from one that has imported all they need: Dagster
# starts each from nothing, which takes longer than most runs here. `deploy/test_services.py` has it as it is.

_UNDERTAKER = """
import os, signal, sys
for line in sys.stdin.readlines():
    try:
        os.killpg(int(line), signal.SIGKILL)
    except ProcessLookupError:
        pass
"""
# Ends what is left of the services, workers included, when its standard input is closed: by us, or because the process
# of the tests is gone, however that ended.

STEP_START = "ExecutionStepStartEvent"

EVERY = 1.0
"""Seconds between two looks: an answer costs the webserver, and what it waits for, a good part of a processor."""


class UnansweredError(NotYetError):
    """The webserver did not do what it was asked, or is not there."""


@dataclass
class Deployment:
    """Where it runs, and how to ask it. ``hours`` are those of the sample, which is in the tables already."""

    folder: Path
    hours: HourRange
    database: Database
    variables: Mapping[str, str]
    schedules: Collection[str] = tuple(SCHEDULES)
    code_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _undertaker: subprocess.Popen[bytes] | None = None

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def some_hours(self, first: int, last: int) -> HourRange:
        """Of the sample, counted from its first one, which is 0; ``last`` is not among them."""
        return HourRange(self.hours.start + first * HOUR, self.hours.start + last * HOUR)

    def start(self) -> None:
        """Start everything, wait until the webserver knows the assets, and switch the schedules on."""
        self._undertaker = subprocess.Popen(
            [sys.executable, "-c", _UNDERTAKER], stdin=subprocess.PIPE, start_new_session=True
        )
        self._make_tables()
        self._put_off_a_tweet()
        if "top_up_schedule" in self.schedules:
            self._score_all_but(2)
        workspace = str(self.dagster_home / "workspace.yaml")
        server = {"grpc_server": {"host": "127.0.0.1", "port": self.code_port, "location_name": "viral_assets"}}
        Path(workspace).write_text(yaml.safe_dump({"load_from": [server]}), encoding="utf-8")
        self._start("code", "-c", _CODE_SERVER, str(self.code_port))
        until(self._serves_code, "the code server")
        self._start("web", "-m", "dagster_webserver", "--port", str(self.port), "--workspace", workspace)
        until(self._answers, "the user interface")
        # Both before there is a daemon: one that finds no code looks again after a minute, and gives up the backfills
        # of that minute; and what it has once seen of a schedule it does not read again.
        for name in self.schedules:
            self._switch_on(name, SCHEDULES[name])
        self._start("daemon", "-c", _DAEMON, workspace)

    def stop(self) -> None:
        """End everything, the code server and the workers it started last."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
        if self._undertaker is not None:
            self._undertaker.communicate()
        for process in self.running.values():
            process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the answer.

        Raises:
            UnansweredError: with what the webserver says, also when Dagster refuses.
        """
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=PATIENCE) as response:
                answer = json.load(response)
        except HTTPError as error:
            # The reason is in its body, as GraphQL has it.
            raise UnansweredError(error.read().decode(errors="replace")) from None
        except (URLError, ConnectionError, TimeoutError) as error:
            raise UnansweredError(str(error)) from None
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

        return until(ended, "the backfill to end", every=EVERY)

    def wait_for_run(self, run_id: str) -> str:
        """How it ended."""

        def ended() -> str | None:
            status = str(self.ask(queries.RUN, id=run_id)["status"])
            return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

        return until(ended, "the run to end", every=EVERY)

    def first_runs(self, query: str, name: str) -> list[str]:
        """The runs of the first tick that requested any, of a schedule or sensor."""

        def requested() -> list[str] | None:
            ticks: list[dict[str, Any]] = next(iter(self.ask(query, name=name).values()))["ticks"]
            errors = [tick["error"]["message"] for tick in ticks if tick["error"]]
            assert not errors, errors
            return next((tick["runIds"] for tick in ticks if tick["runIds"]), None)

        return until(requested, f"{name} to request a run", every=EVERY)

    def nothing_chosen_from(self, hour: datetime) -> None:
        """As if no run had ever looked for opportunities in this hour and those after it."""
        with self.database.begin() as connection:
            for table in (comment_suggestions, generation_outcomes, comment_opportunities):
                connection.execute(delete(table).where(table.c.window_start >= hour))

    def worker_of(self, run_id: str) -> int:
        """The process that executes a run."""

        def found() -> int | None:
            events = self.ask(queries.EVENTS, id=run_id)["eventConnection"]["events"]
            steps = [event for event in events if event["__typename"] == STEP_START]
            entries = [entry for event in events for entry in event.get("metadataEntries", ())]
            pids = [str(entry.get("text")) for entry in entries if entry["label"] == "pid"]
            return int(pids[-1]) if steps and pids else None

        return until(found, "the run to start", every=EVERY)

    def has_started(self, run_id: str, step: str) -> bool:
        """Whether a run has come to a step."""
        events = self.ask(queries.EVENTS, id=run_id)["eventConnection"]["events"]
        return any(event["__typename"] == STEP_START and event["stepKey"] == step for event in events)

    def has_said(self, run_id: str, text: str) -> bool:
        """Whether a run's log has a line with this text."""
        events = self.ask(queries.EVENTS, id=run_id)["eventConnection"]["events"]
        return any(text in event.get("message", "") for event in events)

    def answers_may_take_long(self) -> None:
        """As if the service had always been slow: a request is not given up while it is held."""
        with self.database.begin() as connection:
            connection.execute(update(llm_requests).values(finished_at=llm_requests.c.granted_at + 60))

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

    def _put_off_a_tweet(self) -> None:
        """Of the first hour, as a run that finds the quota of the day used up leaves it."""
        hour = self.hours.start
        with self.database.begin() as connection:
            tweet = str(read_tweets(connection, HourRange(hour, hour + HOUR))["tweet_id"].iloc[0])
            of = {"project": PROJECT, "tweet_id": tweet, "window_start": hour}
            chosen = {"rank": 1, "total": 0.9, "label": "green", "topic": "any", "why": "a question"}
            ended = {"outcome": "deferred", "reason": "quota", "attempts": 0, "updated_at": datetime.now(UTC)}
            connection.execute(insert(comment_opportunities).values(**of, **chosen))
            connection.execute(insert(generation_outcomes).values(**of, **ended))

    def _score_all_but(self, first: int) -> None:
        """As if runs had looked at the tweets of all hours but the first ones: those are enough for the daily top-up,
        which would run all that have been since the sample's first one, more or fewer by the time of day.
        """
        of = (tweets.c.tweet_id, tweets.c.window_start)
        score = {"project": PROJECT, "total": 0.0, "label": "red", "topic": "any", "why": "", "gate": "language"}
        score |= dict.fromkeys(COMPONENTS, 0.0)
        with self.database.begin() as connection:
            found = connection.execute(select(*of).where(*within(tweets, self.some_hours(first, HOURS))))
            connection.execute(insert(tweet_scores), [{**row, **score} for row in found.mappings()])

    def _switch_on(self, schedule: str, interval: timedelta) -> None:
        """As if an interval ago, so that a tick is due: the scheduler looks at what it has missed as well."""
        self.ask(queries.START_SCHEDULE, name=schedule)
        with self.instance() as instance:
            running = instance.all_instigator_state(instigator_statuses={InstigatorStatus.RUNNING})
            (state,) = (each for each in running if each.instigator_name == schedule)
            data = state.instigator_data
            assert isinstance(data, ScheduleInstigatorData)
            assert data.start_timestamp is not None
            earlier = ScheduleInstigatorData(data.cron_schedule, data.start_timestamp - interval.total_seconds())
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
        assert self._undertaker is not None
        assert self._undertaker.stdin is not None
        self._undertaker.stdin.write(f"{self.running[name].pid}\n".encode())
        self._undertaker.stdin.flush()

    def _serves_code(self) -> bool:
        self._all_run()
        try:
            return bool(DagsterGrpcClient(host="127.0.0.1", port=self.code_port).list_repositories())
        except DagsterUserCodeUnreachableError:
            return False

    def _answers(self) -> bool:
        self._all_run()
        return bool(self.ask(queries.ASSETS))

    def _all_run(self) -> None:
        for name, process in self.running.items():
            assert process.poll() is None, f"{name} has ended: {self.log(name)}"


@contextmanager
def deployed(
    folder: Path, instance_file: Path, database_url: str, schedules: Collection[str], **variables: str
) -> Iterator[Deployment]:
    """A deployment that runs, with the sample of the last full hours in its tables and these schedules on."""
    hours = last_full_hours(HOURS, datetime.now(UTC))
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
    deployment = Deployment(folder, hours, database, given, schedules)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
        database.dispose()
