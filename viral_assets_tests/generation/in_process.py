"""Asks the emulator without a socket, so that time can be virtual. What a response means is decided where it is for
both SDKs, and a test holds the three to the same answers and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

from starlette.responses import Response

from viral_assets.errors import ProviderError, TransientProviderError
from viral_assets.generation.clients.base import BatchAtService
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.responses import header_of
from viral_assets.llm.tiers import BATCH, FLEX, STANDARD, Tier, tier_named
from viral_assets.llm.types import Answer, Usage, fingerprint
from viral_assets_tests.gemini_emulator import BrokenConnection, GeminiEmulator, Trickle


class InProcessClient:
    """See :class:`viral_assets.generation.clients.base.GenerationClient`.

    Args:
        emulator: on the clock of the event loop that it is used in; None for an address where nobody is.
        key: sent with every request.
        endpoint: named in messages.
    """

    provider = "in-process"
    tiers: Collection[Tier] = (STANDARD, FLEX, BATCH)

    def __init__(
        self, emulator: GeminiEmulator | None, key: str = "test-key", *, endpoint: str = "http://in-process"
    ) -> None:
        self._emulator = emulator
        self._service = gemini.GeminiEndpoint.of(key, endpoint)
        self.key_fingerprint = fingerprint(key)
        self.batches = None if emulator is None else InProcessBatches(self, emulator, key)

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        model = self._service.checked_model(request.model)
        if self._emulator is None:
            raise self._service.unreachable(ConnectionRefusedError(111, "Connection refused"))
        call, key = f"{model}:generateContent", self._service.api_key
        try:
            async with asyncio.timeout(timeout_seconds):
                while turn is not None and turn.is_over():
                    await turn.renew()
                at = self._emulator.clock.monotonic()
                response = await self._emulator.respond(call, key, _body(request), at=at)
                if isinstance(response, Trickle):
                    await self._emulator.clock.sleep(2 * timeout_seconds)
        except TimeoutError:
            raise self._service.timed_out(timeout_seconds) from None
        if isinstance(response, BrokenConnection):
            raise self._service.broken_off(ConnectionResetError(104, "Connection reset by peer"))
        if response.status_code != 200:
            raise self._service.failure(
                response.status_code, response.headers, bytes(response.body), model=model, tier=request.tier
            )
        served = tier_named(header_of(response.headers, gemini.TIER_HEADER), asked=request.tier)
        return self.read(bytes(response.body), served)

    def failure(self, response: Response, model: str) -> ProviderError:
        """What a response that is no success means, at the standard tier."""
        if isinstance(response, BrokenConnection):
            return self._service.broken_off(ConnectionResetError(104, "Connection reset by peer"))
        return self._service.failure(response.status_code, response.headers, bytes(response.body), model=model)

    async def close(self) -> None:
        return None

    def read(self, body: bytes, tier: Tier) -> Answer:
        """What a success means."""
        try:
            response = json.loads(body)
            candidate = next(iter(response.get("candidates", [])), None)
            text = "".join(part["text"] for part in candidate["content"].get("parts", [])) if candidate else ""
            counted = response.get("usageMetadata")
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise self._service.undecodable(error) from None
        return self._service.answer(
            text,
            _usage(counted) if counted else None,
            candidate.get("finishReason", "") if candidate else None,
            response.get("promptFeedback", {}).get("blockReason"),
            response.get("modelVersion"),
            tier,
        )


class InProcessBatches:
    """See :class:`viral_assets.generation.clients.base.BatchClient`."""

    def __init__(self, client: InProcessClient, emulator: GeminiEmulator, key: str) -> None:
        self._client, self._emulator, self._key = client, emulator, key

    async def create(self, batch_id: str, model: str, requests: Mapping[str, GenerationRequest]) -> BatchAtService:
        inlined = [
            {"request": _body(each), "metadata": {"request": request_id}} for request_id, each in requests.items()
        ]
        body = {"batch": {"displayName": batch_id, "inputConfig": {"requests": {"requests": inlined}}}}
        at = self._emulator.clock.monotonic()
        response = await self._emulator.respond(f"{model}:batchGenerateContent", self._key, body, at=at)
        if isinstance(response, BrokenConnection) or response.status_code != 200:
            raise self._client.failure(response, model)
        return self._batch(json.loads(bytes(response.body)))

    async def find(self, batch_id: str) -> BatchAtService | None:
        listed = json.loads(bytes((await self._ask("list")).body))
        operations = listed.get("operations", [])
        return next((self._batch(each) for each in operations if each["metadata"]["displayName"] == batch_id), None)

    async def get(self, name: str, model: str) -> BatchAtService | None:
        response = await self._ask("get", name)
        return None if response.status_code == 404 else self._batch(json.loads(bytes(response.body)))

    async def cancel(self, name: str) -> None:
        await self._ask("cancel", name)

    async def _ask(self, method: str, name: str = "") -> Response:
        at = self._emulator.clock.monotonic()
        return await self._emulator.respond_about_batches(method, self._key, at=at, name=name)

    def _batch(self, operation: Mapping[str, Any]) -> BatchAtService:
        metadata = operation["metadata"]
        state = metadata["state"].removeprefix("BATCH_STATE_")
        results = metadata.get("output", {}).get("inlinedResponses", {}).get("inlinedResponses", [])
        replies = {each["metadata"]["request"]: self._reply(each) for each in results}
        return BatchAtService(operation["name"], state, state not in {"PENDING", "RUNNING"}, replies)

    def _reply(self, result: Mapping[str, Any]) -> Answer | ProviderError:
        if "response" not in result:
            return TransientProviderError(str(result["error"]["message"]))
        try:
            return self._client.read(json.dumps(result["response"]).encode(), BATCH)
        except ProviderError as error:
            return error


def _body(request: GenerationRequest) -> dict[str, Any]:
    return {
        **({"serviceTier": request.tier} if request.tier == FLEX else {}),
        "systemInstruction": {"parts": [{"text": request.system_instruction}]},
        "contents": [{"role": "user", "parts": [{"text": request.prompt}]}],
        "generationConfig": {
            "temperature": request.temperature,
            "maxOutputTokens": request.max_output_tokens,
            "responseMimeType": "application/json",
            "responseSchema": dict(request.response_schema),
        },
    }


def _usage(counted: dict[str, int]) -> Usage | None:
    prompt, candidates, total = (counted.get(f"{name}TokenCount") for name in ("prompt", "candidates", "total"))
    return gemini.usage(prompt, candidates, total, cached=counted.get("cachedContentTokenCount"))
