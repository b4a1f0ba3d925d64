"""The embedder of a run. Embedders, their calibration and the cache are in ``embedding``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

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
    _embedder: Any = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Choose the embedder.

        Raises:
            ConfigurationError: there is no such embedder, or it needs a key.
        """
        from viral_assets.embedding import build_embedder

        settings = load_settings()
        key = settings.gemini_api_key
        self._embedder = build_embedder(
            self.name or settings.embedder,
            api_key=key.get_secret_value() if key else None,
            endpoint=settings.gemini_api_endpoint,
        )

    def get(self, database: Database) -> CachedEmbedder:
        """The embedder of this run, with what the database remembers."""
        from viral_assets.embedding.cache import CachedEmbedder

        embedder: Embedder = self._embedder
        return CachedEmbedder(embedder, database)
