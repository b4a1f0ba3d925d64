"""One process of the soak: batch after batch of tweets, until it is told to finish. Killed, it begins anew.

Its environment says who it is: SOAK_SLOT, SOAK_SEED, SOAK_FOLDER (where the supervisor leaves the clock's offset and
the word to finish), SOAK_DATABASE, SOAK_URL, SOAK_PROVIDER, SOAK_RPM, SOAK_WINDOW.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from _generation_worker import demo_project, opportunities

from viral_assets.clock import SystemClock
from viral_assets.errors import ViralAssetsError
from viral_assets.generation import AsyncCommentGenerator, Opportunity
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.store.engine import Database

OWN, SHARED = 100_000, 9_000_000
"""Tweets of one slot are numbered within so many; those that all slots ask about come after all of them."""

OFFSET, FINISH, BATCHES = "clock-offset", "finish", "batches"
AGAIN_AFTER_SECONDS = 1.0


def take_time_of_day_from(file: Path) -> None:
    """Set this process's clock on the wall as the supervisor has set everybody's. Nothing else of the machine is: a
    clock handed to the generator would be all that it measures by."""

    def time_of_day(_clock: SystemClock) -> float:
        try:
            return time.time() + float(file.read_text() or 0)
        except (FileNotFoundError, ValueError):
            return time.time()

    SystemClock.time = time_of_day  # type: ignore[method-assign]


def batches(slot: int, seed: int) -> Iterator[list[int]]:
    """Numbers of the tweets of each batch, some of which other slots ask about too. The same whenever it is asked."""
    first = slot * OWN
    number = 0
    while True:
        chance = random.Random(f"{seed} {slot} {number}")
        size = chance.randint(3, 40)
        shared = [SHARED + 3 * number + each for each in range(3)] if chance.random() < 0.3 else []
        yield [*range(first, first + size), *shared]
        first += size
        number += 1


def tweets(numbers: list[int], project: Project) -> list[Opportunity]:
    return [each for number in numbers for each in opportunities(1, project, first=number)]


async def main() -> None:
    environment = os.environ
    folder, slot = Path(environment["SOAK_FOLDER"]), int(environment["SOAK_SLOT"])
    project = demo_project()
    # The sample is unpacked into a file: before a disk is full.
    tweets([0], project)
    take_time_of_day_from(folder / OFFSET)
    database = Database(environment["SOAK_DATABASE"])
    handed_out = folder / f"{BATCHES}-{slot}"
    done = 0
    for number, numbers in enumerate(batches(slot, int(environment["SOAK_SEED"]))):
        known = number < int(handed_out.read_text() or 0) if handed_out.exists() else False
        if not known:
            if (folder / FINISH).exists():
                break
            handed_out.write_text(str(number + 1))
        wanted = tweets(numbers, project)
        while not await finished(wanted, project, database, environment):
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
        done += 1
    print(f"slot {slot}: {done} batches", file=sys.stderr)


async def finished(
    wanted: list[Opportunity], project: Project, database: Database, environment: os._Environ[str]
) -> bool:
    """Whether every tweet has ended. What keeps a run from that is told, and is no reason to end."""
    try:
        generator = AsyncCommentGenerator(
            "soak",
            batch_size="auto",
            provider=environment["SOAK_PROVIDER"],
            endpoint=environment["SOAK_URL"],
            limits=Limits(int(environment["SOAK_RPM"]), window_seconds=float(environment["SOAK_WINDOW"])),
            database=database,
        )
        async with generator:
            report = await generator.generate_opportunities(wanted, {project.name: project})
    except ViralAssetsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    if report.deferred:
        print(f"Deferred: {report.notes[0] if report.notes else '?'}", file=sys.stderr, flush=True)
    return not report.deferred


if __name__ == "__main__":
    asyncio.run(main())
