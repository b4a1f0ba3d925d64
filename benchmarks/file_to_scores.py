"""How fast tweets go from a file to scores, in how much memory, and how fast scoring is by itself.

For each size, synthetic tweets (seeded, X API v2 pages, 24 hours) are written to a file, and a fresh process does what
the assets do with it: ingest into an empty database, embed with the bundled model, score for one project with five
topics, store the scores. The peak of its memory is taken before scoring is repeated for the last column. Run from a
clone with the package installed:

    python benchmarks/file_to_scores.py
    python benchmarks/file_to_scores.py --sizes 5000 --database postgresql://localhost/empty
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from _synthetic import tweets, write_pages

START = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = 24

GOAL_RATE, GOAL_SCORING_RATE, GOAL_MEMORY_MB = 5_000, 200_000, 1_500


@dataclass(slots=True)
class Measurement:
    """One size: seconds of each stage, and what the process took."""

    tweets: int
    file_mb: float
    seconds: dict[str, float] = field(default_factory=dict)
    scoring_alone_per_second: float = 0.0
    peak_memory_mb: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def per_second(self) -> float:
        return self.tweets / self.total

    @property
    def seconds_without_loading(self) -> float:
        """What should grow with the number of tweets."""
        return self.total - self.seconds["load model"]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


def measure(path: Path, count: int, database_url: str) -> Measurement:
    """All stages, in this process, which should be a fresh one."""
    from viral_assets.embedding import build_embedder
    from viral_assets.embedding.cache import CachedEmbedder
    from viral_assets.hours import HourRange
    from viral_assets.projects.loader import load_project
    from viral_assets.scoring import score_window, topic_vectors
    from viral_assets.sources.files.ingest import IngestOptions, ingest_file
    from viral_assets.store.engine import Database
    from viral_assets.store.tables import tweet_scores
    from viral_assets.store.tweet_frames import read_tweets
    from viral_assets.store.windows import replace_window

    result = Measurement(count, path.stat().st_size / 1e6)
    window = HourRange(START, START + timedelta(hours=HOURS))
    database = Database(database_url)
    database.ensure_ready()
    project = load_project(Path(__file__).resolve().parents[1] / "projects" / "demo.yml")
    embedder = CachedEmbedder(build_embedder("wordllama"), database)

    with result.stage("ingest"):
        report = ingest_file(database, path, IngestOptions(window.end + timedelta(days=1)))
    if report.problem or report.new != count:
        raise SystemExit(f"{report.new} of {count} tweets were new: {database.url_for_people} has to be empty")
    with result.stage("load model"):
        topics = topic_vectors(project, embedder.embed)
    with result.stage("read"), database.read() as connection:
        frame = read_tweets(connection, window)
    with result.stage("embed"):
        vectors = embedder.embed(frame["text"].tolist(), frame["text_sha256"].tolist())
    with result.stage("score"):
        scores = score_window(frame, vectors, topics, project, embedder.calibration)
    with result.stage("store"), database.begin() as connection:
        replace_window(connection, tweet_scores, window, scores)
    result.peak_memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )

    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        score_window(frame, vectors, topics, project, embedder.calibration)
        seconds.append(time.perf_counter() - begun)
    result.scoring_alone_per_second = count / min(seconds)
    database.dispose()
    return result


def in_fresh_process(path: Path, count: int, database_url: str) -> Measurement:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, path, count, database_url).result()


def table(results: list[Measurement]) -> str:
    """One row per size, seconds unless said otherwise."""
    stages = list(results[0].seconds)
    heads = ["tweets", *stages, "total", "tweets/s", "peak MB", "scoring alone/s"]
    rows = [
        [
            f"{result.tweets:,}",
            *(f"{result.seconds[stage]:.2f}" for stage in stages),
            f"{result.total:.2f}",
            f"{result.per_second:,.0f}",
            f"{result.peak_memory_mb:,.0f}",
            f"{result.scoring_alone_per_second:,.0f}",
        ]
        for result in results
    ]
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *rows]
    )


def growth(results: list[Measurement]) -> float:
    """Seconds per tweet of the largest size, as a multiple of the smallest's: 1 is linear, less is better."""
    small, large = min(results, key=lambda each: each.tweets), max(results, key=lambda each: each.tweets)
    return (large.seconds_without_loading / large.tweets) / (small.seconds_without_loading / small.tweets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000], help="numbers of tweets")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic tweets")
    parser.add_argument("--database", help="URL of an empty database, for one size only (default: a SQLite file)")
    options = parser.parse_args()
    if min(options.sizes) < 1:
        parser.error("--sizes: at least one tweet")
    if options.database and len(options.sizes) > 1:
        parser.error("--database: give one size, because every size needs an empty database")

    results = []
    with tempfile.TemporaryDirectory() as folder:
        for count in options.sizes:
            path = Path(folder) / f"{count}.jsonl"
            write_pages(
                path,
                tweets(count, options.seed, start=START, hours=HOURS),
                retrieved_at=START + timedelta(hours=HOURS + 1),
            )
            url = options.database or f"sqlite:///{folder}/{count}.db"
            results.append(in_fresh_process(path, count, url))
    largest = max(results, key=lambda each: each.tweets)
    summary = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "tweets_per_second": round(largest.per_second),
        "scoring_alone_per_second": round(largest.scoring_alone_per_second),
        "peak_memory_mb": round(largest.peak_memory_mb),
        "time_per_tweet_largest_to_smallest": round(growth(results), 2),
        "sizes": [asdict(result) for result in results],
    }
    print(table(results))
    print(
        f"goals: {GOAL_RATE:,} tweets/s from file to scores, {GOAL_SCORING_RATE:,}/s scoring alone, "
        f"{GOAL_MEMORY_MB:,} MB; time per tweet grows {summary['time_per_tweet_largest_to_smallest']}-fold "
        "from the smallest to the largest size (loading the model apart)"
    )
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
