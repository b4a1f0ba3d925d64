"""What the tests run in processes of their own. Importing it takes long, and includes all that a run needs."""

from __future__ import annotations

import asyncio
import os
import signal
from threading import Barrier
from typing import Any

import viral_assets.generation.clients.google_genai  # noqa: F401 - what a client needs is imported before the fork
from viral_assets.generation import AsyncCommentGenerator
from viral_assets.generation.drafting.quality import load_detector
from viral_assets.generation.revising import RevisionResults
from viral_assets.llm.tiers import BATCH
from viral_assets.quota import Priority
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets.store.revisions import read_revision
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.generation.running import PLENTY, Run
from viral_assets_tests.waiting import PATIENCE

load_detector()


def generate(
    url: str,
    endpoint: str,
    first: int,
    last: int,
    limits: Limits,
    options: dict[str, Any],
    start: Barrier | None = None,
) -> None:
    """A run over tweets of the pack, as one process of several would do it."""
    database = Database(url)
    database.ensure_ready()
    run = Run(pack(last)[first:], endpoint, database, limits, options=options)
    if start is not None:
        start.wait(PATIENCE)
    run()
    database.dispose()


def in_batches(url: str, endpoint: str, tweets: int, run_id: str) -> None:
    """A run in the background that asks in batches."""
    database = Database(url)
    database.ensure_ready()

    async def run() -> None:
        async with AsyncCommentGenerator(
            "test-key",
            provider="google-genai",
            endpoint=endpoint,
            limits=PLENTY,
            database=database,
            run_id=run_id,
            priority=Priority.BACKGROUND,
            tier=BATCH,
        ) as generator:
            await generator.generate_opportunities(pack(tweets), {"calm": project()})

    asyncio.run(run())
    database.dispose()


def revise(url: str, endpoint: str, revision_id: str) -> None:
    """Have a revision written, and be killed when its answer is stored and before anybody has parsed it."""
    database = Database(url)
    database.ensure_ready()
    with database.read() as connection:
        revision = read_revision(connection, revision_id)
    assert revision is not None

    def killed(*_: object, **__: object) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    RevisionResults.save = killed  # type: ignore[method-assign]

    async def run() -> None:
        async with AsyncCommentGenerator(
            "test-key", provider="google-genai", endpoint=endpoint, limits=PLENTY, database=database
        ) as generator:
            await generator.revise(revision, pack(1)[0], project())

    asyncio.run(run())
