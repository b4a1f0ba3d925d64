"""The providers there are, which of them is meant, and how it is reached. Making a client is the work of
``generation.clients``."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field

from viral_assets.errors import ConfigurationError
from viral_assets.llm.models import DEFAULT_MODEL, model_named
from viral_assets.vocabulary import OFFLINE, OPENAI, PROVIDERS

MAX_MODEL_LENGTH = 100
"""The tables hold a little more."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a service is reached with.

    Args:
        api_key: never shown; a server of one's own may need none.
        endpoint: base URL; None for the service's own.
        model: to ask instead of the projects' own.
    """

    api_key: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    model: str | None = None

    def but(self, given: Access) -> Access:
        """The same, but for what is given."""
        key = self.api_key if given.api_key is None else given.api_key
        return Access(key, given.endpoint or self.endpoint, given.model or self.model)


NO_ACCESS = Access()


def resolve_provider(
    provider: str,
    *,
    api_key: str | None,
    openai: Access = NO_ACCESS,
    models: Iterable[str] = (DEFAULT_MODEL,),
    cheaper_tier: bool = False,
) -> str:
    """``auto`` is the SDK that can do the job when there is a key of Gemini, openai when there are an address and a
    model for it, else offline; any other name is itself.

    The SDK is google-generativeai, unless one of the models thinks by default or a cheaper tier is wanted: only
    google-genai can say so. Where that is not installed, google-generativeai has to do.

    Args:
        api_key: of the Gemini API.
        openai: what the environment says about a service that speaks OpenAI's API.
        models: what will be asked of Gemini.
        cheaper_tier: whether it may be asked at another tier than the standard one.

    Raises:
        ConfigurationError: there is no such provider, or it lacks what it needs.
    """
    has_key = bool(api_key and api_key.strip())
    if provider == "auto":
        others = OPENAI if openai.endpoint and openai.model else OFFLINE
        provider = _sdk_for(models, cheaper_tier) if has_key else others
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"there is no provider {provider!r}; VIRAL_ASSETS_PROVIDER may be auto, {', '.join(PROVIDERS)}"
        )
    if provider == OPENAI:
        _check(openai)
    elif provider != OFFLINE and not has_key:
        raise ConfigurationError(
            f"provider {provider} needs a key: set GEMINI_API_KEY, or VIRAL_ASSETS_PROVIDER=offline to try without"
        )
    return provider


def resolve_access(
    provider: str,
    *,
    gemini: Access,
    openai: Access,
    given: Access = NO_ACCESS,
    models: Iterable[str] = (),
    cheaper_tier: bool = False,
) -> tuple[str, Access]:
    """The provider that is meant, and how it is reached.

    Args:
        provider: ``auto`` or one of :data:`PROVIDERS`.
        gemini: what the environment says about the Gemini API.
        openai: what it says about a service that speaks OpenAI's API.
        given: what the caller says instead. With ``auto`` a key and an address are of the Gemini API.
        models: of the projects.
        cheaper_tier: whether the service may be asked at another tier than the standard one.

    Raises:
        ConfigurationError: there is no such provider, or it lacks what it needs.
    """
    openai = openai.but(given if provider == OPENAI else Access(model=given.model) if openai.model else NO_ACCESS)
    gemini = gemini.but(given)
    asked = [gemini.model] if gemini.model else [*models] or [DEFAULT_MODEL]
    chosen = resolve_provider(provider, api_key=gemini.api_key, openai=openai, models=asked, cheaper_tier=cheaper_tier)
    return chosen, openai if chosen == OPENAI else gemini


def _sdk_for(models: Iterable[str], cheaper_tier: bool) -> str:
    needed = cheaper_tier or any(model_named(each).thinks_by_default for each in models)
    return "google-genai" if needed and is_installed("google.genai") else "google-generativeai"


def is_installed(module: str) -> bool:
    """Whether an SDK is there, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _check(openai: Access) -> None:
    if not openai.endpoint and not openai.api_key:
        raise ConfigurationError(
            "provider openai needs an address: set OPENAI_BASE_URL, like http://127.0.0.1:11434/v1 for Ollama, "
            "or OPENAI_API_KEY for OpenAI's own"
        )
    if not openai.model:
        raise ConfigurationError("provider openai needs a model: set OPENAI_MODEL to one that the service has")
    if len(openai.model) > MAX_MODEL_LENGTH:
        raise ConfigurationError(f"OPENAI_MODEL is longer than {MAX_MODEL_LENGTH} characters; give it a shorter alias")
