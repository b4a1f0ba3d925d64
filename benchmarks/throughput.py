"""What a run costs this machine: tweets a second, and CPU for each request, where no quota holds anything up.

A Gemini emulator in a process of its own answers fast, and everything that is left is ours and the SDK's. CPU seconds
are those of the process that generates, all threads included; on a machine that is busy with other things they say
more than the clock does. ``measure`` is there for other benchmarks. Run from a clone:

    python benchmarks/throughput.py
    python benchmarks/throughput.py --tweets 2000 --provider google-genai --latency 0.05,0.01
    python benchmarks/throughput.py --against ../an-older-checkout

With ``--against`` both builds run in turn, each as often as ``--rounds`` says, and the ratios are of the rounds that
took the least CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
NO_QUOTA = 1_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """``latency`` is a,b: the service takes a + b*K seconds about K tweets. ``database`` is a URL, None for a fresh
    SQLite file."""

    tweets: int
    provider: str
    latency: str
    concurrency: int | str = "auto"
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    tweets: int
    requests: int
    seconds: float
    cpu_seconds: float
    done: int

    @property
    def tweets_a_second(self) -> float:
        return self.tweets / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """For each request."""
        return 1_000 * self.cpu_seconds / self.requests


@contextmanager
def emulator(latency: str) -> Iterator[str]:
    """The address of an emulator without any quota, in a process of its own."""
    command = [sys.executable, "-m", "viral_assets_tests.gemini_emulator", "--port", "0", "--latency", latency]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def measure(scenario: Scenario, url: str, build: Path = ROOT) -> Measured:
    """One run of a build, in a process of its own and with a fresh database, against the service at ``url``."""
    with tempfile.TemporaryDirectory() as folder:
        database = scenario.database or f"sqlite:///{folder}/benchmark.db"
        order = json.dumps({**asdict(scenario), "database": database, "url": url})
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--run", order],
            cwd=build,
            env={**os.environ, "PYTHONPATH": str(build)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


async def _run(order: dict[str, object]) -> Measured:
    from viral_assets.generation import AsyncCommentGenerator
    from viral_assets.generation.opportunity import Opportunity
    from viral_assets.projects.loader import load_project
    from viral_assets.quota import Limits
    from viral_assets.store.engine import Database

    project = load_project(ROOT / "projects" / "demo.yml")
    kinds, topics = tuple(kind.name for kind in project.suggestion_types), [node.label for node in project.taxonomy]
    tweets = int(str(order["tweets"]))
    wanted = [
        Opportunity(project.name, str(10**18 + each), HOUR, _text(each), topics[each % len(topics)], kinds)
        for each in range(tweets)
    ]
    database = Database(str(order["database"]))
    database.ensure_ready()
    generator = AsyncCommentGenerator(
        "benchmark",
        batch_size=order["concurrency"],  # type: ignore[arg-type]
        provider=str(order["provider"]),
        endpoint=str(order["url"]),
        limits=Limits(max_requests=NO_QUOTA),
        database=database,
    )
    async with generator:
        began, cpu = time.perf_counter(), time.process_time()
        report = await generator.generate_opportunities(wanted, {project.name: project})
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    database.dispose()
    return Measured(tweets, report.requests, seconds, cpu_seconds, report.outcomes.get("done", 0))


def _text(number: int) -> str:
    """Each different, as tweets are."""
    return (
        f"Day {number} of moving our billing service off cron: {number % 97} jobs now run as one pipeline, and the "
        f"alert that woke us at {number % 24}:00 has been quiet since. What would you move next?"
    )


def table(rows: Sequence[tuple[str, Measured]]) -> str:
    lines = [
        "| build | tweets/s | requests | CPU a request | CPU in all | done |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {each.tweets_a_second:,.0f} | {each.requests:,} | {each.cpu_milliseconds:.1f} ms "
        f"| {each.cpu_seconds:.1f} s | {each.done:,} |"
        for name, each in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=10_000)
    parser.add_argument("--provider", default="google-genai", help="or google-generativeai")
    parser.add_argument("--latency", default="0.05,0.01", help="a,b: a request about K tweets takes a + b*K s")
    parser.add_argument("--concurrency", default="auto", help="requests under way at once")
    parser.add_argument("--database", help="a URL, instead of a fresh SQLite file each time")
    parser.add_argument("--against", type=Path, help="another checkout, measured in turn with this one")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        print(json.dumps(asdict(asyncio.run(_run(json.loads(given.run))))))
        return
    concurrency = given.concurrency if given.concurrency == "auto" else int(given.concurrency)
    scenario = Scenario(given.tweets, given.provider, given.latency, concurrency, given.database)
    builds = {"this": ROOT} | ({str(given.against): given.against.resolve()} if given.against else {})
    rounds: dict[str, list[Measured]] = {name: [] for name in builds}
    for _ in range(given.rounds):
        for name, build in builds.items():
            with emulator(scenario.latency) as url:
                rounds[name].append(measure(scenario, url, build))
    best = {name: min(found, key=lambda each: each.cpu_seconds) for name, found in rounds.items()}
    print(
        f"{scenario.provider}, latency {scenario.latency}, Python {sys.version.split()[0]}\n\n{table([*best.items()])}"
    )
    if given.against:
        this, other = best["this"], best[str(given.against)]
        print(
            f"\nCPU of a run: {other.cpu_seconds / this.cpu_seconds:.1f} times less; "
            f"tweets a second: {this.tweets_a_second / other.tweets_a_second:.1f} times as many"
        )


if __name__ == "__main__":
    main()
