"""The comment generator of a run. Writing suggestions is in ``generation``, the quota in ``quota``.

The key of the service comes from the environment and is never part of a configuration that the UI shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.llm.tiers import STANDARD
from viral_assets.projects.model import Project
from viral_assets.projects.models_in_use import models_in_use
from viral_assets.quota.priority import Priority
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator


class CommentGeneratorResource(dg.ConfigurableResource[Any]):
    """Makes generators with the environment's key, endpoint and limits."""

    provider: str | None = Field(
        default=None,
        description=(
            "auto, google-generativeai, google-genai, openai or offline. Null: VIRAL_ASSETS_PROVIDER, else auto: "
            "Gemini when there is a key, openai when there are OPENAI_BASE_URL and OPENAI_MODEL, else offline drafts."
        ),
    )
    model: str | None = Field(
        default=None,
        description=(
            "Instead of the projects' own. Null: GEMINI_MODEL, else as the project file says; with openai OPENAI_MODEL."
        ),
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Look at provider, key and limits before anything else has been done for nothing.

        Raises:
            ViralAssetsError: they cannot work.
        """
        from viral_assets.quota.from_settings import limits_from

        settings = load_settings()
        provider, _ = self.chosen()
        limits_from(settings)
        if settings.which_key and provider != OFFLINE and context.log is not None:
            context.log.warning(settings.which_key)

    def chosen(self) -> tuple[str, str | None]:
        """The provider, and the model instead of the projects' own."""
        from viral_assets.llm.providers import Access

        provider, access = load_settings().access(self.provider, Access(model=self.model))
        return provider, access.model

    def get_generator(
        self,
        database: Database,
        options: RunOptions,
        projects: Iterable[Project] = (),
        *,
        run_id: str,
        priority: Priority = Priority.NEWEST_HOUR,
        paced: bool = False,
    ) -> AsyncCommentGenerator:
        """A generator for these projects that saves to ``database`` and shares the quota there. Close it with
        ``async with``."""
        from viral_assets.generation.generator import AsyncCommentGenerator
        from viral_assets.quota.from_settings import limits_from

        projects = tuple(projects)
        return AsyncCommentGenerator(
            batch_size=options.batch_size or "auto",
            tweets_per_request=options.tweets_per_request or "auto",
            provider=self.provider,
            model=self.model,
            models=models_in_use(projects),
            limits=limits_from(load_settings()),
            database=database,
            run_id=run_id,
            priority=priority,
            paced=paced,
            tier=options.tier.value if options.tier else None,
            cheaper_tier=any(project.generation.background != STANDARD for project in projects),
        )
