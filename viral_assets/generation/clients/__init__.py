"""Clients for language models: one protocol (``base``), one module per provider, and the choice between them.

The SDKs take a second to import; the one that is chosen is imported when it is chosen.
"""

from __future__ import annotations

from viral_assets.errors import ConfigurationError
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.llm.providers import is_installed, resolve_provider
from viral_assets.vocabulary import OFFLINE, OPENAI

__all__ = ["GenerationClient", "build_client"]


def build_client(
    provider: str = "auto", *, api_key: str | None = None, endpoint: str | None = None, max_workers: int = 10
) -> GenerationClient:
    """The client for a provider.

    Args:
        provider: ``auto``, by which Gemini or offline is meant here, or one of :data:`PROVIDERS`.
        api_key: of the provider's service; with openai None where it needs none.
        endpoint: another base URL, for a proxy or an emulator; with openai the service's.
        max_workers: threads of a synchronous SDK, which is how many requests it can have in flight.

    Raises:
        ConfigurationError: unknown provider, no key, a key or endpoint that cannot work, or an SDK that is not
            installed.
    """
    if provider == OPENAI:
        if not is_installed("openai"):
            raise ConfigurationError("provider openai is not installed: pip install 'viral_assets[openai]'")
        from viral_assets.generation.clients.openai_compatible import OpenAICompatibleClient

        return OpenAICompatibleClient(api_key, endpoint=endpoint)
    chosen = resolve_provider(provider, api_key=api_key)
    if chosen == OFFLINE or api_key is None:
        from viral_assets.generation.clients.offline import OfflineClient

        return OfflineClient()
    if chosen == "google-generativeai":
        from viral_assets.generation.clients.google_generativeai import GoogleGenerativeAIClient

        return GoogleGenerativeAIClient(api_key, endpoint=endpoint, max_workers=max_workers)
    if not is_installed("google.genai"):
        raise ConfigurationError(
            "provider google-genai is not installed: pip install 'viral_assets[genai]', "
            "or set VIRAL_ASSETS_PROVIDER=google-generativeai"
        )
    from viral_assets.generation.clients.google_genai import GoogleGenAIClient

    return GoogleGenAIClient(api_key, endpoint=endpoint)
