"""The providers there are, and which of them is meant. Making a client is the work of ``generation.clients``."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from viral_assets.errors import ConfigurationError
from viral_assets.llm.models import DEFAULT_MODEL, model_named
from viral_assets.vocabulary import OFFLINE, PROVIDERS


def resolve_provider(provider: str, *, api_key: str | None, models: Iterable[str] = (DEFAULT_MODEL,)) -> str:
    """``auto`` is offline without a key, and with one the SDK that can do the job; any other name is itself.

    That is google-generativeai, unless one of the models thinks by default: only google-genai can tell it not to.
    Where that is not installed, google-generativeai has to do.

    Args:
        models: what will be asked.

    Raises:
        ConfigurationError: there is no such provider, or it needs a key and there is none.
    """
    has_key = bool(api_key and api_key.strip())
    if provider == "auto":
        return _sdk_for(models) if has_key else OFFLINE
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"there is no provider {provider!r}; VIRAL_ASSETS_PROVIDER may be auto, {', '.join(PROVIDERS)}"
        )
    if provider != OFFLINE and not has_key:
        raise ConfigurationError(
            f"provider {provider} needs a key: set GEMINI_API_KEY, or VIRAL_ASSETS_PROVIDER=offline to try without"
        )
    return provider


def _sdk_for(models: Iterable[str]) -> str:
    thinks = any(model_named(each).thinks_by_default for each in models)
    return "google-genai" if thinks and _is_installed("google.genai") else "google-generativeai"


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
