"""Clients for language models: one protocol (``base``), one module per provider, and the choice between them.

The SDKs take a second to import; the one that is chosen is imported when it is chosen.
"""

from __future__ import annotations

import importlib.util

from viral_assets.errors import ConfigurationError
from viral_assets.generation.clients.base import Answer, GenerationClient, GenerationRequest, Usage

__all__ = ["PROVIDERS", "Answer", "GenerationClient", "GenerationRequest", "Usage", "build_client", "resolve_provider"]

PROVIDERS = ("google-generativeai", "google-genai", "offline")


def resolve_provider(provider: str, *, api_key: str | None) -> str:
    """``auto`` is google-generativeai when there is a key, else offline; any other name is itself.

    Raises:
        ConfigurationError: there is no such provider, or it needs a key and there is none.
    """
    has_key = bool(api_key and api_key.strip())
    if provider == "auto":
        return "google-generativeai" if has_key else "offline"
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"there is no provider {provider!r}; VIRAL_ASSETS_PROVIDER may be auto, {', '.join(PROVIDERS)}"
        )
    if provider != "offline" and not has_key:
        raise ConfigurationError(
            f"provider {provider} needs a key: set GEMINI_API_KEY, or VIRAL_ASSETS_PROVIDER=offline to try without"
        )
    return provider


def build_client(
    provider: str = "auto", *, api_key: str | None = None, endpoint: str | None = None, max_workers: int = 10
) -> GenerationClient:
    """The client for a provider.

    Args:
        provider: ``auto`` or one of :data:`PROVIDERS`.
        api_key: of the Gemini API.
        endpoint: another base URL of the Gemini API, for a proxy or an emulator.
        max_workers: threads of a synchronous SDK, which is how many requests it can have in flight.

    Raises:
        ConfigurationError: unknown provider, no key, a key or endpoint that cannot work, or an SDK that is not
            installed.
    """
    chosen = resolve_provider(provider, api_key=api_key)
    if chosen == "offline" or api_key is None:
        from viral_assets.generation.clients.offline import OfflineClient

        return OfflineClient()
    if chosen == "google-generativeai":
        from viral_assets.generation.clients.google_generativeai import GoogleGenerativeAIClient

        return GoogleGenerativeAIClient(api_key, endpoint=endpoint, max_workers=max_workers)
    if importlib.util.find_spec("google.genai") is None:
        raise ConfigurationError(
            "provider google-genai is not installed: pip install 'viral_assets[genai]', "
            "or set VIRAL_ASSETS_PROVIDER=google-generativeai"
        )
    from viral_assets.generation.clients.google_genai import GoogleGenAIClient

    return GoogleGenAIClient(api_key, endpoint=endpoint)
