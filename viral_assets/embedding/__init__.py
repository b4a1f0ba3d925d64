"""Texts to vectors: the embedders, how to read their cosines, and the cache.

What vectors are compared with, and what follows from it, is in ``viral_assets.scoring``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from viral_assets.embedding.base import Calibration, Embedder
from viral_assets.embedding.choice import AUTO
from viral_assets.errors import ConfigurationError
from viral_assets.quota.priority import Priority

if TYPE_CHECKING:
    from viral_assets.llm.prices import Price
    from viral_assets.quota import Ledger

EMBEDDERS = ("wordllama", "multilingual", "gemini")

__all__ = ["EMBEDDERS", "Calibration", "Embedder", "build_embedder"]


def build_embedder(
    name: str,
    *,
    api_key: str | None = None,
    endpoint: str | None = None,
    ledger: Ledger | None = None,
    price: Price | None = None,
    run_id: str = "",
    priority: Priority = Priority.NEWEST_HOUR,
) -> Embedder:
    """The embedder of that name. Those that work offline need none of the following.

    Args:
        name: one of :data:`EMBEDDERS`.
        api_key: of the Gemini API.
        endpoint: another base URL of the Gemini API.
        ledger: the quota of the key and its model that embeds; None for one of this process alone, at 15 requests a
            minute.
        price: of that model; None where nobody said.
        run_id: goes into the ledger's rows.
        priority: of its requests, where others wait for the same quota.

    Raises:
        ConfigurationError: there is no such embedder, it is not installed, or it needs a key.
    """
    if name == "wordllama":
        from viral_assets.embedding.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()
    if name == "multilingual":
        from viral_assets.embedding.multilingual import MultilingualEmbedder

        return MultilingualEmbedder()
    if name == "gemini":
        if not api_key:
            raise ConfigurationError(
                "VIRAL_ASSETS_EMBEDDER=gemini needs a key: set GEMINI_API_KEY, or use the bundled wordllama"
            )
        from viral_assets.embedding.gemini import GeminiEmbedder
        from viral_assets.quota import Limits, open_ledger

        ledger = ledger or open_ledger(None, Limits(), name)
        return GeminiEmbedder(api_key, ledger, endpoint=endpoint, price=price, run_id=run_id, priority=priority)
    names = f"{', '.join((AUTO, *EMBEDDERS[:-1]))} or {EMBEDDERS[-1]}"
    raise ConfigurationError(f"there is no embedder {name!r}; VIRAL_ASSETS_EMBEDDER is {names}")
