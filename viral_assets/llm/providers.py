"""The providers there are, and which of them is meant. Making a client is the work of ``generation.clients``."""

from __future__ import annotations

from viral_assets.errors import ConfigurationError
from viral_assets.vocabulary import OFFLINE, PROVIDERS


def resolve_provider(provider: str, *, api_key: str | None) -> str:
    """``auto`` is google-generativeai when there is a key, else offline; any other name is itself.

    Raises:
        ConfigurationError: there is no such provider, or it needs a key and there is none.
    """
    has_key = bool(api_key and api_key.strip())
    if provider == "auto":
        return "google-generativeai" if has_key else OFFLINE
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"there is no provider {provider!r}; VIRAL_ASSETS_PROVIDER may be auto, {', '.join(PROVIDERS)}"
        )
    if provider != OFFLINE and not has_key:
        raise ConfigurationError(
            f"provider {provider} needs a key: set GEMINI_API_KEY, or VIRAL_ASSETS_PROVIDER=offline to try without"
        )
    return provider
