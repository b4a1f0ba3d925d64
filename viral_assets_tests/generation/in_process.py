"""Asks the emulator without a socket, so that time can be virtual. What a response means is decided where it is for
both SDKs, and a test holds the three to the same answers and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any

from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.responses import header_of
from viral_assets.llm.tiers import FLEX, STANDARD, Tier, tier_named
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
    tiers: Collection[Tier] = (STANDARD, FLEX)

    def __init__(
        self, emulator: GeminiEmulator | None, key: str = "test-key", *, endpoint: str = "http://in-process"
    ) -> None:
        self._emulator = emulator
        self._service = gemini.Service.of(key, endpoint)
        self.key_fingerprint = fingerprint(key)

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float) -> Answer:
        model = self._service.checked_model(request.model)
        if self._emulator is None:
            raise self._service.unreachable(ConnectionRefusedError(111, "Connection refused"))
        call, key = f"{model}:generateContent", self._service.api_key
        try:
            async with asyncio.timeout(timeout_seconds):
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
        return self._answer(bytes(response.body), served)

    async def close(self) -> None:
        return None

    def _answer(self, body: bytes, tier: Tier) -> Answer:
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


def _body(request: GenerationRequest) -> dict[str, Any]:
    return {
        **({} if request.tier == STANDARD else {"serviceTier": request.tier}),
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
