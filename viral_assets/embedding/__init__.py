"""Texts to vectors: the embedders, how to read their cosines, and the cache.

What vectors are compared with, and what follows from it, is in ``viral_assets.scoring``.
"""

from __future__ import annotations

from viral_assets.embedding.base import Calibration, Embedder
from viral_assets.errors import ConfigurationError

EMBEDDERS = ("wordllama", "gemini")

__all__ = ["EMBEDDERS", "Calibration", "Embedder", "build_embedder"]


def build_embedder(name: str, *, api_key: str | None = None, endpoint: str | None = None) -> Embedder:
    """The embedder of that name.

    Args:
        name: one of :data:`EMBEDDERS`.
        api_key: of the Gemini API; the bundled embedder needs none.
        endpoint: another base URL of the Gemini API.

    Raises:
        ConfigurationError: there is no such embedder, or it needs a key.
    """
    if name == "wordllama":
        from viral_assets.embedding.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()
    if name == "gemini":
        if not api_key:
            raise ConfigurationError(
                "VIRAL_ASSETS_EMBEDDER=gemini needs a key: set GEMINI_API_KEY, or use the bundled wordllama"
            )
        from viral_assets.embedding.gemini import GeminiEmbedder

        return GeminiEmbedder(api_key, endpoint=endpoint)
    raise ConfigurationError(f"there is no embedder {name!r}; VIRAL_ASSETS_EMBEDDER is {' or '.join(EMBEDDERS)}")
