"""One call from a script: suggestions for a project's tweets, with the environment's key, quota and database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.inputs import BatchSize, Config, project_named
from viral_assets.generation.run.report import ProgressCallback
from viral_assets.projects.models_in_use import models_in_use
from viral_assets.quota.from_settings import limits_from
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    import pandas as pd


async def generate_comments_async(
    project_id: str,
    tweets_with_scores: pd.DataFrame | Sequence[Any],
    config: Config = None,
    batch_size: BatchSize = 5,
    max_requests_per_minute: int = 15,
    progress_callback: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Generate and save suggestions with the environment's key, quota and database.

    See :meth:`AsyncCommentGenerator.generate_and_save_batch_async`.
    """
    settings = load_settings()
    project = project_named(project_id, config)
    database = Database(settings.resolved_database_url)
    generator = AsyncCommentGenerator(
        max_requests_per_minute=max_requests_per_minute,
        batch_size=batch_size,
        models=models_in_use([project]),
        limits=replace(limits_from(settings), max_requests=max_requests_per_minute),
        database=database,
    )
    try:
        return await generator.generate_and_save_batch_async(project_id, tweets_with_scores, project, progress_callback)
    finally:
        await generator.cleanup()
        database.dispose()
