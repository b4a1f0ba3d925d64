"""How long the export of many suggestions takes, marks included, in each format and on each database.

Synthetic opportunities with three suggestions each are put into an empty SQLite database, or into an empty PostgreSQL
database that is named (its rows stay there). Each format is written once with marking, in a state where nothing has
been exported; seconds are of the wall clock, memory is the peak of the process. Run from a clone with the package
installed:

    python benchmarks/export.py
    python benchmarks/export.py --suggestions 500000
    python benchmarks/export.py --database-url postgresql://user:password@host/empty
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from _synthetic import tweets

from viral_assets.delivery.export_formats import FORMATS, Format
from viral_assets.delivery.export_run import export_suggestions
from viral_assets.hours import floor_hour
from viral_assets.store import tables
from viral_assets.store.bulk import insert_columns
from viral_assets.store.decision_undo import undo_batch
from viral_assets.store.engine import Database

START = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = 72
TYPES = ("add_value", "ask_question", "mirror_reframe")
PROJECTS = ("unplugged", "parents")
AT_ONCE = 5_000

GOAL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """One format."""

    database: str
    format: Format
    suggestions: int
    rows: int
    file_mb: float
    seconds: float
    cpu_seconds: float
    rows_per_second: float
    suggestions_per_second: float
    peak_memory_mb: float


def fill(database: Database, suggestions: int) -> None:
    """Tweets, scores, opportunities, outcomes and suggestions."""
    count = -(-suggestions // len(TYPES))
    made = list(tweets(min(count, 20_000), 7, start=START, hours=HOURS))
    with database.begin() as connection:
        for at in range(0, count, AT_ONCE):
            numbers = range(at, min(at + AT_ONCE, count))
            for table, rows in _rows([made[number % len(made)] for number in numbers], numbers, count).items():
                insert_columns(connection, table, {name: [row[name] for row in rows] for name in rows[0]})


def _rows(texts: list[dict[str, Any]], numbers: range, count: int) -> dict[sa.Table, list[dict[str, Any]]]:
    found: dict[sa.Table, list[dict[str, Any]]] = {
        table: []
        for table in (
            tables.tweets,
            tables.tweet_scores,
            tables.comment_opportunities,
            tables.generation_outcomes,
            tables.comment_suggestions,
        )
    }
    for number, tweet in zip(numbers, texts, strict=True):
        created = START + timedelta(hours=HOURS) * (number / count)
        total = 0.3 + 0.7 * (number * 7919 % 9973) / 9973
        key = {"project": PROJECTS[number % 2], "tweet_id": str(1_990_000_000_000_000_000 + number)}
        place = {**key, "window_start": floor_hour(created)}
        label = "green" if total > 0.7 else "yellow"
        judged = {"total": total, "label": label, "topic": "Kids and phones", "why": f"{total:.0%}, asks a question"}
        found[tables.tweets].append(
            {
                "tweet_id": key["tweet_id"],
                "window_start": place["window_start"],
                "created_at": created,
                "collected_at": created + timedelta(minutes=30),
                "author_handle": f"someone_{number % 9973}",
                "author_name": "Some One",
                "author_followers": 1_000 + number * 31 % 900_000,
                "author_verified": False,
                "text": tweet["text"],
                "text_sha256": f"{number:064x}",
                "lang": "en",
                "is_retweet": False,
                "is_reply": False,
                "is_quote": False,
                "is_promoted": False,
                "like_count": number % 5_000,
                "reply_count": number % 300,
                "retweet_count": number % 200,
                "quote_count": number % 20,
                "view_count": None if number % 10 == 0 else number * 97 % 1_000_000,
            }
        )
        parts = dict.fromkeys(("velocity", "relevance", "openness", "author_quality"), total)
        found[tables.tweet_scores].append({**place, **judged, **parts, "gate": "pass"})
        found[tables.comment_opportunities].append({**place, **judged, "rank": number})
        ended = {"outcome": "done", "reason": "", "attempts": 1, "updated_at": created}
        found[tables.generation_outcomes].append({**place, **ended})
        for position, kind in enumerate(TYPES):
            text = f"{tweet['text'][:150]} What has helped us, in short: number {number} of {kind}."
            found[tables.comment_suggestions].append(
                {
                    **place,
                    "suggestion_type": kind,
                    "position": position,
                    "text": text,
                    "weighted_length": len(text),
                    "provider": "offline",
                    "model": "offline-1",
                    "request_id": "r1",
                    "created_at": created,
                }
            )
    return found


def measure(database: Database, kind: Format, folder: Path) -> Measurement:
    path = folder / f"export.{kind}"
    began, cpu = time.perf_counter(), time.process_time()
    report = export_suggestions(database, path, kind, now=datetime.now(UTC), sort_by="balanced")
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if report.marked != report.suggestions:
        raise SystemExit(f"{report.marked} of {report.suggestions} suggestions were marked")
    return Measurement(
        database=database.dialect,
        format=kind,
        suggestions=report.suggestions,
        rows=report.rows,
        file_mb=round(path.stat().st_size / 1e6, 2),
        seconds=round(seconds, 2),
        cpu_seconds=round(cpu, 2),
        rows_per_second=round(report.rows / seconds),
        suggestions_per_second=round(report.suggestions / seconds),
        peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )


def measurements(database: Database, formats: list[Format], folder: Path) -> Iterator[Measurement]:
    """Each format, from the same state: what the one before has marked is undone, which the time does not count."""
    for kind in formats:
        yield measure(database, kind, folder)
        with database.begin() as connection:
            newest = connection.execute(sa.select(sa.func.max(tables.suggestion_events.c.batch))).scalar_one()
            undo_batch(connection, newest, who="benchmark", at=datetime.now(UTC))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suggestions", type=int, default=50_000)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--database-url", help="an empty database; a fresh SQLite file by default")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(given.database_url or f"sqlite:///{folder / 'export.db'}")
        database.upgrade()
        fill(database, given.suggestions)
        for found in measurements(database, given.formats, folder):
            if given.json:
                print(json.dumps(asdict(found)), flush=True)
                continue
            print(
                f"{found.database:10} {found.format:7} {found.suggestions:>9,} suggestions, {found.rows:>8,} rows, "
                f"{found.file_mb:>7} MB: {found.seconds:>6.2f} s ({found.cpu_seconds:.2f} s of CPU), "
                f"{found.rows_per_second:>7,} rows/s, {found.suggestions_per_second:>7,} suggestions/s, "
                f"peak {found.peak_memory_mb:,} MB"
                + ("" if found.seconds <= GOAL_SECONDS or given.suggestions > 50_000 else "  OVER THE GOAL"),
                flush=True,
            )
        database.dispose()


if __name__ == "__main__":
    main()
