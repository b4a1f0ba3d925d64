"""How long a run takes under a quota: against what no plan can beat, and against one request for each tweet.

A Gemini emulator in a process of its own holds a sliding window of requests and takes a + b*K seconds for K tweets.
Time is scaled down (``--scale 0.5``: windows of 30 s for a minute, latencies likewise), and so the figures are ratios.
Each size runs in a fresh SQLite database, generator and client included, as a script would. Run from a clone:

    python benchmarks/makespan.py
    python benchmarks/makespan.py --tweets 100 --scale 1 --provider google-genai
    python benchmarks/makespan.py --tweets 100 --measure-unpacked
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import Any

from _builds import emulator
from _generation_worker import demo_project, opportunities

from viral_assets.generation import AsyncCommentGenerator, GenerationReport
from viral_assets.generation.run.planning.bound import lower_bound
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.store.engine import Database

SIZES = (1, 4, 10, 50, 100, 150, 500)
GOAL_RATIO, GOAL_SECONDS_BELOW_TEN = 1.10, 0.3


@dataclass(frozen=True, slots=True)
class Scenario:
    """Seconds are the scaled ones."""

    requests: int
    window: float
    latency: Latency
    provider: str

    @property
    def options(self) -> dict[str, object]:
        """Of the emulator's command line."""
        return {
            "--rpm": self.requests,
            "--window-seconds": self.window,
            "--latency": f"{self.latency.fixed},{self.latency.per_tweet}",
        }

    def bound(self, tweets: int, cap: int) -> float:
        return lower_bound(
            tweets,
            max_requests=self.requests,
            window_seconds=self.window,
            concurrency=self.requests,
            cap=cap,
            latency=self.latency,
        )

    def unpacked(self, tweets: int) -> float:
        """One request for each tweet, all that the quota allows at once: no limiter, however clever, is faster."""
        return (math.ceil(tweets / self.requests) - 1) * self.window + self.latency.of(1)


@dataclass(frozen=True, slots=True)
class Row:
    tweets: int
    bound: float
    seconds: float
    unpacked: float
    requests: int
    refused: int
    most_in_a_window: int
    input_tokens_per_tweet: float
    done: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.bound

    @property
    def good(self) -> bool:
        fast = self.ratio <= GOAL_RATIO or (self.tweets < 10 and self.seconds <= self.bound + GOAL_SECONDS_BELOW_TEN)
        return fast and not self.refused and self.done == self.tweets


def run(scenario: Scenario, tweets: int, project: Project, *, tweets_per_request: Any = "auto") -> Row:
    with emulator(scenario.options) as service, tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/benchmark.db")
        database.ensure_ready()
        report, seconds = asyncio.run(
            _generate(scenario, tweets, project, database, service.url, tweets_per_request=tweets_per_request)
        )
        arrivals = service.arrivals()
        database.dispose()
    return Row(
        tweets=tweets,
        bound=scenario.bound(tweets, project.generation.max_tweets_per_request),
        seconds=seconds,
        unpacked=scenario.unpacked(tweets),
        requests=report.requests,
        refused=sum(each["status"] == 429 for each in arrivals),
        most_in_a_window=_most_in_a_window([each["at"] for each in arrivals], scenario.window),
        input_tokens_per_tweet=report.input_tokens / tweets,
        done=report.outcomes.get("done", 0) + report.outcomes.get("filtered", 0),
    )


async def _generate(
    scenario: Scenario, tweets: int, project: Project, database: Database, url: str, *, tweets_per_request: Any
) -> tuple[GenerationReport, float]:
    generator = AsyncCommentGenerator(
        "benchmark",
        batch_size="auto",
        provider=scenario.provider,
        endpoint=url,
        tweets_per_request=tweets_per_request,
        limits=Limits(max_requests=scenario.requests, window_seconds=scenario.window),
        database=database,
    )
    wanted = opportunities(tweets, project)
    async with generator:
        begun = time.perf_counter()
        report = await generator.generate_opportunities(wanted, {project.name: project})
        return report, time.perf_counter() - begun


def _most_in_a_window(moments: list[float], window: float) -> int:
    moments = sorted(moments)
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def table(rows: list[Row]) -> str:
    lines = [
        "| tweets | bound | measured | of the bound | one request per tweet | faster by | requests | refused (429) |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.tweets} | {row.bound:.2f} s | {row.seconds:.2f} s | {row.ratio:.2f} | {row.unpacked:.1f} s "
        f"| {row.unpacked / row.seconds:.1f} x | {row.requests} | {row.refused} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, nargs="+", default=SIZES, help="sizes of the runs")
    parser.add_argument("--requests", type=int, default=15, help="the quota, per window")
    parser.add_argument("--latency", default="0.5,3.5", help="a,b: a request about K tweets takes a + b*K s, unscaled")
    parser.add_argument("--scale", type=float, default=0.5, help="how much of a minute a window lasts")
    parser.add_argument("--provider", default="google-generativeai", help="or google-genai")
    parser.add_argument(
        "--measure-unpacked", action="store_true", help="also measure one request for each tweet (takes minutes)"
    )
    given = parser.parse_args()
    a, b = (float(part) * given.scale for part in given.latency.split(","))
    scenario = Scenario(given.requests, 60.0 * given.scale, Latency(a, b), given.provider)
    project = demo_project()
    rows = []
    for tweets in given.tweets:
        print(f"{tweets} tweets ...", file=sys.stderr, flush=True)
        rows.append(run(scenario, tweets, project))
        if given.measure_unpacked:
            rows.append(run(scenario, tweets, project, tweets_per_request=1))
    packed, alone = (run(scenario, 7, project, tweets_per_request=size) for size in (7, 1))
    saved = 1 - packed.input_tokens_per_tweet / alone.input_tokens_per_tweet
    print(
        f"{scenario.requests} requests per {scenario.window:g} s; a request about K tweets takes {a:g} + {b:g} K s; "
        f"{scenario.provider}; Python {sys.version.split()[0]}\n"
    )
    print(table(rows))
    print(
        f"\nInput tokens per tweet: {alone.input_tokens_per_tweet:.0f} alone, {packed.input_tokens_per_tweet:.0f} in "
        f"packs of 7 ({saved:.0%} fewer)."
    )
    goals = all(row.good for row in rows[:: 2 if given.measure_unpacked else 1])
    print(f"Goals {'met' if goals else 'MISSED'}: at most {GOAL_RATIO} of the bound, nothing refused.")
    print(json.dumps({"scenario": asdict(scenario), "rows": [asdict(row) | {"ratio": row.ratio} for row in rows]}))
    sys.exit(not goals)


if __name__ == "__main__":
    main()
