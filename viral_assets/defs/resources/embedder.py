"""The embedders of a run. What they are, which one a project gets, their calibration and the cache are in
``embedding``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from viral_assets.defs.automation.urgency import priority_of
from viral_assets.errors import ConfigurationError
from viral_assets.projects.model import Project
from viral_assets.quota.priority import Priority
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.embedding.base import Embedder
    from viral_assets.embedding.cache import CachedEmbedder
    from viral_assets.safety.closer_look import CloserLook


class EmbedderResource(dg.ConfigurableResource[Any]):
    """Makes the embedder of each project: the one that the environment names, with its key, or one that knows the
    project's languages.
    """

    name: str | None = Field(
        default=None,
        description=(
            "auto (by the project's languages: wordllama where it wants English only, else multilingual), wordllama, "
            "multilingual or gemini, of which only the last one is paid for. Null: VIRAL_ASSETS_EMBEDDER, else auto."
        ),
    )
    _run_id: str = PrivateAttr(default="")
    _priority: Priority = PrivateAttr(default=Priority.NEWEST_HOUR)
    _closer: CloserLook | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """See whether there is such an embedder, before anything else has been done for nothing.

        Raises:
            ConfigurationError: there is none, it is not installed, or it needs a key.
            QuotaError: limits under which nothing could ever be asked.
        """
        from viral_assets.embedding.choice import AUTO

        if context.run:
            self._run_id, self._priority = context.run.run_id, priority_of(context.run.tags, datetime.now(UTC))
        if self._chosen() != AUTO:
            self._build(self._chosen(), None)

    def of(self, database: Database, projects: Mapping[str, Project]) -> dict[str, CachedEmbedder]:
        """The embedder of each project by its name, with what the database remembers and the quota that is kept there.
        Those that have the same one share it.

        Raises:
            ConfigurationError: the one that a project's languages ask for is not installed.
        """
        from viral_assets.embedding.cache import CachedEmbedder

        built: dict[str, CachedEmbedder] = {}
        for name, project in projects.items():
            embedder = self.name_for(project)
            if embedder not in built:
                try:
                    built[embedder] = CachedEmbedder(self._build(embedder, database), database)
                except ConfigurationError as error:
                    wanted = ", ".join(project.sources.languages) or "every language"
                    raise ConfigurationError(f"project {name} (sources.languages: {wanted}): {error}") from None
        return {name: built[self.name_for(project)] for name, project in projects.items()}

    def closer_look(self, project: Project) -> CloserLook | None:
        """The one for the project's tweets that could be chosen, where there is one. None of its vectors are kept."""
        from viral_assets.embedding.choice import MULTILINGUAL, gets_closer_look

        if not gets_closer_look(self._chosen(), self.name_for(project)):
            return None
        if self._closer is None:
            from viral_assets.safety.closer_look import CloserLook

            self._closer = CloserLook.by(self._build(MULTILINGUAL, None))
        return self._closer

    def name_for(self, project: Project) -> str:
        """Which embedder a project gets."""
        from viral_assets.embedding.choice import embedder_name

        return embedder_name(self._chosen(), project.sources.languages)

    def _chosen(self) -> str:
        return self.name or load_settings().embedder

    def _build(self, name: str, database: Database | None) -> Embedder:
        from viral_assets.embedding import build_embedder

        settings = load_settings()
        key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else None
        if name != "gemini" or not key:
            return build_embedder(name)
        from viral_assets.llm.models import EMBEDDING_MODEL
        from viral_assets.llm.prices import load_prices, price_of
        from viral_assets.quota.from_settings import embedding_ledger

        return build_embedder(
            name,
            api_key=key,
            endpoint=settings.gemini_api_endpoint,
            ledger=embedding_ledger(settings, key, database),
            price=price_of(load_prices(settings.prices), EMBEDDING_MODEL),
            run_id=self._run_id,
            priority=self._priority,
        )
