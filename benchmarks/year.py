"""What a year of history costs: the same work on an empty store, after two weeks, and after a million tweets.

The stores are made with the tables of the build that is measured, those with history written in bulk (1,000,000 tweets
are of 8,760 hours, and two weeks of the same stream of 336), and then each does the work of some new hours: ingest, a
run through Dagster, digest, `why`, the pages of the review server, an export, 20 grants of the ledger, the look at what
was chosen in the week before. A figure is the least of several in processes of its own, in turns with the other stores,
in seconds of the processor, and with the statements it takes. What looks back a week or two has nothing to look at in
an empty store, so it is held against two weeks. With --against another commit is measured too, on stores of its own.
Run from a clone with the development dependencies:

    python benchmarks/year.py
    python benchmarks/year.py --tweets 100000 --only page search numbers
    python benchmarks/year.py --against HEAD~20
    python benchmarks/year.py --postgres
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _builds import ROOT, Build, builds, conclude
from _postgres import Postgres

WORKER = ROOT / "benchmarks" / "_year_worker.py"

HOURS = 8_760
EMPTY, WEEKS, YEAR = "an empty store", "two weeks", "a year"
STORES = {EMPTY: 1, WEEKS: 14 * 24, YEAR: HOURS}
"""With the hours of their history."""

ROUNDS = 2
NEW_HOURS = 4
"""That the worker needs for a round."""

Took = Mapping[str, Mapping[str, float]]
"""By what was done: ``cpu`` and ``seconds``, ``queries``."""

MOST_GROWTH = 1.3
MOST_SECONDS = 0.1

WORDS = {
    "ingest": "ingest of an hour",
    "run": "one hour's run",
    "near-duplicates": "what was chosen in a week",
    "digest": "digest of an hour, its queries",
    "why": "`why` of a tweet",
    "grant": "20 grants and settlements",
    "page": "review, first page",
    "search": "review, search",
    "numbers": "review, numbers",
    "export": "export of an hour, with marks",
}
LOOK_BACK = ("run", "near-duplicates", "why", "page", "search", "numbers")
"""These read the last days, of which an empty store has none."""
PAGES = ("page", "search", "numbers")


@dataclass(frozen=True, slots=True)
class Line:
    """One work in one build, in each store: seconds of the processor, and statements. ``clock`` is of the wall."""

    work: str
    build: str
    cpu: Mapping[str, float]
    queries: Mapping[str, int]
    clock: float

    @property
    def ratio(self) -> float:
        return self.cpu[YEAR] / self.cpu[WEEKS if self.work in LOOK_BACK else EMPTY]

    @property
    def goal(self) -> str:
        ratio = f"<= {MOST_GROWTH:g} of {WEEKS if self.work in LOOK_BACK else EMPTY}"
        return f"< {1000 * MOST_SECONDS:.0f} ms, {ratio}" if self.work in PAGES else ratio

    @property
    def met(self) -> bool:
        return self.ratio <= MOST_GROWTH and (self.work not in PAGES or self.cpu[YEAR] < MOST_SECONDS)


def line_of(work: str, build: str, took: Mapping[str, Sequence[Took]]) -> Line:
    """The least of the rounds, by store."""
    return Line(
        work,
        build,
        {store: min(each[work]["cpu"] for each in rounds) for store, rounds in took.items()},
        {store: int(rounds[-1][work]["queries"]) for store, rounds in took.items()},
        min(each[work]["seconds"] for each in took[YEAR]),
    )


def table(lines: list[Line]) -> str:
    shown = [
        f"| work | build | {' | '.join(STORES)} | ratio | statements | goal | |",
        "| :--- | :--- | ---: | ---: | ---: | ---: | ---: | :--- | :--- |",
    ]
    for line in lines:
        took = " | ".join(f"{1000 * line.cpu[store]:,.1f} ms" for store in STORES)
        queries = " / ".join(str(line.queries[store]) for store in STORES)
        shown.append(
            f"| {WORDS[line.work]} | {line.build} | {took} | {line.ratio:.2f} | {queries} | {line.goal} "
            f"| {'met' if line.met else 'MISSED'} |"
        )
    return "\n".join(shown)


@contextlib.contextmanager
def servers(*, wanted: bool) -> Iterator[Postgres | None]:
    """A PostgreSQL server where one is wanted."""
    if not wanted:
        yield None
        return
    with Postgres() as server:
        yield server


class Stores:
    """The stores of one build, in a home each."""

    def __init__(self, build: Build, folder: Path, server: Postgres | None, tweets: int, tweets_per_hour: int) -> None:
        self.build = build
        self._given = {
            name: {
                "home": str(folder / str(hours)),
                "url": server.new_database() if server else "",
                "hours": hours,
                "tweets": 0 if name == EMPTY else tweets * hours // HOURS,
                "tweets_per_hour": tweets_per_hour,
            }
            for name, hours in STORES.items()
        }

    def make(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Make them; what each has."""
        for store in self._given:
            yield store, self._work(store, do="build")

    def measure(self, names: Sequence[str], number: int) -> Iterator[tuple[str, Took]]:
        """All kinds of work, in one store after the other; the stores, each with what the kinds took."""
        for store in self._given:
            yield store, self._work(store, do="measure", names=list(names), first=NEW_HOURS * number)

    def _work(self, store: str, **what: Any) -> dict[str, Any]:
        output = self.build.python([str(WORKER)], json.dumps({**self._given[store], **what}))
        result: dict[str, Any] = json.loads(output.splitlines()[-1])
        return result


def main() -> None:
    described = "\n".join(f"  {name:16} {words}" for name, words in WORDS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nwork:\n{described}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tweets", type=int, default=1_000_000, help=f"of the {HOURS:,} hours (default: a million)")
    parser.add_argument("--tweets-per-hour", type=int, default=200, help="of the new hours (default: 200)")
    parser.add_argument("--only", nargs="+", choices=WORDS, default=list(WORDS), metavar="WORK", help="these")
    parser.add_argument("--against", nargs="+", default=[], metavar="COMMIT", help="measure other builds as well")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server instead of SQLite files")
    parser.add_argument("--folder", type=Path, help="where there is room: 3 kB a tweet")
    given = parser.parse_args()
    # What is done with an hour, its tweets have to be there for.
    works = [name for name in WORDS if name in {*given.only, "ingest", "run"}]
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {words}", file=sys.stderr, flush=True)

    with (
        builds(given.against) as found,
        servers(wanted=given.postgres) as server,
        tempfile.TemporaryDirectory(prefix="year-", dir=given.folder) as folder,
    ):
        stores = [
            Stores(each, Path(folder) / str(number), server, given.tweets, given.tweets_per_hour)
            for number, each in enumerate(found)
        ]
        for each in stores:
            for store, made in each.make():
                say(f"{store}, {each.build.name}: {sum(made['rows'].values()):,} rows in {made['seconds']:.0f} s")
        took: dict[str, dict[str, list[Took]]] = {each.build.name: {store: [] for store in STORES} for each in stores}
        for number in range(ROUNDS):
            for each in stores:
                for store, measured in each.measure(works, number):
                    say(f"measured {store}, {each.build.name}, {number + 1} of {ROUNDS}")
                    took[each.build.name][store].append(measured)
        lines = [line_of(name, build, measured) for name in given.only for build, measured in took.items()]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    kind = "PostgreSQL" if given.postgres else "SQLite"
    print(f"{given.tweets:,} tweets of {HOURS:,} hours; {given.tweets_per_hour} tweets a new hour; {kind}; {machine}\n")
    print(table(lines))
    conclude(lines)


if __name__ == "__main__":
    main()
