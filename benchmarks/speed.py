"""What the commands of a day take, each beside its bound or peer: processor time of whole processes, in turns.

A bound does what cannot be left out and nothing else (``_speed_bounds``); bare Dagster records the same events and
works nothing (``_bare_dagster``). What has neither is held against the build from before such things were measured
(:data:`BEFORE`). A figure is the least of the rounds; memory is the peak. What takes minutes has one round. Where
another commit is measured too (--against), all builds take turns. Run from a clone with the development dependencies:

    python benchmarks/speed.py
    python benchmarks/speed.py --only ingest export --rounds 3
    python benchmarks/speed.py --only hour day --against HEAD~20
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import backfill
import ingest
from _builds import ROOT, Build, builds, conclude
from _synthetic import tweets, write_pages
from backfill import START, fill_inbox

BOUNDS, BARE = ROOT / "benchmarks" / "_speed_bounds.py", ROOT / "benchmarks" / "_bare_dagster.py"
TO_SCORES = ROOT / "benchmarks" / "_to_scores.py"

BEFORE = "305d02b"
"""The commit of 29 November 2026 whose build is the peer of what has no bound."""


@dataclass(frozen=True, slots=True)
class Took:
    cpu: float
    seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Line:
    work: str
    build: str
    took: Took
    bound: Took
    against: str
    goal: float
    memory_too: bool

    @property
    def ratio(self) -> float:
        return self.took.cpu / self.bound.cpu

    @property
    def memory_ratio(self) -> float:
        return self.took.peak_mb / self.bound.peak_mb

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal and (not self.memory_too or self.memory_ratio <= self.goal)


Script = Sequence[str | Path]
Prepare = Callable[[Build, Path, Path], Script]
"""Of a build, the folder with what is shared, and an empty home. The command is without the Python."""


@dataclass(frozen=True)
class Work:
    """What is measured, and beside what.

    Args:
        goal: the most, as a multiple of the peer's processor time.
        ours: makes ready, in an empty home, what the command needs, and gives the command.
        peer: likewise for what it is held against; None for the same command of :data:`BEFORE`, where the goal is one
            for the memory too.
        shared: makes what every round of every build uses, once, in a folder.
        rounds: the most.
    """

    words: str
    against: str
    goal: float
    ours: Prepare
    peer: Prepare | None
    shared: Callable[[Path], None] = lambda _: None
    rounds: int = 10


def run(build: Build, command: Script, home: Path) -> Took:
    """A whole process of a build, to its end."""
    environment = {**build.environment, **settings(home)}
    with (home / "log").open("w", encoding="utf-8") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, command)], env=environment, cwd=home, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{build.name}: {' '.join(map(str, command))}: {(home / 'log').read_text('utf-8')[-2000:]}")
    return Took(used.ru_utime + used.ru_stime, seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


def settings(home: Path) -> dict[str, str]:
    return {
        "VIRAL_ASSETS_HOME": str(home),
        "VIRAL_ASSETS_PROVIDER": "offline",
        "VIRAL_ASSETS_EMBEDDER": "wordllama",
        "VIRAL_ASSETS_START": f"{START:%Y-%m-%d-%H:%M}",
    }


def cli(*arguments: str | Path) -> Script:
    return ["-m", "viral_assets.cli", *arguments]


def upgraded(build: Build, home: Path) -> Path:
    run(build, cli("db", "upgrade"), home)
    return home / "viral_assets.db"


def hours(count: int, *, first: int = 0) -> Prepare:
    def ours(build: Build, shared: Path, home: Path) -> Script:
        shutil.copytree(shared / f"inbox-{first + count}", home / "inbox")
        for number in range(first):
            run(build, _generate(number, 1), home)
        return _generate(first, count)

    return ours


def _generate(first: int, count: int) -> Script:
    start = START + timedelta(hours=first)
    end = start + timedelta(hours=count)
    between = ("--from", start.isoformat(), "--to", end.isoformat())
    return cli("generate-comments", *between, "--min-followers", "0", "--json")


def bare(count: int, *, first: int = 0) -> Prepare:
    def peer(build: Build, _shared: Path, home: Path) -> Script:
        command = [BARE, home / "bare", f"{START:%Y-%m-%d-%H:%M}"]
        if first:
            run(build, [*command, str(first)], home)
        return [*command, str(count)]

    return peer


def inbox(count: int) -> Callable[[Path], None]:
    return lambda folder: fill_inbox(folder / f"inbox-{count}", count, backfill.GOAL_TWEETS_PER_HOUR, 1)


def with_suggestions(build: Build, shared: Path, home: Path) -> None:
    """A store in the version of the build: others do not open it."""
    path = shared / f"export-{build.root.name}.db"
    if not path.exists():
        made = upgraded(build, home)
        run(build, [ROOT / "benchmarks" / "_export_store.py", made, "50000"], home)
        shutil.copy(made, path)
    shutil.copy(path, home / "viral_assets.db")


def export_ours(build: Build, shared: Path, home: Path) -> Script:
    with_suggestions(build, shared, home)
    return cli("export-comments", "--out", home / "out.csv")


def export_peer(build: Build, shared: Path, home: Path) -> Script:
    with_suggestions(build, shared, home)
    return [BOUNDS, "export", home / "viral_assets.db", home / "out.csv"]


def to_scores(_build: Build, shared: Path, home: Path) -> Script:
    (home / "inbox").mkdir()
    (home / "inbox" / "tweets.jsonl").hardlink_to(shared / "tweets.jsonl")
    return [TO_SCORES, f"{START:%Y-%m-%d-%H:%M}", "24"]


def a_day(folder: Path) -> None:
    some = tweets(200_000, 1, start=START, hours=24)
    write_pages(folder / "tweets.jsonl", some, retrieved_at=START + timedelta(hours=25))


def ingest_ours(_build: Build, shared: Path, _home: Path) -> Script:
    return cli("ingest", shared / "lines.jsonl")


def ingest_peer(build: Build, shared: Path, home: Path) -> Script:
    return [BOUNDS, "ingest", shared / "lines.jsonl", upgraded(build, home)]


def lines(folder: Path) -> None:
    """289 MB."""
    ingest.write_lines(folder / "lines.jsonl", 289)


def quota_ours(build: Build, _shared: Path, home: Path) -> Script:
    upgraded(build, home)
    return cli("quota")


def quota_peer(_build: Build, _shared: Path, home: Path) -> Script:
    return [BOUNDS, "typer_and_sqlalchemy", home / "some.db"]


EVENTS = "bare Dagster, the same events"
HOUR = "one hour of 200 tweets from the command line"
EXPORT = "export of 50,000 suggestions, with marks"
INGEST = "ingest of 500,000 lines of the X API v2"
SCORES = "200,000 tweets of a day through Dagster, from a file to scores"

WORKS: dict[str, Work] = {
    "ingest": Work(INGEST, "hash, orjson, fields and sqlite3 alone", 1.8, ingest_ours, ingest_peer, lines),
    "hour": Work(HOUR, EVENTS, 1.25, hours(1, first=1), bare(1, first=1), inbox(2)),
    "day": Work("24 hours of 200 tweets", EVENTS, 1.6, hours(24), bare(24), inbox(24)),
    "week": Work("168 hours of 200 tweets", EVENTS, 1.6, hours(168), bare(168), inbox(168), rounds=1),
    "scores": Work(SCORES, f"the build of {BEFORE}", 0.5, to_scores, None, a_day, rounds=1),
    "help": Work("`--help`", "typer alone", 1.5, lambda *_: cli("--help"), lambda *_: [BOUNDS, "typer_help"]),
    "quota": Work("`quota`", "sqlalchemy and typer", 1.5, quota_ours, quota_peer),
    "export": Work(EXPORT, "csv and sqlite3 alone", 1.5, export_ours, export_peer),
}


def measure(work: Work, found: Sequence[Build], rounds: int, before: Build | None) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="speed-") as name:
        shared = Path(name) / "shared"
        shared.mkdir()
        work.shared(shared)
        took: dict[str, list[tuple[Took, Took]]] = {build.name: [] for build in found}
        for number in range(min(rounds, work.rounds)):
            for build in found:
                pair = []
                peer = (build, work.peer) if work.peer is not None else (before or build, work.ours)
                for side, (of, prepare) in (("ours", (build, work.ours)), ("peer", peer)):
                    home = Path(name) / f"{number}-{side}"
                    home.mkdir()
                    pair.append(run(of, prepare(of, shared, home), home))
                    shutil.rmtree(home)
                took[build.name].append((pair[0], pair[1]))
        for build_name, pairs in took.items():
            ours, bound = (min(each, key=lambda one: one.cpu) for each in zip(*pairs, strict=True))
            yield Line(work.words, build_name, ours, bound, work.against, work.goal, memory_too=work.peer is None)


def table(lines: Sequence[Line]) -> str:
    shown = [
        "| work | build | processor | seconds | memory | bound or peer | processor | memory | ratio | goal | |",
        "| :--- | :--- | ---: | ---: | ---: | :--- | ---: | ---: | ---: | ---: | :--- |",
    ]
    shown += [
        f"| {line.work} | {line.build} | {line.took.cpu:.2f} s | {line.took.seconds:.2f} | {line.took.peak_mb:.0f} MB "
        f"| {line.against} | {line.bound.cpu:.2f} s | {line.bound.peak_mb:.0f} MB | {line.ratio:.2f}"
        f"{f', memory {line.memory_ratio:.2f}' if line.memory_too else ''} | {line.goal:g} "
        f"| {'met' if line.met else 'MISSED'} |"
        for line in lines
    ]
    return "\n".join(shown)


def main() -> None:
    described = "\n".join(f"  {name:8} {work.words}, beside {work.against}" for name, work in WORKS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nwork:\n{described}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS), metavar="WORK", help="these")
    parser.add_argument("--against", nargs="+", default=[], metavar="COMMIT", help="measure other builds as well")
    parser.add_argument("--rounds", type=int, default=2, help="of which the least counts (default: 2)")
    given = parser.parse_args()
    found_lines: list[Line] = []
    needs_before = any(WORKS[name].peer is None for name in given.only)
    with builds([*given.against, *([BEFORE] if needs_before else [])]) as made:
        found, before = (made[:-1], made[-1]) if needs_before else (made, None)
        for name in given.only:
            print(f"{WORKS[name].words} ...", file=sys.stderr, flush=True)
            found_lines += measure(WORKS[name], found, given.rounds, before)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(table(found_lines))
    conclude(found_lines)


if __name__ == "__main__":
    main()
