"""Any service that speaks OpenAI's API, through OpenAI's own SDK: natively asynchronous, any address, any model.

What this module works around, found by reading and running versions 2.0.0 and 3.57.0:

- it repeats what failed twice, unless told not to, and follows redirects to any host: one call is one request here;
- environment variables give it another address, an organization, a project, headers of any name, and proxies: what is
  sent is put together here, as the last thing before it goes out;
- it does not send a request without a key, which servers of one's own need none of;
- it makes objects of whatever a body holds: the body is read here instead, as it came;
- its timeout starts anew with every byte: the whole request has one here.

Importing this module imports the SDK, which takes a second: ``clients.build_client`` does it when needed.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Collection
from contextvars import ContextVar
from typing import Any

import openai

from viral_assets.errors import AdaptedRequestError, ProviderError, RejectedRequestError, TooMuchInputError
from viral_assets.generation.clients.openai_dialect import Dialect
from viral_assets.generation.clients.turns import Turn, looked_at_by_httpx
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.openai_api import OpenAIEndpoint, complaint
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.llm.types import Answer, fingerprint
from viral_assets.vocabulary import OPENAI

# Imported by the first request otherwise, while it is under way.
importlib.import_module("anyio._backends._asyncio")

KEPT_HEADERS = ("accept-encoding", "connection", "content-length", "x-stainless-raw-response")
"""What the HTTP library says of the connection, and what the SDK knows by that the response is wanted as it came."""


_TURN: ContextVar[Turn | None] = ContextVar("turn", default=None)
"""Of the request that is put together: the SDK hands nothing of the kind through."""


class OpenAICompatibleClient:
    """One address, one key or none, no threads.

    A cancelled :meth:`generate` closes its connection. The service may have answered and billed all the same:
    a caller that wants the answer shields the call and awaits it.

    Args:
        api_key: None where the service needs none.
        endpoint: base URL; None for OpenAI's own.

    Raises:
        ConfigurationError: key or endpoint cannot be used.
    """

    provider = OPENAI
    tiers: Collection[Tier] = (STANDARD,)
    batches = None

    def __init__(self, api_key: str | None = None, *, endpoint: str | None = None) -> None:
        self._service = OpenAIEndpoint.of(api_key, endpoint)
        self.key_fingerprint = fingerprint(self._service.identity)
        self._client = openai.AsyncOpenAI(
            api_key=self._service.api_key or "none",
            base_url=self._service.base_url,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                trust_env=False, follow_redirects=False, event_hooks={"request": [self._put_together]}
            ),
        )
        self._completions = self._client.chat.completions.with_raw_response
        # OpenAI's newest models refuse the older name, which is the only one that local servers know.
        self._dialect = Dialect(output_cap="max_completion_tokens" if self._service.is_openai else "max_tokens")
        self._learnt: dict[str, Dialect] = {}

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        model = request.model
        dialect = self._learnt.get(model, self._dialect)
        try:
            _TURN.set(turn)
            async with asyncio.timeout(timeout_seconds):
                response = await self._completions.create(**dialect.body(request), timeout=timeout_seconds)
        except openai.APIStatusError as error:
            raise self._failure(error, model, dialect) from None
        except (TimeoutError, openai.APITimeoutError):
            raise self._service.timed_out(timeout_seconds) from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, ProviderError):
                # What the turn said: older versions take any error for one of the connection.
                raise error.__cause__ from None
            raise self._broken(error.__cause__ or error) from None
        return self._service.answer(response.content, model=model)

    async def close(self) -> None:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        await self._client.close()

    async def _put_together(self, request: Any) -> None:
        """The headers as they are meant, whatever the environment has added to them; and when to be sent."""
        request.extensions = {**request.extensions, **looked_at_by_httpx(_TURN.get())}
        headers = request.headers
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        headers.clear()
        headers.update(
            {
                "host": request.url.netloc.decode("ascii"),
                **kept,
                "accept": "application/json",
                "content-type": "application/json",
                "user-agent": "viral_assets",
            }
        )
        if self._service.api_key:
            headers["authorization"] = f"Bearer {self._service.api_key}"

    def _failure(self, error: openai.APIStatusError, model: str, dialect: Dialect) -> ProviderError:
        response = error.response
        failure = self._service.failure(response.status_code, response.headers, response.content, model=model)
        if not isinstance(failure, RejectedRequestError):
            return failure
        if isinstance(failure, TooMuchInputError) and failure.counted >= failure.allowed:
            # However it is put, there is no room for an answer.
            return failure
        lesson = dialect.after(complaint(response.content))
        if lesson == dialect:
            return failure
        self._learnt[model] = self._learnt.get(model, self._dialect).and_without(lesson)
        return AdaptedRequestError(
            f"{failure} The next request does without {dialect.lost(lesson)}.", http_status=response.status_code
        )

    def _broken(self, cause: BaseException) -> ProviderError:
        if "Connect" in (kind := type(cause).__name__) and "Disconnect" not in kind:
            return self._service.unreachable(cause)
        return self._service.broken_off(cause)
