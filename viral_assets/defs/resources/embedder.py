"""The embedder of a run. Embedders, their calibration and the cache are in ``embedding``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from viral_assets.defs.automation.urgency import priority_of
from viral_assets.quota.priority import Priority
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.embedding.base import Embedder
    from viral_assets.embedding.cache import CachedEmbedder


class EmbedderResource(dg.ConfigurableResource[Any]):
    """Makes the embedder that the environment names, with its key."""

    name: str | None = Field(
        default=None, description="wordllama (offline) or gemini. Null: VIRAL_ASSETS_EMBEDDER, else wordllama."
    )
    _run_id: str = PrivateAttr(default="")
    _priority: Priority = PrivateAttr(default=Priority.NEWEST_HOUR)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """See whether there is such an embedder, before anything else has been done for nothing.

        Raises:
            ConfigurationError: there is none, or it needs a key.
            QuotaError: limits under which nothing could ever be asked.
        """
        if context.run:
            self._run_id, self._priority = context.run.run_id, priority_of(context.run.tags, datetime.now(UTC))
        self._build(None)

    def get(self, database: Database) -> CachedEmbedder:
        """The embedder of this run, with what the database remembers and the quota that is kept there."""
        from viral_assets.embedding.cache import CachedEmbedder

        return CachedEmbedder(self._build(database), database)

    def _build(self, database: Database | None) -> Embedder:
        from viral_assets.embedding import build_embedder

        settings = load_settings()
        name = self.name or settings.embedder
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
