"""How fast files become tweets, how fast they are stored, and in how much memory, however big the file.

For each size, synthetic tweets (seeded, X API v2, one a line) are written to a file, and a fresh process ingests it
into an empty SQLite database: first reading and normalising alone, then everything. Rates are records a second of the
clock, and of the processor, which tells more on a machine that does other things too. Memory is the process's peak.
Run from a clone with the package installed:

    python benchmarks/ingest.py
    python benchmarks/ingest.py --sizes-mb 20 --formats jsonl jsonl.gz jsonl.zst csv parquet
    python benchmarks/ingest.py --sizes-mb 5000       # needs 12 GB of disk and a quarter of an hour
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from _synthetic import tweet_id, tweets

START = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = 24
SEED_TWEETS = 20_000
FORMATS = ("jsonl", "jsonl.gz", "jsonl.zst", "csv", "parquet")

GOAL_PARSED, GOAL_STORED, GOAL_MEMORY_MB = 20_000, 10_000, 400


@dataclass(frozen=True, slots=True)
class Measurement:
    """One file; rates are records a second, by the clock and by the processor."""

    name: str
    file_mb: float
    records: int
    parsed_per_second: float
    stored_per_second: float
    stored_per_cpu_second: float
    seconds: float
    peak_memory_mb: float


def author(identity: str) -> dict[str, Any]:
    metrics = {
        "followers_count": int(identity) % 9_973,
        "following_count": 300,
        "tweet_count": 4_000,
        "listed_count": 2,
    }
    return {"id": identity, "username": f"author_{identity}", "name": f"Author {identity}", "public_metrics": metrics}


def some_tweets() -> list[dict[str, Any]]:
    """Tweets with their authors inside, as a flattened file has them; bigger files repeat them under other ids."""
    return [
        {**tweet, "author": author(tweet["author_id"])} for tweet in tweets(SEED_TWEETS, 1, start=START, hours=HOURS)
    ]


def write_lines(path: Path, megabytes: float) -> int:
    """JSON lines of about so many MB, each tweet with an id of its own. Returns how many."""
    # An id holds its time and, from SEED_TWEETS on, how often its line was repeated.
    lines = [
        (
            json.dumps(tweet, ensure_ascii=False).replace(tweet["id"], "ID", 1).encode() + b"\n",
            int(tweet_id(datetime.fromisoformat(tweet["created_at"]), at)),
        )
        for at, tweet in enumerate(some_tweets())
    ]
    size = 0
    with path.open("wb") as file:
        for number in count():
            if size >= megabytes * 1e6:
                return number
            line, identity = lines[number % len(lines)]
            size += file.write(line.replace(b"ID", b"%d" % (identity + number // len(lines) * SEED_TWEETS), 1))
    raise AssertionError


def rewrite(lines: Path, form: str) -> Path:
    """The same tweets in another format, in a file beside."""
    path = lines.with_suffix(f".{form}")
    if form == "jsonl":
        return lines
    if form == "jsonl.gz":
        with lines.open("rb") as source, gzip.open(path, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target)
    elif form == "jsonl.zst":
        from backports import zstd

        with lines.open("rb") as source, zstd.open(path, "wb") as target:
            shutil.copyfileobj(source, target)
    elif form == "csv":
        with path.open("w", newline="", encoding="utf-8") as target:
            writer = csv.writer(target)
            for number, row in enumerate(flat(lines)):
                if number == 0:
                    writer.writerow(row)
                writer.writerow(row.values())
    else:
        write_parquet(lines, path)
    return path


def flat(lines: Path) -> Iterator[dict[str, Any]]:
    with lines.open("rb") as source:
        for line in source:
            tweet = json.loads(line)
            yield {
                "id": tweet["id"],
                "created_at": tweet["created_at"],
                "text": tweet["text"],
                "lang": tweet["lang"],
                "username": tweet["author"]["username"],
                "followers": tweet["author"]["public_metrics"]["followers_count"],
                **tweet["public_metrics"],
            }


def write_parquet(lines: Path, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, rows = None, []
    for row in flat(lines):
        rows.append(row)
        if len(rows) == 100_000:
            table = pa.Table.from_pylist(rows)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            rows = []
    table = pa.Table.from_pylist(rows)
    writer = writer or pq.ParquetWriter(path, table.schema)
    writer.write_table(table)
    writer.close()


def measure(path: Path, folder: Path) -> Measurement:
    """Ingest a file, in this process, which should be a fresh one."""
    from viral_assets.sources.base import Reject
    from viral_assets.sources.content.file_probe import probe_file
    from viral_assets.sources.files.detect import detect_format
    from viral_assets.sources.files.ingest import IngestOptions, ingest_file
    from viral_assets.store.engine import Database

    tempfile.tempdir = str(folder)
    now = START + timedelta(days=2)
    begun = time.perf_counter()
    records = 0
    for batch in detect_format(probe_file(path), IngestOptions(now)):
        records += sum(not isinstance(record, Reject) for record in batch.records)
    parsed = time.perf_counter() - begun

    database = Database(f"sqlite:///{folder / path.name}.db")
    database.ensure_ready()
    begun, worked = time.perf_counter(), time.process_time()
    report = ingest_file(database, path, IngestOptions(now))
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    if report.problem or report.new != records:
        raise SystemExit(f"{report.new} of {records} tweets were new: {report.problem or report.reject_reasons}")
    database.dispose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Measurement(
        name=path.name,
        file_mb=path.stat().st_size / 1e6,
        records=records,
        parsed_per_second=records / parsed,
        stored_per_second=records / seconds,
        stored_per_cpu_second=records / worked,
        seconds=seconds,
        peak_memory_mb=memory,
    )


def in_fresh_process(path: Path, folder: Path) -> Measurement:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, path, folder).result()


def table(results: list[Measurement]) -> str:
    heads = ["file", "MB", "records", "parsed/s", "stored/s", "of goal", "stored/CPU s", "seconds", "peak MB"]
    rows = [
        [
            each.name,
            f"{each.file_mb:,.0f}",
            f"{each.records:,}",
            f"{each.parsed_per_second:,.0f}",
            f"{each.stored_per_second:,.0f}",
            f"{each.stored_per_second / GOAL_STORED:.1f}x",
            f"{each.stored_per_cpu_second:,.0f}",
            f"{each.seconds:.1f}",
            f"{each.peak_memory_mb:,.0f}",
        ]
        for each in results
    ]
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *rows]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes-mb", type=float, nargs="+", default=[20, 200], help="of the JSON lines")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["jsonl"], help="the same tweets in each")
    parser.add_argument("--folder", type=Path, help="where there is room for files and databases")
    options = parser.parse_args()
    results = []
    for size in options.sizes_mb:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            folder = Path(name)
            lines = folder / f"{size:g}MB.jsonl"
            write_lines(lines, size)
            for form in options.formats:
                results.append(in_fresh_process(rewrite(lines, form), folder))
                print(table(results[-1:]), file=sys.stderr)
    print(table(results))
    print(
        f"goals for JSON lines: {GOAL_PARSED:,} records/s parsed, {GOAL_STORED:,}/s stored; {GOAL_MEMORY_MB} MB "
        "however big the file"
    )
    print(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "files": [asdict(result) for result in results],
            }
        )
    )


if __name__ == "__main__":
    main()
