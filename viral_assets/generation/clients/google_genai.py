"""Gemini through google-genai: natively asynchronous, and able to turn thinking down.

What this module works around, found by reading and running version 3.4.0:

- with aiohttp installed it repeats a request whose connection breaks, unless the number of attempts is set: to one;
- its default API version is v1, which knows no response schema;
- environment variables turn it to Vertex AI or to another address: both are set here instead;
- it follows redirects, to any host and with the key: turned off in the words of each HTTP library it may use;
- since 3.4 it continues an answer that reached the limit of one request with requests of its own, which no quota has
  granted: turned off where it can be, and never done here;
- its models of a request and of an answer take three times the processor time of the HTTP itself: requests are sent
  without them, in its own words and over its own HTTP library (``gemini_rest``), and only batches go through it;
- older versions lack words for some of what is asked (``google_genai_types``).

Models differ in how thinking is turned down (``llm.thinking``), and refuse the whole request when it is done the wrong
way: then the next request to that model asks for the next higher level, or says nothing about it.

Importing this module imports the SDK: ``clients.build_client`` does it when needed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import platform
from collections.abc import Collection, Iterator, Mapping
from types import ModuleType

from google import genai
from google.genai import errors, types

from viral_assets.errors import AdaptedRequestError, ProviderError, RejectedRequestError
from viral_assets.generation.clients.gemini_rest import (
    API_VERSION,
    MAX_CONNECTIONS,
    GeminiRest,
    HttpFailureError,
)
from viral_assets.generation.clients.google_genai_batches import GenAIBatches
from viral_assets.generation.clients.google_genai_types import TIERS, config_of, served_at, thinking_config
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.thinking import LeastThinking, ThinkingSetting
from viral_assets.llm.tiers import BATCH, STANDARD, Tier
from viral_assets.llm.types import Answer, fingerprint

SENDER = f"google-genai-sdk/{genai.__version__} gl-python/{platform.python_version()}"
"""What the SDK calls itself."""


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


def _is_about_this_key(record: logging.LogRecord) -> bool:
    """Not what the SDK says of the keys in the environment, whichever it is handed: none of them is used."""
    return "GOOGLE_API_KEY" not in record.getMessage()


logging.getLogger("google_genai._api_client").addFilter(_is_about_this_key)


with contextlib.suppress(ImportError):
    # Half of the HTTP library, which would be imported while the first request is under way.
    importlib.import_module("anyio._backends._asyncio")


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
    tiers: Collection[Tier] = TIERS

    def __init__(self, api_key: str, *, endpoint: str | None = None) -> None:
        self._service = gemini.GeminiEndpoint.of(api_key, endpoint)
        self.key_fingerprint = fingerprint(self._service.api_key)
        self._rest = GeminiRest(self._service, _http_library(), SENDER)
        self._thinking = LeastThinking()
        self.batches = GenAIBatches(self, lambda: self._sdk) if BATCH in TIERS else None

    @functools.cached_property
    def _sdk(self) -> genai.Client:
        """For batches: what it takes to make it (and a tenth of a second) few runs need."""
        return genai.Client(
            api_key=self._service.api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=self._service.base_url,
                api_version=API_VERSION,
                retry_options=types.HttpRetryOptions(attempts=1),
                async_client_args=_client_arguments(),
            ),
        )

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        model = self._service.checked_model(request.model)
        thinking = self._thinking.setting(model)
        try:
            return await self._rest.generate(request, _sayable(thinking), timeout_seconds=timeout_seconds, turn=turn)
        except HttpFailureError as failure:
            raise self._failure(
                failure.status, failure.headers, failure.body.decode("utf-8", "replace"), model, thinking, request.tier
            ) from None
        except ProviderError:
            raise
        except Exception as error:
            # The request was built before: what else fails here is making sense of the body.
            if (failed := self.failure(error, model, timeout_seconds=timeout_seconds)) is None:
                raise
            raise failed from None

    async def close(self) -> None:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        await self._rest.close()
        if "_sdk" in self.__dict__:
            await self._sdk.aio.aclose()
            self._sdk.close()

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
            served_at(response, tier),
        )

    def config(self, request: GenerationRequest) -> types.GenerateContentConfig:
        """What a request says besides its prompt."""
        return config_of(request, self._thinking.setting(self._service.checked_model(request.model)))

    def failure(self, error: Exception, model: str, *, timeout_seconds: float) -> ProviderError | None:
        """What an exception of the SDK means, at the standard tier; None for one that is not the service's."""
        if isinstance(error, errors.APIError):
            headers = getattr(error.response, "headers", None) or {}
            return self._failure(error.code, headers, error.details, model, None, STANDARD)
        if isinstance(error, TimeoutError):
            return self._service.timed_out(timeout_seconds)
        if isinstance(error, _CONNECTION_ERRORS):
            return self._broken(error, timeout_seconds)
        if isinstance(error, ValueError | TypeError | AttributeError | RecursionError):
            return self._service.undecodable(getattr(error, "doc", error))
        return None

    def _failure(
        self,
        status: int,
        headers: Mapping[str, str],
        body: object,
        model: str,
        thinking: ThinkingSetting | None,
        tier: Tier,
    ) -> ProviderError:
        failure = self._service.failure(status, headers, body, model=model, tier=tier)
        named = thinking is not None and thinking.is_named_by(f"{failure} {body}")
        if thinking is None or not named or not isinstance(failure, RejectedRequestError):
            return failure
        return AdaptedRequestError(f"{failure} {self._thinking.refused(model, thinking)}", http_status=400)

    def _broken(self, error: Exception, timeout_seconds: float) -> ProviderError:
        kind = type(error).__name__
        if "Connect" in kind and "Disconnect" not in kind:
            return self._service.unreachable(error)
        if "Timeout" in kind:
            return self._service.timed_out(timeout_seconds)
        return self._service.broken_off(error)


def _client_arguments() -> dict[str, object]:
    """For httpx and httpx2, and for aiohttp; the SDK leaves out what the one it uses does not know."""
    limits = _http_library().Limits(max_connections=MAX_CONNECTIONS)
    return {"limits": limits, "follow_redirects": False, "allow_redirects": False}


def _http_library() -> ModuleType:
    """The one of httpx's kind, which every version of the SDK needs."""
    return next(each for each in _LIBRARIES if hasattr(each, "Limits"))


def _sayable(setting: ThinkingSetting | None) -> ThinkingSetting | None:
    """None where this version of the SDK has no word for it."""
    return setting if thinking_config(setting) is not None else None
