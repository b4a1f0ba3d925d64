"""Gemini through google-genai: natively asynchronous, and able to turn thinking down.

What this module works around, found by reading and running version 3.4.0:

- with aiohttp installed it repeats a request whose connection breaks, unless the number of attempts is set: to one;
- its default API version is v1, which knows no response schema;
- environment variables turn it to Vertex AI or to another address: both are set here instead;
- it follows redirects, to any host and with the key: turned off in the words of each HTTP library it may use;
- since 3.4 it continues an answer that reached the limit of one request with requests of its own, which no quota has
  granted: turned off where it can be;
- it builds its models, and imports half of its HTTP library, while its first request is under way: both are done
  here on import, so that the first request after a grant is as fast as any;
- version 1.51, the lowest that is allowed, changes the schema it is given.

Models differ in how thinking is turned down (``llm.thinking``), and refuse the whole request when it is done the wrong
way: then the next request to that model asks for the next higher level, or says nothing about it.

Importing this module imports the SDK: ``clients.build_client`` does it when needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib
import logging
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

from google import genai
from google.genai import errors, types

from viral_assets.errors import ProviderError, RejectedRequestError, TransientProviderError
from viral_assets.generation.clients.google_genai_batches import GenAIBatches
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.responses import header_of
from viral_assets.llm.thinking import LeastThinking, ThinkingSetting
from viral_assets.llm.tiers import BATCH, FLEX, STANDARD, Tier, tier_named
from viral_assets.llm.types import Answer, fingerprint

MAX_CONNECTIONS = 1_000
"""More than any quota can use; the HTTP library's own default is 100."""


def _http_libraries() -> Iterator[ModuleType]:
    for name in ("httpx2", "httpx", "aiohttp"):
        try:
            yield importlib.import_module(name)
        except ImportError:
            continue


_LIBRARIES = tuple(_http_libraries())
_CONNECTION_ERRORS: tuple[type[Exception], ...] = tuple(
    getattr(library, "HTTPError", None) or library.ClientError for library in _LIBRARIES
)


_ONE_REQUEST: dict[str, Any] = (
    {"automatic_continuation": False} if "automatic_continuation" in types.GenerateContentConfig.model_fields else {}
)
"""Older versions neither have the setting nor do what it turns off."""

_TIERS: tuple[Tier, ...] = (
    (STANDARD, FLEX, BATCH) if "service_tier" in types.GenerateContentConfig.model_fields else (STANDARD,)
)
"""Older versions have only the one that is meant where nothing is said."""

_FIRST_USED = (
    *("GenerateContentConfig", "_GenerateContentParameters", "GenerateContentResponse", "Candidate", "Content", "Part"),
    *("UserContent", "Schema", "HttpResponse", "ThinkingConfig", "AutomaticFunctionCallingConfig"),
    "GenerateContentResponseUsageMetadata",
)


def _is_about_this_key(record: logging.LogRecord) -> bool:
    """Not what the SDK says of the keys in the environment, whichever it is handed: none of them is used."""
    return "GOOGLE_API_KEY" not in record.getMessage()


logging.getLogger("google_genai._api_client").addFilter(_is_about_this_key)


def _prepare() -> None:
    for name in _FIRST_USED:
        if (model := getattr(types, name, None)) is not None:
            model.model_rebuild()
    with contextlib.suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")


_prepare()


class GoogleGenAIClient:
    """One key, one endpoint, no threads.

    A cancelled :meth:`generate` closes its connection. The service may have answered and billed all the same:
    a caller that wants the answer shields the call and awaits it.

    Args:
        api_key: of the Gemini API.
        endpoint: another base URL, for a proxy or an emulator.

    Raises:
        ConfigurationError: key or endpoint cannot be used.
    """

    provider = "google-genai"
    tiers: Collection[Tier] = _TIERS

    def __init__(self, api_key: str, *, endpoint: str | None = None) -> None:
        self._service = gemini.Service.of(api_key, endpoint)
        self.key_fingerprint = fingerprint(self._service.api_key)
        self._client = genai.Client(
            api_key=self._service.api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=self._service.base_url,
                api_version="v1beta",
                retry_options=types.HttpRetryOptions(attempts=1),
                async_client_args=_client_arguments(),
            ),
        )
        self._thinking = LeastThinking()
        self.batches = GenAIBatches(self, self._client) if BATCH in _TIERS else None

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float) -> Answer:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        model = self._service.checked_model(request.model)
        thinking = self._thinking.setting(model)
        config = _config(request, thinking, http_options=types.HttpOptions(timeout=max(int(timeout_seconds * 1000), 1)))
        try:
            async with asyncio.timeout(timeout_seconds):
                response = await self._client.aio.models.generate_content(
                    model=model, contents=request.prompt, config=config
                )
        except errors.APIError as error:
            raise self._failure(error, model, thinking, request.tier) from None
        except Exception as error:
            # The request was built before: what else fails here is making sense of the body.
            if (failure := self.failure(error, model, timeout_seconds=timeout_seconds)) is None:
                raise
            raise failure from None
        return self.read(response, request.tier)

    async def close(self) -> None:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        await self._client.aio.aclose()
        self._client.close()

    def read(self, response: types.GenerateContentResponse, tier: Tier) -> Answer:
        """What a success means that was asked at this tier; raises as :meth:`generate`."""
        counted, feedback = response.usage_metadata, response.prompt_feedback
        candidate = response.candidates[0] if response.candidates else None
        parts = (candidate.content.parts or []) if candidate and candidate.content else []
        finish = candidate.finish_reason.value if candidate and candidate.finish_reason else ""
        return self._service.answer(
            "".join(part.text for part in parts if part.text and not part.thought),
            gemini.usage(
                counted.prompt_token_count,
                counted.candidates_token_count,
                counted.total_token_count,
                counted.thoughts_token_count,
                counted.cached_content_token_count,
            )
            if counted
            else None,
            finish if candidate else None,
            feedback.block_reason.value if feedback and feedback.block_reason else None,
            response.model_version,
            _served_at(response, tier),
        )

    def config(self, request: GenerationRequest) -> types.GenerateContentConfig:
        """What a request says besides its prompt."""
        return _config(request, self._thinking.setting(self._service.checked_model(request.model)))

    def failure(self, error: Exception, model: str, *, timeout_seconds: float) -> ProviderError | None:
        """What an exception of the SDK means, at the standard tier; None for one that is not the service's."""
        if isinstance(error, errors.APIError):
            return self._failure(error, model, None, STANDARD)
        if isinstance(error, TimeoutError):
            return self._service.timed_out(timeout_seconds)
        if isinstance(error, _CONNECTION_ERRORS):
            return self._broken(error, timeout_seconds)
        if isinstance(error, ValueError | TypeError | AttributeError | RecursionError):
            return self._service.undecodable(getattr(error, "doc", error))
        return None

    def _failure(
        self, error: errors.APIError, model: str, thinking: ThinkingSetting | None, tier: Tier
    ) -> ProviderError:
        headers = getattr(error.response, "headers", None) or {}
        failure = self._service.failure(error.code, headers, error.details, model=model, tier=tier)
        named = thinking is not None and thinking.is_named_by(f"{failure} {error.details}")
        if thinking is None or not named or not isinstance(failure, RejectedRequestError):
            return failure
        return TransientProviderError(f"{failure} {self._thinking.refused(model, thinking)}", http_status=400)

    def _broken(self, error: Exception, timeout_seconds: float) -> ProviderError:
        kind = type(error).__name__
        if "Connect" in kind and "Disconnect" not in kind:
            return self._service.unreachable(error)
        if "Timeout" in kind:
            return self._service.timed_out(timeout_seconds)
        return self._service.broken_off(error)


def _config(request: GenerationRequest, thinking: ThinkingSetting | None, **more: Any) -> types.GenerateContentConfig:
    """What is asked besides the prompt."""
    # What a batch is asked at is said by its address.
    tier: dict[str, Any] = {"service_tier": request.tier} if request.tier == FLEX else {}
    return types.GenerateContentConfig(
        system_instruction=request.system_instruction,
        temperature=request.temperature,
        max_output_tokens=request.max_output_tokens,
        response_mime_type="application/json",
        response_schema=copy.deepcopy(dict(request.response_schema)),
        thinking_config=_thinking_config(thinking),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        **_ONE_REQUEST,
        **tier,
        **more,
    )


def _served_at(response: types.GenerateContentResponse, asked: Tier) -> Tier:
    """The tier that is billed. It stands in a header: the SDK leaves the body's field out."""
    headers = (response.sdk_http_response.headers if response.sdk_http_response else None) or {}
    return tier_named(header_of(headers, gemini.TIER_HEADER), asked=asked)


def _thinking_config(setting: ThinkingSetting | None) -> types.ThinkingConfig | None:
    """As the SDK has it; None to say nothing, also where this version has no levels."""
    if setting is None:
        return None
    if setting.budget is not None:
        return types.ThinkingConfig(thinking_budget=setting.budget)
    if "thinking_level" not in types.ThinkingConfig.model_fields:
        return None
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(setting.level))


def _client_arguments() -> dict[str, object]:
    """For httpx and httpx2, and for aiohttp; the SDK leaves out what the one it uses does not know."""
    library = next((each for each in _LIBRARIES if hasattr(each, "Limits")), None)
    limits = {"limits": library.Limits(max_connections=MAX_CONNECTIONS)} if library else {}
    return {**limits, "follow_redirects": False, "allow_redirects": False}
