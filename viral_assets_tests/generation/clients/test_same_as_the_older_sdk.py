"""What google-generativeai sends, and what is sent of what it wrote once."""

from __future__ import annotations

import asyncio
import copy
import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from google.ai.generativelanguage_v1beta import GenerativeServiceClient
from google.ai.generativelanguage_v1beta.services.generative_service.transports import GenerativeServiceRestTransport
from google.auth.api_key import Credentials

from viral_assets.generation.clients.google_generativeai import GoogleGenerativeAIClient
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.wire import Arrival, Wire, reply

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    from google.generativeai.generative_models import GenerativeModel
    from google.generativeai.types import GenerationConfig, RequestOptions

KEY = "AIza-secret-key-0123456789"
ANSWER = {"candidates": [{"content": {"parts": [{"text": "[]"}]}, "finishReason": "STOP"}]}


def send_by_the_sdk(endpoint: str, request: GenerationRequest) -> None:
    model = GenerativeModel(
        request.model,
        system_instruction=request.system_instruction,
        generation_config=GenerationConfig(
            temperature=request.temperature,
            max_output_tokens=request.max_output_tokens,
            response_mime_type="application/json",
            response_schema=copy.deepcopy(dict(request.response_schema)),
        ),
    )
    transport = GenerativeServiceRestTransport(host=endpoint, credentials=Credentials(KEY))
    model._client = GenerativeServiceClient(transport=transport)  # type: ignore[assignment]
    model.generate_content(request.prompt, request_options=RequestOptions(timeout=60, retry=None))
    transport.close()


def without_its_length(arrival: Arrival) -> tuple[str, str, Mapping[str, str], Any]:
    headers = {name: value for name, value in arrival.headers if name != "content-length"}
    return arrival.method, arrival.path, headers, json.loads(arrival.body)


def test_every_request_is_the_same() -> None:
    odd = [replace(each, text='"quotes", {braces}, \U0001f600 é \u2028') for each in pack(1)]
    first = build_request(project(), pack(3))
    requests = [
        first,
        build_request(project(), pack(2)),
        build_request(project(), odd),
        replace(first, prompt="the same but for the prompt"),
        replace(first, temperature=None),
        replace(first, max_output_tokens=77),
        replace(first, system_instruction="Another instruction."),
        replace(first, response_schema={"type": "array", "items": {"type": "string"}}),
        replace(first, model="gemini-3.5-flash-lite"),
        first,
    ]
    with Wire() as wire:
        wire.answer = reply(200, ANSWER)

        async def send_all() -> None:
            client = GoogleGenerativeAIClient(KEY, endpoint=wire.url, max_workers=2)
            for request in requests:
                await client.generate(request, timeout_seconds=60)
            await client.close()

        asyncio.run(send_all())
        for request in requests:
            send_by_the_sdk(wire.url, request)

    sent = list(map(without_its_length, wire.arrivals))
    assert len(sent) == 2 * len(requests)
    assert sent[: len(requests)] == sent[len(requests) :]
