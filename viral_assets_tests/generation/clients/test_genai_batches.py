"""Batches over real HTTP with the real SDK: what comes back, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from viral_assets.errors import (
    BlockedAnswerError,
    FatalProviderError,
    ModelUnavailableError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import BatchClient
from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.llm.tiers import BATCH
from viral_assets.llm.types import Answer
from viral_assets_tests.gemini_emulator import BLOCKED_MARKER, INVALID_KEY, BatchConfig, EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import opportunity, pack, project

pytest.importorskip("google.genai", minversion="3.0")

MODEL = "gemini-2.5-flash-lite"
REQUESTS = {f"request-{number}": build_request(project(), [each], tier=BATCH) for number, each in enumerate(pack(3))}


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator(EmulatorConfig(batches=BatchConfig(seconds=None))) as running:
        yield running


def using(emulator: GeminiEmulator, work: Callable[[BatchClient], Awaitable[Any]], *, key: str = "a-key") -> Any:
    async def run() -> Any:
        client = build_client("google-genai", api_key=key, endpoint=emulator.url)
        assert client.batches is not None
        try:
            return await work(client.batches)
        finally:
            await client.close()

    return asyncio.run(run())


def end(emulator: GeminiEmulator) -> None:
    emulator.config = replace(emulator.config, batches=BatchConfig(seconds=0))


def test_answers_come_back_by_the_ids_of_their_requests(emulator: GeminiEmulator) -> None:
    async def work(batches: BatchClient) -> None:
        made = await batches.create("our-id", MODEL, REQUESTS)
        assert (made.has_ended, dict(made.replies)) == (False, {})
        found = await batches.find("our-id")
        assert found is not None
        assert found.name == made.name
        end(emulator)
        ended = await batches.get(made.name, MODEL)
        assert ended is not None
        assert (ended.has_ended, ended.state) == (True, "SUCCEEDED")
        assert list(ended.replies) == list(reversed(REQUESTS)), "the service's order"
        for request_id, request in REQUESTS.items():
            answer = ended.replies[request_id]
            assert isinstance(answer, Answer)
            assert list(parse_answer(answer.text, request.opportunities).suggestions) == list(request.tweet_ids)
            assert (answer.tier, answer.model_version) == (BATCH, MODEL)
            assert answer.usage is not None

    using(emulator, work)
    assert [each.kind for each in emulator.arrivals if each.kind != "batch"] == [
        "batchGenerateContent",
        "listBatch",
        "getBatch",
    ]
    (body,) = [each for each in emulator.bodies if "batch" in each]
    first = body["batch"]["inputConfig"]["requests"]["requests"][0]
    assert first["request"]["generationConfig"]["responseMimeType"] == "application/json"
    assert "serviceTier" not in first["request"]


def test_what_the_service_does_not_know_is_none_and_what_has_ended_stays(emulator: GeminiEmulator) -> None:
    async def work(batches: BatchClient) -> None:
        assert await batches.find("no such id") is None
        assert await batches.get("batches/none", MODEL) is None
        await batches.cancel("batches/none")
        made = await batches.create("our-id", MODEL, REQUESTS)
        await batches.cancel(made.name)
        await batches.cancel(made.name)
        found = await batches.get(made.name, MODEL)
        assert found is not None
        assert found.state == "CANCELLED"

    using(emulator, work)


def test_a_request_without_an_answer_says_why(emulator: GeminiEmulator) -> None:
    emulator.batches.script("503", "ok", "no_json")
    blocked = build_request(project(), [opportunity("9", f"with {BLOCKED_MARKER}")], tier=BATCH)

    async def work(batches: BatchClient) -> None:
        made = await batches.create("our-id", MODEL, {**REQUESTS, "blocked": blocked})
        end(emulator)
        ended = await batches.get(made.name, MODEL)
        assert ended is not None
        kinds = {request_id: type(reply) for request_id, reply in ended.replies.items()}
        assert kinds == {
            "request-0": TransientProviderError,
            "request-1": Answer,
            "request-2": TransientProviderError,
            "blocked": BlockedAnswerError,
        }

    using(emulator, work)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("400", RejectedRequestError),
        ("404", ModelUnavailableError),
        ("429", RateLimitedError),
        ("503", TransientProviderError),
        ("reset", TransientProviderError),
    ],
)
def test_whether_a_batch_may_have_been_made_is_told(emulator: GeminiEmulator, fault: str, kind: type) -> None:
    """After a transient error it may have been, after any other it has not."""
    emulator.script_batches(fault)

    async def work(batches: BatchClient) -> None:
        with pytest.raises(kind):
            await batches.create("our-id", MODEL, REQUESTS)

    using(emulator, work)
    assert bool(emulator.batches.states()) == (fault == "reset")
    assert sum(each.kind == "batchGenerateContent" for each in emulator.arrivals) == 1


def test_a_wrong_key_is_fatal(emulator: GeminiEmulator) -> None:
    async def work(batches: BatchClient) -> None:
        with pytest.raises(FatalProviderError):
            await batches.get("batches/1", MODEL)

    using(emulator, work, key=INVALID_KEY)
