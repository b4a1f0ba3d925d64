"""Four processes under one quota for half an hour in which everything goes wrong, and then the proof that it held.

A service that misbehaves all the time and is down now and then, processes killed with SIGKILL, a clock that is set, a
database that is locked, full or stopped. In the end, with all of that over, the processes finish what they had taken
up, and it is checked that

- every tweet has suggestions, or an outcome with its reason;
- no window at the service held more requests than the quota allows, refused ones included;
- no tweet that had ended in the database was asked about again.

Prints a line with the verdict and a JSON object; the exit code is 0 if all of it held. Run from a clone with the
development dependencies:

    python benchmarks/soak.py
    python benchmarks/soak.py --minutes 4 --database postgresql --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from _builds import ROOT, Build
from _generation_worker import FIRST_ID
from _soak_summary import Summary
from _soak_trouble import FAULTS, PostgresStore, Soaked, SqliteStore, Store
from _soak_worker import BATCHES, FINISH, batches

from viral_assets.errors import ViralAssetsError
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, generation_outcomes
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator

PROVIDERS = ("google-genai", "google-generativeai", "google-genai", "google-generativeai")
REQUESTS, WINDOW_SECONDS = 40, 15.0
ENDED = ("done", "filtered", "blocked", "failed")
LOOK_SECONDS = 0.5


class Soak:
    """One soak, from the first process to the summary."""

    def __init__(self, emulator: GeminiEmulator, store: Store, folder: Path, seed: int) -> None:
        self._emulator, self._store, self._folder, self._seed = emulator, store, folder, seed
        self._database = Database(store.url)
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._ended_at: dict[str, float] = {}
        self._said: Counter[str] = Counter()
        self.summary = Summary(allowed_in_a_window=REQUESTS)
        self._began = time.monotonic()

    def run(self, seconds: float, patience: float) -> Summary:
        for slot in range(len(PROVIDERS)):
            self._start(slot)
        chance = random.Random(self._seed)
        trouble = Soaked(self._emulator, self._store, self._folder, lambda: list(self._workers.values()), chance)
        self._say("they start")
        while not self._ended_at:
            self._watch(LOOK_SECONDS)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._watch(chance.uniform(2.0, 12.0))
            name, context = trouble.next_trouble()
            self.summary.troubles[name] = self.summary.troubles.get(name, 0) + 1
            self._say(name)
            with context:
                self._watch(0.0 if name == "kill -9" else chance.uniform(2.0, 20.0))
        self._say("all trouble is over; they finish")
        (self._folder / FINISH).touch()
        end = time.monotonic() + patience
        while any(each.poll() != 0 for each in self._workers.values()) and time.monotonic() < end:
            self._watch(LOOK_SECONDS)
        self.summary.unfinished_slots = [slot for slot, each in self._workers.items() if each.poll() != 0]
        for each in self._workers.values():
            each.kill()
            each.wait()
        self._prove()
        self._database.dispose()
        return self.summary

    def _start(self, slot: int) -> None:
        environment = Build("here", ROOT).environment | {
            "SOAK_SLOT": str(slot),
            "SOAK_SEED": str(self._seed),
            "SOAK_FOLDER": str(self._folder),
            "SOAK_DATABASE": self._store.url,
            "SOAK_URL": self._emulator.url,
            "SOAK_PROVIDER": PROVIDERS[slot],
            "SOAK_RPM": str(REQUESTS),
            "SOAK_WINDOW": str(WINDOW_SECONDS),
        }
        command = [sys.executable, str(ROOT / "benchmarks" / "_soak_worker.py")]
        worker = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        self._workers[slot] = worker
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()

    def _listen(self, worker: subprocess.Popen[bytes]) -> None:
        """A pipe and no file: a process that may write no file should be heard all the same."""
        assert worker.stderr is not None
        for line in worker.stderr:
            words = line.decode("utf-8", "replace").strip()
            # A kind of error and its message; of a traceback the last line.
            if words.partition(":")[0].replace(".", "").isidentifier():
                self._said[words[:160]] += 1

    def _watch(self, seconds: float) -> None:
        """For so long: start again what has ended, and look which tweets have."""
        until = time.monotonic() + seconds
        while True:
            for slot, worker in list(self._workers.items()):
                if (code := worker.poll()) not in (None, 0):
                    self.summary.restarts += 1
                    self.summary.crashes += code > 0
                    self._start(slot)
            self._look()
            if time.monotonic() >= until:
                return
            time.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))

    def _look(self) -> None:
        """Remember when a tweet was first seen to have ended; not while the database is away."""
        try:
            ended = [tweet for tweet, (outcome, _) in self._outcomes().items() if outcome in ENDED]
        except (ViralAssetsError, sa.exc.SQLAlchemyError):
            return
        now = time.monotonic()
        for tweet in ended:
            self._ended_at.setdefault(tweet, now)

    def _outcomes(self) -> dict[str, tuple[str, str]]:
        with self._database.read() as connection:
            rows = connection.execute(sa.select(generation_outcomes))
            return {row.tweet_id: (row.outcome, row.reason) for row in rows}

    def _prove(self) -> None:
        summary, outcomes = self.summary, self._outcomes()
        with self._database.read() as connection:
            suggested = set(connection.execute(sa.select(comment_suggestions.c.tweet_id)).scalars())
        wanted = self._wanted()
        for tweet in sorted(wanted):
            outcome, reason = outcomes.get(tweet, ("", ""))
            if not (tweet in suggested if outcome == "done" else outcome in ENDED and reason):
                summary.without_outcome.append(f"{tweet}: {outcome or 'nothing'}{' ' + reason if reason else ''}")
        summary.tweets = len(wanted)
        summary.outcomes = dict(Counter(outcomes[tweet][0] for tweet in wanted if tweet in outcomes))
        generated = self._emulator.generated()
        summary.requests = len(generated)
        summary.refused = sum(each.status == 429 and not each.fault for each in generated)
        arrived = [each.at for each in generated]
        held = [(sum(at <= other < at + WINDOW_SECONDS for other in arrived), -at) for at in arrived]
        if held:
            summary.most_in_a_window, began = max(held)
            summary.fullest_window_from = round(-began - self._began, 1)
        summary.asked_again = sorted(
            {
                f"{tweet}: asked {arrival.at - self._ended_at[tweet]:.1f} s after it had ended"
                for arrival in generated
                for tweet in arrival.tweet_ids
                if arrival.at > self._ended_at.get(tweet, arrival.at)
            }
        )
        good = [each for each in generated if each.status == 200 and not each.fault]
        whole = Counter(tweet for arrival in good for tweet in set(arrival.tweet_ids))
        summary.answered_twice = sum(times > 1 for times in whole.values())
        summary.said = dict(self._said.most_common(20))

    def _wanted(self) -> set[str]:
        """The tweets of all batches that were taken up."""
        wanted: set[str] = set()
        for slot in range(len(PROVIDERS)):
            taken_up = self._folder / f"{BATCHES}-{slot}"
            count = int(taken_up.read_text() or 0) if taken_up.exists() else 0
            for _, numbers in zip(range(count), batches(slot, self._seed), strict=False):
                wanted.update(str(FIRST_ID + number) for number in numbers)
        return wanted

    def _say(self, words: str) -> None:
        seconds = time.monotonic() - self._began
        print(f"[{seconds:5.0f} s] {len(self._ended_at):,} tweets have ended; {words}", file=sys.stderr, flush=True)


def soak(database: str, minutes: float, seed: int, patience: float) -> Summary:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store: Store = SqliteStore(folder) if database == "sqlite" else PostgresStore()
        stack.callback(store.close)
        config = EmulatorConfig(
            requests_per_window=REQUESTS, window_seconds=WINDOW_SECONDS, latency=(0.3, 0.1), faults=FAULTS, seed=seed
        )
        emulator = stack.enter_context(GeminiEmulator(config))
        return Soak(emulator, store, folder, seed).run(60 * minutes, patience)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="of trouble (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="of what goes wrong, and when")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--patience", type=float, default=300.0, metavar="SECONDS", help="for finishing afterwards")
    given = parser.parse_args()
    summary = soak(given.database, given.minutes, given.seed, given.patience)
    print(summary.verdict(given.database))
    shown: dict[str, Any] = {"database": given.database, "seed": given.seed, "held": summary.held, **asdict(summary)}
    print(json.dumps(shown))
    sys.exit(not summary.held)


if __name__ == "__main__":
    main()
