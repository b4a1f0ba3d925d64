"""A backfill of a week on two machines, one of which loses its power in the middle; and the proof that nothing is lost.

PostgreSQL, Redis, a webserver, a daemon, a code server and two Celery workers are processes of their own on the
loopback, each worker with a folder and an instance file of its own. The backfill is launched as the UI does it. When
both workers are at a run of it and have stored answers, one of them is killed with all its processes (SIGKILL). In the
end it is checked that

- the backfill succeeded, every hour of every asset is there, and no check failed;
- every tweet that was chosen has suggestions or an outcome with its reason;
- no window at the service held more requests than the quota allows, and it refused none;
- no tweet was paid for twice but those in flight at the kill.

Then once more through PgBouncer. Prints what it saw and a JSON object; the exit code is 0 if all of it held. Run from a
clone with the development dependencies, and Redis and PgBouncer from the system's packages:

    python benchmarks/machines.py
    python benchmarks/machines.py --hours 48 --only direct
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _builds import ROOT
from _machines import WORKERS, Machines, missing
from _machines_proof import Seen, connections_to, look_at_hours, look_at_shares, look_at_tweets, paid_for_by
from backfill import fill_inbox

from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.engine import Database
from viral_assets_tests.e2e import queries
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.waiting import until

START = datetime(2026, 3, 2, tzinfo=UTC)
REQUESTS, WINDOW_SECONDS = 12, 10.0
"""Few enough that the quota, and not the machine, is what a run waits for."""

ANSWER_SECONDS = 3.0
"""Longer than an answer takes."""

OPTIONS = {"resources": {"run_options": {"config": {"min_followers": 0, "tier": "standard"}}}}
TASK = "dagster-celery/task_id"
PATIENCE_SECONDS = 3600.0


class Week:
    """One backfill over all hours, with a worker killed in the middle."""

    def __init__(self, machines: Machines, emulator: GeminiEmulator, hours: HourRange, way: str) -> None:
        self._machines, self._emulator = machines, emulator
        self._hours = [hour_key(hour) for hour in hours]
        self._database = Database(machines.direct_url)
        self.seen = Seen(way, hours=len(self._hours), allowed_in_a_window=REQUESTS)
        self._began = time.monotonic()

    def run(self) -> Seen:
        seen, machines = self.seen, self._machines
        assets = [{"path": [name]} for name in queries.CHAIN]
        launched = machines.ask(queries.BACKFILL, assets=assets, hours=self._hours, config=json.dumps(OPTIONS))
        backfill = str(launched["backfillId"])
        self._say("the backfill is launched")
        victim, run_id, stored, in_flight = self._kill_one(backfill)
        killed = time.monotonic()
        seen.stored_at_the_kill, seen.in_flight_at_the_kill = len(stored), len(in_flight)
        until(lambda: self._status(run_id) == "FAILURE", "Dagster to end its run", every=0.5)
        seen.seconds_until_failed = time.monotonic() - killed
        self._say("Dagster has ended its run; the worker is started again")
        machines.start_worker(victim)
        status = self._wait_for(backfill)
        seen.seconds = time.monotonic() - self._began
        self._say(f"the backfill is over: {status}")
        if status != "COMPLETED_SUCCESS":
            seen.problems.append(f"the backfill ended as {status}")
        look_at_hours(seen, self._database, machines.folder / "digests", set(self._hours))
        succeeded = [run for run in self._runs(backfill) if run["status"] == "SUCCESS"]
        look_at_shares(seen, [worker for run in succeeded for worker in machines.took(_tag(run, TASK))], WORKERS)
        look_at_tweets(seen, self._database, self._emulator, stored, in_flight)
        self._database.dispose()
        return seen

    def _runs(self, backfill: str) -> list[dict[str, Any]]:
        tag = {"key": "dagster/backfill", "value": backfill}
        found: list[dict[str, Any]] = self._machines.ask(queries.RUNS, filter={"tags": [tag]})["results"]
        return found

    def _kill_one(self, backfill: str) -> tuple[str, str, set[str], set[str]]:
        """Once both workers have a run with stored answers, kill one that waits for others.

        Returns:
            The worker, its run, and the run's tweets with a stored answer and in a request under way.
        """
        while True:
            at_work = until(lambda: self._with_answers(backfill), "both workers to have answers", every=0.1)
            with self._emulator.holding():
                # What was being answered is answered then, and what is under way afterwards stays so.
                time.sleep(ANSWER_SECONDS)
                end = time.monotonic() + WINDOW_SECONDS
                while time.monotonic() < end:
                    for worker, run_id in at_work.items():
                        if paid_for_by(self._database, run_id)[1]:
                            self._say(f"killing worker {worker}")
                            self._machines.kill(worker)
                            return worker, run_id, *paid_for_by(self._database, run_id)
                    time.sleep(0.1)

    def _with_answers(self, backfill: str) -> dict[str, str] | None:
        """The runs of both workers, once each has one with a stored answer that has not ended."""
        started = {_tag(run, TASK): run["runId"] for run in self._runs(backfill) if run["status"] == "STARTED"}
        found = {
            worker: run_id
            for task, run_id in started.items()
            if paid_for_by(self._database, run_id)[0]
            for worker in self._machines.took(task)
        }
        return found if len(found) == len(WORKERS) else None

    def _status(self, run_id: str) -> str:
        return str(self._machines.ask(queries.RUN, id=run_id)["status"])

    def _wait_for(self, backfill: str) -> str:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self.seen.connections = max(self.seen.connections, connections_to(self._database))
            status = str(self._machines.ask(queries.BACKFILL_STATUS, id=backfill)["status"])
            if status not in {"REQUESTED", "CANCELING", "FAILING"}:
                return status
            time.sleep(1)
        return "still running"

    def _say(self, words: str) -> None:
        print(f"[{time.monotonic() - self._began:5.0f} s] {words}", file=sys.stderr, flush=True)


def _tag(run: dict[str, Any], name: str) -> str:
    return next((str(tag["value"]) for tag in run["tags"] if tag["key"] == name), "")


def week(hours: int, per_hour: int, seed: int, *, pooled: bool) -> Seen:
    """A backfill of so many hours, with so many tweets each."""
    config = EmulatorConfig(requests_per_window=REQUESTS, window_seconds=WINDOW_SECONDS, latency=(0.5, 0.15))
    window = HourRange(START, START + hours * HOUR)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="machines-")))
        emulator = stack.enter_context(GeminiEmulator(config))
        fill_inbox(folder / "inbox", hours, per_hour, seed)
        variables = {
            "GEMINI_API_KEY": "a-key",
            "GEMINI_API_ENDPOINT": emulator.url,
            "VIRAL_ASSETS_RPM": str(REQUESTS),
            "VIRAL_ASSETS_QUOTA_WINDOW_SECONDS": str(WINDOW_SECONDS),
            "VIRAL_ASSETS_PROJECTS_DIR": str(ROOT / "projects"),
            "VIRAL_ASSETS_START": hour_key(window.start),
            "VIRAL_ASSETS_END": hour_key(window.end),
        }
        machines = stack.enter_context(Machines(folder, variables, pooled=pooled))
        way = "through PgBouncer" if pooled else "on PostgreSQL"
        return Week(machines, emulator, window, way).run()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=168)
    parser.add_argument("--tweets-per-hour", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic tweets")
    parser.add_argument("--only", choices=("direct", "pooled"), help="one of the two ways to PostgreSQL")
    given = parser.parse_args(arguments)
    ways = [pooled for pooled in (False, True) if given.only in (None, "pooled" if pooled else "direct")]
    if absent := missing(any(ways)):
        raise SystemExit(absent)
    seen: list[Seen] = []
    for pooled in ways:
        seen.append(week(given.hours, given.tweets_per_hour, given.seed, pooled=pooled))
        print(seen[-1].told(), flush=True)
    print(json.dumps([asdict(each) for each in seen]))
    sys.exit(any(each.problems for each in seen))


if __name__ == "__main__":
    main()
