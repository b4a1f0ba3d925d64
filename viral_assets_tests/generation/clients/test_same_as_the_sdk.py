"""What google-genai would send and make of an answer, and what is sent and made of it without its models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from google.genai import types

from viral_assets.errors import ProviderError, TransientProviderError
from viral_assets.generation.clients.google_genai import GoogleGenAIClient
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.tiers import FLEX
from viral_assets.llm.types import Answer
from viral_assets_tests.gemini_emulator import (
    FAULTS,
    FINISHES,
    FORBIDDEN_KEY,
    INVALID_KEY,
    REFUSALS,
    UNAUTHENTICATED_KEY,
    EmulatorConfig,
    GeminiEmulator,
)
from viral_assets_tests.generation.clients.test_sdks import comparable
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.wire import Wire, reply

KEY = "AIza-secret-key-0123456789"
REQUEST = build_request(project(), pack(3))
OF_OWN_WORDS = {"bad_utf8", "json_list", "empty_body", "wrong_type", "no_json"}
"""A body that is not the API's: the SDK has words of its own for what is wrong with it."""
NOT_HERE = {"hang", "trickle", "together", "400_thinking"}
"""The first three take time; what is learnt from the last one is the client's, whoever sends the request."""


class ThroughTheSdk(GoogleGenAIClient):
    """Asks with all of the SDK."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        config = self.config(request)
        config.http_options = types.HttpOptions(timeout=int(timeout_seconds * 1000))
        try:
            response = await self._sdk.aio.models.generate_content(
                model=request.model, contents=request.prompt, config=config
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the client says what it means
            failure = self.failure(error, request.model, timeout_seconds=timeout_seconds)
            assert failure is not None
            raise failure from None
        return self.read(response, request.tier)


KINDS: tuple[type[GoogleGenAIClient], ...] = (GoogleGenAIClient, ThroughTheSdk)


@pytest.fixture(scope="module")
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator(EmulatorConfig(thought_tokens=7, cached_tokens=3)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(emulator: GeminiEmulator) -> None:
    emulator.reset()


def outcomes(
    kind: type[GoogleGenAIClient],
    endpoint: str,
    requests: Iterable[GenerationRequest] = (REQUEST,),
    *,
    key: str = KEY,
) -> list[Answer | ProviderError]:
    """What becomes of some requests, one after the other."""

    async def run() -> list[Answer | ProviderError]:
        client = kind(key, endpoint=endpoint)
        found: list[Answer | ProviderError] = []
        for request in requests:
            try:
                found.append(await client.generate(request, timeout_seconds=60))
            except ProviderError as error:
                found.append(error)
        await client.close()
        return found

    return asyncio.run(run())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:NOT_YET_INVENTED")
def test_every_answer_and_error_is_the_same(emulator: GeminiEmulator) -> None:
    faults = ["ok", *sorted({*FAULTS, *REFUSALS, *FINISHES} - NOT_HERE)]
    results = []
    for kind in KINDS:
        emulator.script(*faults)
        results.append(outcomes(kind, emulator.url, [REQUEST] * len(faults)))

    assert len(emulator.arrivals) == 2 * len(faults)
    for fault, mine, the_sdks in zip(faults, *results, strict=True):
        if fault in OF_OWN_WORDS:
            assert all(type(result) is TransientProviderError for result in (mine, the_sdks)), fault
            assert all("not the Gemini API's" in str(result) for result in (mine, the_sdks)), fault
        else:
            assert comparable(mine) == comparable(the_sdks), fault


@pytest.mark.parametrize("key", [FORBIDDEN_KEY, INVALID_KEY, UNAUTHENTICATED_KEY])
def test_every_refused_key_is_the_same_error(emulator: GeminiEmulator, key: str) -> None:
    results = [outcomes(kind, emulator.url, key=key)[0] for kind in KINDS]
    assert comparable(results[0]) == comparable(results[1])


def test_where_nobody_is_is_the_same_error() -> None:
    with Wire() as wire:
        nowhere = wire.url
    results = [outcomes(kind, nowhere)[0] for kind in KINDS]
    assert comparable(results[0]) == comparable(results[1])
    assert isinstance(results[0], TransientProviderError)
    assert not results[0].reached


def test_every_request_is_the_same() -> None:
    odd = [replace(each, text='"quotes", {braces}, \U0001f600 é \u2028') for each in pack(1)]
    requests = [
        REQUEST,
        build_request(project(), odd),
        replace(REQUEST, temperature=None),
        *(replace(REQUEST, model=name) for name in ("gemini-3.5-flash-lite", "gemini-flash-experiment")),
        *([replace(REQUEST, tier=FLEX)] if FLEX in GoogleGenAIClient.tiers else []),
    ]
    with Wire() as wire:
        wire.answer = reply(200, {"candidates": [{"content": {"parts": [{"text": "[]"}]}, "finishReason": "STOP"}]})
        for kind in KINDS:
            assert all(isinstance(each, Answer) for each in outcomes(kind, wire.url, requests))
    sent = [(each.method, each.path, sorted(each.headers), json.loads(each.body)) for each in wire.arrivals]
    assert sent[: len(requests)] == sent[len(requests) :]
