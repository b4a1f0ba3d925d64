"""One request to the Gemini API as google-genai sends it, over the HTTP library that it brings, without its models.

The SDK builds some forty typed objects for a request and as many for its answer, which takes three times the processor
time of the HTTP itself. Everything that goes over the wire is the same (a test holds the bodies and headers against the
SDK's), and so is what comes of every answer and error.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from viral_assets.generation.clients.turns import Turn, looked_at_by_httpx
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.responses import header_of
from viral_assets.llm.thinking import ThinkingSetting
from viral_assets.llm.tiers import FLEX, Tier, tier_named
from viral_assets.llm.types import Answer, Usage

API_VERSION = "v1beta"
"""v1 knows no response schema."""

MAX_CONNECTIONS = 1_000
"""More than any quota can use; the HTTP library's own default is 100."""

CONNECTIONS_OF_A_POOL = 10
"""For each request the HTTP library looks at all connections of its pool, so that a thousand of them in one would take
more time than the requests."""


class HttpFailureError(Exception):
    """A response that is no success, as it came."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status)
        self.status, self.headers, self.body = status, headers, body


@dataclass(slots=True, eq=False)
class _Pool:
    """A client of the HTTP library, and how many of its connections are taken."""

    client: Any
    in_use: int = 0

    @contextmanager
    def connection(self) -> Iterator[Any]:
        self.in_use += 1
        try:
            yield self.client
        finally:
            self.in_use -= 1


class GeminiRest:
    """One key, one endpoint, as many connections as requests are under way.

    Args:
        library: httpx, or the httpx2 that newer versions of the SDK bring.
        sender: what the SDK calls itself.
    """

    def __init__(self, service: gemini.GeminiEndpoint, library: ModuleType, sender: str) -> None:
        self._service, self._library = service, library
        self._models = f"{service.base_url}/{API_VERSION}/models"
        self._headers = {
            "content-type": "application/json",
            "x-goog-api-key": service.api_key,
            "user-agent": sender,
            "x-goog-api-client": sender,
        }
        # A tenth of a second of reading certificates, which no request has to wait for.
        self._certificates = library.create_ssl_context()
        self._addresses: dict[str, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pools: list[_Pool] = []

    async def generate(
        self,
        request: GenerationRequest,
        thinking: ThinkingSetting | None,
        *,
        timeout_seconds: float,
        turn: Turn | None = None,
    ) -> Answer:
        """Ask once.

        Raises:
            HttpFailureError: the response is no success.
            BlockedAnswerError: a filter withheld prompt or answer.
            TransientProviderError: the body is not the API's.
            TimeoutError: it took longer.
            Exception: the HTTP library's, where the connection fails.
        """
        with self._pool().connection() as client:
            async with asyncio.timeout(timeout_seconds):
                response = await client.post(
                    self._address(request.model),
                    content=json.dumps(body_of(request, thinking)),
                    headers={"x-server-timeout": str(math.ceil(timeout_seconds))},
                    # The whole request has one: another for each of its steps would end later.
                    timeout=None,
                    extensions=looked_at_by_httpx(turn),
                )
        if response.status_code != 200:
            raise HttpFailureError(response.status_code, response.headers, response.content)
        return self._read(
            response.content, tier_named(header_of(response.headers, gemini.TIER_HEADER), asked=request.tier)
        )

    async def close(self) -> None:
        pools, self._pools = self._pools, []
        if self._loop is asyncio.get_running_loop():
            for pool in pools:
                await pool.client.aclose()
        self._loop = None

    def _address(self, model: str) -> Any:
        """Parsed, which a library does for each request otherwise."""
        if model not in self._addresses:
            self._addresses[model] = self._library.URL(f"{self._models}/{model}:generateContent")
        return self._addresses[model]

    def _pool(self) -> _Pool:
        """One of this event loop with a connection to spare, the oldest first, whose connections are open already;
        those of another loop, which is over, are of no use."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._pools = loop, []
        for pool in self._pools:
            if pool.in_use < CONNECTIONS_OF_A_POOL:
                return pool
        self._pools.append(_Pool(self._new_client()))
        return self._pools[-1]

    def _new_client(self) -> Any:
        return self._library.AsyncClient(
            headers=self._headers,
            limits=self._library.Limits(max_connections=CONNECTIONS_OF_A_POOL),
            follow_redirects=False,
            verify=self._certificates,
        )

    def _read(self, body: bytes, tier: Tier) -> Answer:
        try:
            answer = json.loads(body)
            candidates, counted = answer.get("candidates") or (), answer.get("usageMetadata")
            candidate = candidates[0] if candidates else None
            text = _text_of(candidate) if candidate else ""
            usage = _usage(counted) if counted else None
            finish = (candidate.get("finishReason") or "") if candidate else None
            blocked = (answer.get("promptFeedback") or {}).get("blockReason")
            model_version = answer.get("modelVersion")
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise self._service.undecodable(getattr(error, "doc", error)) from None
        return self._service.answer(text, usage, finish, blocked, model_version, tier)


def body_of(request: GenerationRequest, thinking: ThinkingSetting | None) -> dict[str, Any]:
    """What is sent."""
    config: dict[str, Any] = {} if request.temperature is None else {"temperature": request.temperature}
    config |= {
        "maxOutputTokens": request.max_output_tokens,
        "responseMimeType": "application/json",
        "responseSchema": _schema(json.dumps(request.response_schema)),
    }
    if thinking is not None:
        # In the SDK's words; the API takes these as well as thinkingBudget and thinkingLevel.
        budget, level = {"thinking_budget": thinking.budget}, {"thinking_level": thinking.level}
        config["thinkingConfig"] = level if thinking.budget is None else budget
    return {
        "contents": [{"parts": [{"text": request.prompt}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": request.system_instruction}], "role": "user"},
        # What a batch is asked at is said by its address.
        **({"serviceTier": request.tier} if request.tier == FLEX else {}),
        "generationConfig": config,
    }


@lru_cache(maxsize=64)
def _schema(source: str) -> Any:
    """As the SDK writes it: types in capitals, the order of properties said."""
    return _converted(json.loads(source))


def _converted(schema: dict[str, Any]) -> dict[str, Any]:
    made = {**schema, "type": schema["type"].upper()}
    if "items" in schema:
        made["items"] = _converted(schema["items"])
    if "properties" in schema:
        made["properties"] = {name: _converted(each) for name, each in schema["properties"].items()}
        made["property_ordering"] = list(schema["properties"])
    return made


def _text_of(candidate: Mapping[str, Any]) -> str:
    parts = (candidate.get("content") or {}).get("parts") or ()
    return "".join([part["text"] for part in parts if part.get("text") and not part.get("thought")])


def _usage(counted: Mapping[str, Any]) -> Usage | None:
    return gemini.usage(
        counted.get("promptTokenCount"),
        counted.get("candidatesTokenCount"),
        counted.get("totalTokenCount"),
        counted.get("thoughtsTokenCount"),
        counted.get("cachedContentTokenCount"),
    )
