"""The emulator itself: it has to be right for the other tests to mean anything. Spoken to without any SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets_tests.gemini_emulator import (
    BLOCKED_MARKER,
    FAULTS,
    FINISHES,
    REFUSALS,
    REJECTED_MARKER,
    EmulatorConfig,
    GeminiEmulator,
)
from viral_assets_tests.generation.make import opportunity, pack, project
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(emulator: GeminiEmulator) -> None:
    emulator.reset()


def body(
    text: str = '{"tweets": [{"id": "1", "text": "hello"}]}', types: tuple[str, ...] = ("add_value",)
) -> dict[str, Any]:
    schema = {"type": "STRING", "enum": list(types)}
    return {
        "contents": [{"role": "user", "parts": [{"text": text}]}],
        "generationConfig": {"responseSchema": {"type": "ARRAY", "items": {"properties": {"type": schema}}}},
    }


def post(
    emulator: GeminiEmulator, call: str = "gemini-2.5-flash-lite:generateContent", **more: Any
) -> requests.Response:
    given: dict[str, Any] = {"json": body(), "headers": {"x-goog-api-key": "some-key"}, "timeout": 60} | more
    return requests.post(f"{emulator.url}/v1beta/models/{call}", **given)


def text_of(response: requests.Response) -> str:
    return str(response.json()["candidates"][0]["content"]["parts"][0]["text"])


def test_it_answers_every_id_and_type_with_texts_that_pass_the_filter(emulator: GeminiEmulator) -> None:
    tweets = pack(7)
    request = build_request(project(), tweets)
    answer = text_of(post(emulator, json=body(request.prompt, tweets[0].suggestion_types)))
    parsed = parse_answer(answer, tweets)
    quality = QualityFilter(project())
    for tweet in tweets:
        for kind in tweet.suggestion_types:
            assert quality.review(tweet, kind, parsed.suggestions[tweet.tweet_id][kind]) is None
    assert emulator.arrivals[0].tweet_ids == [tweet.tweet_id for tweet in tweets]


def test_it_finds_ids_in_any_text_and_answers_only_the_types_a_tweet_names(emulator: GeminiEmulator) -> None:
    answer = json.loads(
        text_of(post(emulator, json=body('Tweets:\n{"id" : "a"}\n{"id":"b", "text": "\\"id\\": \\"c\\""}')))
    )
    assert [item["id"] for item in answer] == ["a", "b"]
    tweets = [opportunity("1", types=("add_value", "ask_question")), opportunity("2", types=("ask_question",))]
    answer = json.loads(
        text_of(post(emulator, json=body(build_request(project(), tweets).prompt, ("add_value", "ask_question"))))
    )
    assert [[each["type"] for each in item["suggestions"]] for item in answer] == [
        ["add_value", "ask_question"],
        ["ask_question"],
    ]


def test_it_counts_tokens_by_four_characters_and_thoughts_apart() -> None:
    with GeminiEmulator(EmulatorConfig(thought_tokens=11)) as emulator:
        usage = post(emulator, json=body("x" * 400)).json()["usageMetadata"]
    assert usage["promptTokenCount"] == 100
    assert usage["totalTokenCount"] == 100 + usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    assert usage["thoughtsTokenCount"] == 11


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ({"headers": {}}, 400, "API key not valid"),
        ({"headers": {"x-goog-api-key": "invalid-key"}}, 400, "API key not valid"),
        ({"headers": {"x-goog-api-key": "forbidden-key"}}, 403, "has not been used"),
        ({"headers": {"x-goog-api-key": "unauthenticated-key"}}, 401, "invalid authentication"),
        ({"headers": {}, "params": {"key": "k"}}, 200, ""),
        ({"call": "gpt-1:generateContent"}, 404, "models/gpt-1 is not found"),
        ({"call": "gemini-2.5-flash:sing"}, 404, "Method sing"),
        ({"json": body(f"please {REJECTED_MARKER}")}, 400, "invalid argument"),
    ],
)
def test_it_refuses_what_the_api_refuses(
    emulator: GeminiEmulator, more: dict[str, Any], status: int, message: str
) -> None:
    response = post(emulator, **more)
    assert response.status_code == status
    assert message in response.text


def test_a_blocked_tweet_blocks_its_whole_request(emulator: GeminiEmulator) -> None:
    answer = post(emulator, json=body(f"please {BLOCKED_MARKER}")).json()
    assert answer["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in answer


def test_requests_are_limited_in_every_sliding_window_per_key_and_the_rest_told_when() -> None:
    clock = VirtualClock()
    with GeminiEmulator(EmulatorConfig(requests_per_window=3), clock=clock) as emulator:
        statuses = [post(emulator).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert post(emulator, headers={"x-goog-api-key": "another"}).status_code == 200
        error = post(emulator).json()["error"]
        assert error["status"] == "RESOURCE_EXHAUSTED"
        violation = error["details"][0]["violations"][0]
        assert "PerMinute" in violation["quotaId"]
        assert violation["quotaValue"] == "3"
        assert error["details"][2]["retryDelay"] == "60s"
        clock.advance(59.9)
        assert post(emulator).status_code == 429
        clock.advance(0.2)
        assert post(emulator).status_code == 200
        assert emulator.max_in_any_window() == len(emulator.arrivals) - 1
        assert emulator.max_in_any_window(100) == len(emulator.arrivals)


def test_a_concurrent_rush_gets_no_more_than_the_limit() -> None:
    with GeminiEmulator(EmulatorConfig(requests_per_window=5, latency=(0.05, 0))) as emulator:
        with ThreadPoolExecutor(12) as threads:
            statuses = [each.status_code for each in threads.map(lambda _: post(emulator), range(12))]
        assert statuses.count(200) == 5
        assert len(emulator.generated()) == 12
        assert len(emulator.generated(served=True)) == 5


def test_tokens_and_days_are_limited_too() -> None:
    with GeminiEmulator(EmulatorConfig(tokens_per_window=150, requests_per_day=2)) as emulator:
        long = body("x" * 400)
        assert post(emulator, json=long).status_code == 200
        refused = post(emulator, json=long)
        assert refused.status_code == 429
        assert "InputTokens" in refused.text
        assert post(emulator).status_code == 200
        last = post(emulator)
        assert last.status_code == 429
        assert "PerDay" in last.text


def test_a_model_can_have_a_day_of_its_own_which_ends_at_midnight_in_los_angeles() -> None:
    clock = VirtualClock()
    config = EmulatorConfig(requests_per_day=1, model_days={"gemini-3.6-flash": 2, "gemini-4-argon": 0})
    with GeminiEmulator(config, clock=clock) as service:

        def ask(model: str) -> requests.Response:
            return post(service, f"{model}:generateContent")

        assert [ask("gemini-3.6-flash").status_code for _ in range(3)] == [200, 200, 429]
        assert [ask("gemini-2.5-flash-lite").status_code for _ in range(2)] == [200, 429]
        (violation,) = ask("gemini-4-argon").json()["error"]["details"][0]["violations"]
        assert "PerDay" in violation["quotaId"]
        assert "quotaValue" not in violation
        clock.advance(12 * 3600 - 1)
        assert ask("gemini-3.6-flash").status_code == 429
        clock.advance(1)
        assert ask("gemini-3.6-flash").status_code == 200
        assert ask("gemini-4-argon").status_code == 429, "no day brings a model into the plan"


def test_every_request_about_a_tweet_can_meet_a_fault() -> None:
    with GeminiEmulator(EmulatorConfig(tweet_faults={"2": "500"})) as emulator:
        statuses = [post(emulator, json=body(f'{{"id": "{tweet}"}} {{"id": "3"}}')).status_code for tweet in "121"]
    assert statuses == [200, 500, 200]


def test_an_answer_can_end_for_every_reason_that_an_sdk_knows(emulator: GeminiEmulator) -> None:
    types = pytest.importorskip("google.genai.types")
    assert {*types.FinishReason.__members__} - {"STOP"} <= {name.removeprefix("finish_") for name in FINISHES}
    emulator.script("finish_SPII")
    assert post(emulator).json()["candidates"][0]["finishReason"] == "SPII"


def test_latency_is_a_plus_b_for_each_tweet() -> None:
    clock = VirtualClock()
    emulator = GeminiEmulator(EmulatorConfig(latency=(1.0, 0.25)), clock=clock)
    clock.run(emulator.respond("gemini-2.5-flash:generateContent", "key", body('{"id": "1"} {"id": "2"}'), at=0.0))
    assert clock.monotonic() == pytest.approx(1.5)


@pytest.mark.parametrize("fault", [*FAULTS, *FINISHES, *REFUSALS])
def test_every_fault_can_be_asked_for(emulator: GeminiEmulator, fault: str) -> None:
    emulator.script(fault)
    try:
        post(emulator, timeout=0.5 if fault == "hang" else PATIENCE, stream=True).close()
    except requests.RequestException:
        assert fault in {"reset", "hang"}
    emulator.wait_for_arrivals(1)
    assert emulator.arrivals[0].fault == fault


@pytest.mark.slow
def test_faults_come_by_chance_with_a_seed() -> None:
    def met(seed: int) -> list[str]:
        with GeminiEmulator(EmulatorConfig(faults={"503": 0.3, "malformed": 0.2}, seed=seed)) as emulator:
            for _ in range(60):
                post(emulator)
            return [each.fault for each in emulator.arrivals]

    first = met(1)
    assert first == met(1) != met(2)
    assert 8 <= first.count("503") <= 28
    assert set(first) == {"", "503", "malformed"}


def test_embeddings_of_similar_texts_are_similar(emulator: GeminiEmulator) -> None:
    def part(text: str) -> dict[str, Any]:
        return {"content": {"parts": [{"text": text}]}, "outputDimensionality": 64}

    one = post(emulator, "gemini-embedding-001:embedContent", json=part("kids and phones")).json()
    assert len(one["embedding"]["values"]) == 64
    requested = {"requests": [part("kids and phones"), part("phones and kids at home"), part("stock market news")]}
    batch = post(emulator, "gemini-embedding-001:batchEmbedContents", json=requested).json()["embeddings"]
    first, similar, other = (each["values"] for each in batch)
    assert first == one["embedding"]["values"]
    assert sum(a * b for a, b in zip(first, similar, strict=True)) > sum(
        a * b for a, b in zip(first, other, strict=True)
    )
    too_many = {"requests": [part("x")] * 101}
    assert post(emulator, "gemini-embedding-001:batchEmbedContents", json=too_many).status_code == 400


def test_latency_may_be_moved_by_chance_within_its_share() -> None:
    clock = VirtualClock()
    service = GeminiEmulator(EmulatorConfig(latency=(1.0, 1.0), latency_spread=0.5), clock=clock)
    took = []

    async def ask() -> None:
        for _ in range(30):
            began = clock.monotonic()
            await service.respond("gemini-2.5-flash-lite:generateContent", "some-key", body(), at=began)
            took.append(clock.monotonic() - began)

    clock.run(ask())
    assert all(1.0 <= seconds <= 3.001 for seconds in took)
    assert max(took) - min(took) > 1.0


def test_it_runs_by_itself_with_a_log_and_a_reset() -> None:
    options = ["--port", "0", "--rpm", "2", "--script", "ok", "--faults", "503=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "viral_assets_tests.gemini_emulator", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        there = f"{url}/v1beta/models/gemini-2.5-flash:generateContent"
        statuses = [
            requests.post(there, json=body(), params={"key": "k"}, timeout=PATIENCE).status_code for _ in range(3)
        ]
        assert statuses == [200, 503, 429]
        log = requests.get(f"{url}/_log", timeout=PATIENCE).json()
        assert [each["status"] for each in log["arrivals"]] == statuses
        assert log["max_in_any_window"] == 3
        requests.post(f"{url}/_reset", timeout=PATIENCE)
        assert requests.get(f"{url}/_log", timeout=PATIENCE).json()["arrivals"] == []
    finally:
        process.terminate()
        process.wait(PATIENCE)
