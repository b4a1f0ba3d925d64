"""One run in a process of its own, of whichever build is on its path: a JSON object in, one out.

Only what every build of the project has is used here, so that two builds can be measured by the same program.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import viral_assets
from viral_assets.demo.sample import write_sample
from viral_assets.errors import TransientProviderError
from viral_assets.generation import AsyncCommentGenerator, Opportunity
from viral_assets.generation.clients import build_client
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.projects.loader import load_project
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.store.engine import Database

HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
FIRST_ID = 10**18
AT_ONCE = 32


def demo_project() -> Project:
    return load_project(Path(viral_assets.__file__).parent.parent / "projects" / "demo.yml")


def opportunities(tweets: int, project: Project, *, first: int = 0) -> list[Opportunity]:
    """Numbered tweets with the texts of the bundled sample: realistic lengths."""
    texts = _sample_texts()
    kinds = tuple(kind.name for kind in project.suggestion_types)
    topics = [node.label for node in project.taxonomy]
    return [
        Opportunity(
            project.name,
            str(FIRST_ID + number),
            HOUR,
            texts[number % len(texts)],
            topics[number % len(topics)],
            kinds,
        )
        for number in range(first, first + tweets)
    ]


@functools.cache
def _sample_texts() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.jsonl"
        write_sample(path, HOUR)
        pages = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [tweet["text"] for page in pages for tweet in page["data"]]


async def run(given: dict[str, Any], database: Database) -> dict[str, Any]:
    """A run from its first step to its report. Seconds and CPU seconds leave the start of the process out."""
    project = demo_project()
    generator = AsyncCommentGenerator(
        "benchmark",
        batch_size="auto",
        tweets_per_request=given["tweets_per_request"],
        provider=given["provider"],
        endpoint=given["url"],
        limits=Limits(max_requests=given["max_requests"], window_seconds=given["window_seconds"]),
        database=database,
    )
    wanted = opportunities(given["tweets"], project)
    _keep_what_is_loaded()
    async with generator:
        began, cpu = time.perf_counter(), time.process_time()
        report = await generator.generate_opportunities(wanted, {project.name: project})
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "requests": report.requests,
        "ended": sum(report.outcomes.values()) - report.deferred,
        "outcomes": report.outcomes,
    }


def _keep_what_is_loaded() -> None:
    """As processes of runs do: looking for garbage in it stops everything for a tenth of a second. Builds from before
    they looked seldom are given as much of that as they can have."""
    try:
        from viral_assets.garbage import keep_what_is_loaded
    except ImportError:
        gc.freeze()
    else:
        keep_what_is_loaded()


async def client_alone(given: dict[str, Any]) -> dict[str, Any]:
    """As many requests by the provider's client and nothing else: no quota, no database, no judging of answers."""
    project = demo_project()
    client = build_client(given["provider"], api_key="benchmark", endpoint=given["url"], max_workers=AT_ONCE)
    wanted = iter([build_request(project, [each]) for each in opportunities(given["tweets"], project)])

    async def work() -> None:
        for request in wanted:
            # A connection that was idle for long may be closed just then.
            with contextlib.suppress(TransientProviderError):
                await client.generate(request, timeout_seconds=60.0)

    for request in islice(wanted, 1):
        await client.generate(request, timeout_seconds=60.0)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await client.close()
    return {"seconds": seconds, "cpu_seconds": cpu, "requests": given["tweets"] - 1}


def main() -> None:
    given = json.load(sys.stdin)
    if given.get("client_alone"):
        result = asyncio.run(client_alone(given))
    else:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{folder}/benchmark.db")
            database.ensure_ready()
            result = asyncio.run(run(given, database))
            database.dispose()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
