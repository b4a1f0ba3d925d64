"""Gemini through google-generativeai: synchronous, so every request runs in a thread of the client's own pool.

What this module works around, found by reading and running version 0.8.6, the last one:

- it retries 503 for minutes unless ``retry=None`` is passed, and google-auth sends a request that got a 401 twice more:
  both are off, so that one call is one request;
- its HTTP library follows redirects, to any host and with the key: that is off too;
- ``configure()`` is global: every client here has its own connection with its own key and endpoint instead;
- errors lose their status when their body is not shaped as expected: they are read from the response itself;
- it warns on import that its support has ended, about which a user of this project can do nothing, and its models of a
  request take as long as the HTTP itself: what it writes is kept (``google_generativeai_wire``);
- it cannot turn thinking off, and has no count of thoughts: they are what total minus prompt minus answer leaves.

Importing this module imports the SDK, which takes a second: ``clients.build_client`` does it when needed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any

import requests
from google.ai.generativelanguage_v1beta import GenerativeServiceClient
from google.ai.generativelanguage_v1beta.services.generative_service.transports import GenerativeServiceRestTransport
from google.ai.generativelanguage_v1beta.services.generative_service.transports.rest import DEFAULT_CLIENT_INFO
from google.auth.api_key import Credentials
from google.auth.transport.requests import AuthorizedSession
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]
from requests.utils import get_netrc_auth
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from viral_assets.errors import ProviderError
from viral_assets.generation.clients.google_generativeai_wire import Recorder, Writer, read
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.llm.types import Answer, fingerprint
from viral_assets.llm.wire import WireAdapter, looking_at_the_wire
from viral_assets.threads import DaemonThreads

GRACE_SECONDS = 1.0
"""The SDK's timeout starts anew with every byte. An answer that trickles is given up this long after its time."""


class GoogleGenerativeAIClient:
    """One key, one endpoint, a pool of threads.

    A cancelled :meth:`generate` that still waits for a thread makes no request. One that has a thread returns at
    once, while the thread receives the answer and drops it: a caller that wants the answer shields the call and
    awaits it. A process that ends does not wait for such a thread.

    Args:
        api_key: of the Gemini API.
        endpoint: another base URL, for a proxy or an emulator.
        max_workers: how many requests run at the same time; more wait for a thread.

    Raises:
        ConfigurationError: key or endpoint cannot be used.
    """

    provider = "google-generativeai"
    tiers: Collection[Tier] = (STANDARD,)
    batches = None

    def __init__(self, api_key: str, *, endpoint: str | None = None, max_workers: int = 10) -> None:
        self._service = gemini.GeminiEndpoint.of(api_key, endpoint)
        self.key_fingerprint = fingerprint(self._service.api_key)
        credentials = Credentials(self._service.api_key)
        self._session = _Session(credentials, self._service.base_url, max_workers)
        self._requests = Writer(GenerativeServiceClient(transport=_Recording(self._service, credentials)))
        self._threads = DaemonThreads(max_workers, "gemini")

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        loop, started = asyncio.get_running_loop(), asyncio.Event()

        def look() -> None:
            while turn is not None and turn.is_over():
                asyncio.run_coroutine_threadsafe(turn.renew(), loop).result()

        def ask() -> Answer:
            loop.call_soon_threadsafe(started.set)
            with looking_at_the_wire(look):
                return self._ask(request, timeout_seconds)

        answer = loop.run_in_executor(self._threads, ask)
        try:
            await started.wait()
            async with asyncio.timeout(timeout_seconds + GRACE_SECONDS):
                return await answer
        except TimeoutError:
            raise self._service.timed_out(timeout_seconds) from None
        finally:
            answer.cancel()

    async def close(self) -> None:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _ask(self, request: GenerationRequest, timeout_seconds: float) -> Answer:
        written = self._requests.written(self._service.checked_model(request.model), request)
        try:
            response = read(written.post(self._session, request.prompt, timeout_seconds=timeout_seconds).content)
        except _HttpFailureError as failure:
            raise self._service.failure(failure.status, failure.headers, failure.body, model=request.model) from None
        except (_NotJsonError, ParseError) as error:
            raise self._service.undecodable(error) from None
        except requests.RequestException as error:
            raise self._broken(error, timeout_seconds) from None
        counted, feedback = response.usage_metadata, response.prompt_feedback
        candidate = response.candidates[0] if response.candidates else None
        return self._service.answer(
            "".join(part.text for part in candidate.content.parts) if candidate else "",
            gemini.usage(
                counted.prompt_token_count,
                counted.candidates_token_count,
                counted.total_token_count,
                cached=counted.cached_content_token_count,
            ),
            _name(candidate.finish_reason) if candidate else None,
            _name(feedback.block_reason) if feedback.block_reason != 0 else None,
            response.model_version,
            STANDARD,
        )

    def _broken(self, error: requests.RequestException, timeout_seconds: float) -> ProviderError:
        inner = error.args[0] if error.args else None
        if isinstance(error, requests.ReadTimeout) or isinstance(inner, ReadTimeoutError):
            return self._service.timed_out(timeout_seconds)
        if isinstance(error, requests.ConnectionError) and not isinstance(inner, ProtocolError):
            return self._service.unreachable(error)
        return self._service.broken_off(error)


class _HttpFailureError(Exception):
    """A response that is no success, as it came."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.status, self.headers, self.body = response.status_code, response.headers, response.content


class _NotJsonError(Exception):
    """A success whose body is not a JSON object."""


class _Session(AuthorizedSession):
    """Sends each request once, to one host, and judges the response before the SDK does."""

    def __init__(self, credentials: Credentials, base_url: str, pool_size: int) -> None:
        super().__init__(credentials, refresh_status_codes=(), max_refresh_attempts=0)
        # What the environment says of proxies, certificates and passwords: read once, and not for every request.
        found = self.merge_environment_settings(base_url, {}, None, None, None)
        self.proxies, self.verify, self.cert = found["proxies"], found["verify"], found["cert"]
        self.auth = get_netrc_auth(base_url)
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, WireAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        response: requests.Response = super().request(*args, **kwargs, allow_redirects=False)
        if response.status_code != requests.codes.ok:
            raise _HttpFailureError(response)
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            raise _NotJsonError(response.text[:200] or "an empty body") from None
        if not isinstance(body, dict):
            raise _NotJsonError(response.text[:200])
        return response


class _Recording(GenerativeServiceRestTransport):
    """The SDK's REST transport, whose requests are taken down and not sent."""

    def __init__(self, service: gemini.GeminiEndpoint, credentials: Credentials) -> None:
        super().__init__(host=service.base_url, credentials=credentials)
        self._session.close()
        self._session = Recorder(credentials)
        # The SDK finds a method by what it holds, the session included.
        self._prep_wrapped_messages(DEFAULT_CLIENT_INFO)


def _name(value: Any) -> str:
    """Of an enum; reasons younger than the SDK come as bare numbers."""
    return str(getattr(value, "name", f"OTHER_{value}"))
