"""How long a backfill takes: hours of tweets from the inbox to drafted replies, checks and digests, through Dagster.

For each case, synthetic tweets (seeded, X API v2 pages, a file for each day) lie in the inbox of an empty home, and a
fresh process runs `viral-assets generate-comments --from ... --to ...` with the offline provider: the job, the runs of
a day each, the resources, IO manager and checks are those of a backfill from the UI. Seconds of the stages are those of
Dagster's own event log, memory and processor time the operating system's. The offline provider answers at once and
knows no quota, so what is measured is everything but the model. Most tweets are near a topic and nobody is too small
to be answered, so that about a hundred tweets an hour get three drafts each: far more than a model's quota would allow.
One start of a process is told apart: the interpreter with the definitions and Dagster imported. Run from a clone with
the package installed:

    python benchmarks/backfill.py
    python benchmarks/backfill.py --hours 1 24 --tweets-per-hour 20
    python benchmarks/backfill.py --hours 24 --profile backfill.prof
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from _synthetic import tweets, write_pages

from viral_assets.projects.loader import load_project

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; any hour that has passed will do."""

STAGES = (
    "tweets",
    "topic_embeddings",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "checks",
    "suggestion_digest",
)

GOAL_SECONDS = {24: 20.0, 168: 120.0}
"""Beyond one start of a process, for 200 tweets an hour; two cores."""

GOAL_TWEETS_PER_HOUR = 200
GOAL_MEMORY_GROWTH = 1.15
"""Peak memory of the longest backfill, as a multiple of that of a day: flat, but for what is kept of each run."""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process took."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    output: str


@dataclass(frozen=True, slots=True)
class Row:
    """One backfill. ``seconds`` is the whole process, ``stages`` is by name; memory in MB."""

    hours: int
    tweets: int
    opportunities: int
    suggestions: int
    failed_checks: int
    runs: int
    seconds: float
    cpu_seconds: float
    start_up_seconds: float
    peak_memory_mb: float
    stages: Mapping[str, float]

    @property
    def beyond(self) -> float:
        return self.seconds - self.start_up_seconds

    @property
    def between_stages(self) -> float:
        """Imports, definitions, resources, and what Dagster does around the steps."""
        return self.beyond - sum(self.stages.values())


def fill_inbox(inbox: Path, hours: int, per_hour: int, seed: int) -> None:
    """A file for each day, as it would have arrived after the day."""
    inbox.mkdir(parents=True)
    project = load_project(ROOT / "projects" / "demo.yml")
    told = [text for node in project.taxonomy for text in node.exemplars]
    stream = tweets(hours * per_hour, seed, start=START, hours=hours, told=told)
    for first in range(0, hours, 24):
        end = START + timedelta(hours=min(first + 24, hours))
        write_pages(
            inbox / f"{end:%Y-%m-%d-%H}.jsonl",
            islice(stream, min(24, hours - first) * per_hour),
            retrieved_at=end + timedelta(hours=1),
        )


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Run a command to its end; what it prints besides its answer goes to ``log``."""
    with log.open("w", encoding="utf-8") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text('utf-8')}{output}")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Process(seconds, used.ru_utime + used.ru_stime, kilobytes / 1000, output)


def measure(hours: int, per_hour: int, seed: int, profile: Path | None) -> Row:
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        home, log = Path(folder) / "home", Path(folder) / "log"
        fill_inbox(home / "inbox", hours, per_hour, seed)
        end = START + timedelta(hours=hours)
        environment = {name: value for name, value in os.environ.items() if not _configures(name)} | {
            "VIRAL_ASSETS_HOME": str(home),
            "VIRAL_ASSETS_PROVIDER": "offline",
            "VIRAL_ASSETS_START": f"{START:%Y-%m-%d-%H:%M}",
        }
        python = [sys.executable]
        start_up = run([*python, "-c", "import viral_assets.definitions"], environment, log)
        backfill = ["-m", "viral_assets.cli", "generate-comments", "--json"]
        backfill += ["--from", START.isoformat(), "--to", end.isoformat(), "--min-followers", "0"]
        if profile is not None:
            # Threads have profiles of their own, which this one does not see: generation is mostly one of them.
            python += ["-m", "cProfile", "-o", str(profile)]
        whole = run([*python, *backfill], environment, log)
        report = json.loads(whole.output.splitlines()[-1])
        return Row(
            hours=hours,
            tweets=hours * per_hour,
            opportunities=report["opportunities"],
            suggestions=report["saved"],
            failed_checks=len(report["failed_checks"]),
            runs=len(report["run_ids"]),
            seconds=whole.seconds,
            cpu_seconds=whole.cpu_seconds,
            start_up_seconds=start_up.seconds,
            peak_memory_mb=whole.peak_memory_mb,
            stages=stage_seconds(home / "dagster", report["run_ids"]),
        )


def _configures(variable: str) -> bool:
    return variable == "DAGSTER_HOME" or variable.startswith(("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_"))


def stage_seconds(dagster_home: Path, run_ids: Sequence[str]) -> dict[str, float]:
    """By stage, from start to end of its steps in all runs; all checks together."""
    from viral_assets.instance import open_instance

    seconds: Counter[str] = Counter(dict.fromkeys(STAGES, 0.0))
    with open_instance(dagster_home) as instance:
        for run_id in run_ids:
            for step in instance.get_run_step_stats(run_id):
                stage = step.step_key if step.step_key in STAGES else "checks"
                seconds[stage] += (step.end_time or 0.0) - (step.start_time or 0.0)
    return dict(seconds)


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| hours | tweets | opportunities | suggestions | runs | seconds | start-up | beyond | a run | CPU | memory |",
        "|" + " ---: |" * 11,
    ]
    lines += [
        f"| {row.hours} | {row.tweets:,} | {row.opportunities:,} | {row.suggestions:,} | {row.runs} "
        f"| {row.seconds:.1f} | {row.start_up_seconds:.1f} | {row.beyond:.1f} | {row.beyond / row.runs:.1f} "
        f"| {row.cpu_seconds:.1f} s | {row.peak_memory_mb:.0f} MB |"
        for row in rows
    ]
    lines += ["", "| seconds of | " + " | ".join(f"{row.hours} hours" for row in rows) + " |"]
    lines.append("| :--- |" + " ---: |" * len(rows))
    lines += [f"| {stage} | " + " | ".join(f"{row.stages[stage]:.1f}" for row in rows) + " |" for stage in STAGES]
    lines.append("| around the steps | " + " | ".join(f"{row.between_stages:.1f}" for row in rows) + " |")
    return "\n".join(lines)


def missed(rows: Sequence[Row], per_hour: int) -> list[str]:
    """Goals that are not met, each in words. The ones about time are for 200 tweets an hour."""
    problems = [f"{row.hours} hours: {row.failed_checks} checks failed" for row in rows if row.failed_checks]
    if per_hour >= GOAL_TWEETS_PER_HOUR:
        problems += [
            f"{row.hours} hours took {row.beyond:.1f} s, not under {goal:.0f} s"
            for row in rows
            if (goal := GOAL_SECONDS.get(row.hours)) is not None and row.beyond >= goal
        ]
    days = [row for row in rows if row.hours >= 24]
    if len(days) > 1:
        shortest, longest = (choose(days, key=lambda row: row.hours) for choose in (min, max))
        growth = longest.peak_memory_mb / shortest.peak_memory_mb
        if growth > GOAL_MEMORY_GROWTH:
            problems.append(f"memory grows {growth:.2f}-fold from {shortest.hours} to {longest.hours} hours")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, nargs="+", default=[1, 24, 168], help="lengths of the backfills")
    parser.add_argument("--tweets-per-hour", type=int, default=GOAL_TWEETS_PER_HOUR)
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic tweets")
    parser.add_argument("--profile", type=Path, help="write a cProfile of the (last) backfill's main thread there")
    given = parser.parse_args()
    if min(*given.hours, given.tweets_per_hour, 10**9) < 1:
        parser.error("--hours and --tweets-per-hour: at least 1")
    rows = []
    for hours in given.hours:
        print(f"{hours} hours ...", file=sys.stderr, flush=True)
        rows.append(measure(hours, given.tweets_per_hour, given.seed, given.profile))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{given.tweets_per_hour} tweets an hour; offline provider; SQLite; {machine}\n")
    print(table(rows))
    problems = missed(rows, given.tweets_per_hour)
    goals = ", ".join(f"{hours} hours under {seconds:.0f} s" for hours, seconds in GOAL_SECONDS.items())
    print(
        f"\nGoals {'MISSED: ' + '; '.join(problems) if problems else 'met'} ({goals} beyond start-up; peak memory of a "
        f"week at most {GOAL_MEMORY_GROWTH} times that of a day; no check fails)."
    )
    print(json.dumps({"machine": machine, "rows": [asdict(row) | {"beyond": row.beyond} for row in rows]}))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
