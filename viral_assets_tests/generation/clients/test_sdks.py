"""Both SDKs over real HTTP: the same answers, the same errors, one request for each call."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from viral_assets.errors import (
    AdaptedRequestError,
    BlockedAnswerError,
    ConfigurationError,
    FatalProviderError,
    NoRoomError,
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.providers import resolve_provider
from viral_assets.llm.tiers import FLEX, STANDARD
from viral_assets.llm.types import Answer
from viral_assets_tests.gemini_emulator import (
    FAULTS,
    FORBIDDEN_KEY,
    INVALID_KEY,
    REFUSALS,
    UNAUTHENTICATED_KEY,
    EmulatorConfig,
    GeminiEmulator,
)
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.wire import Wire, reply

SDKS = ("google-generativeai", "google-genai")
KEY = "AIza-secret-key-0123456789"
REQUEST = build_request(project(), pack(3))


@pytest.fixture(scope="module")
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator(EmulatorConfig(thought_tokens=7)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(emulator: GeminiEmulator) -> None:
    emulator.reset()


@pytest.fixture(params=SDKS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def using(
    provider: str,
    endpoint: str,
    work: Callable[[GenerationClient], Awaitable[Any]],
    *,
    key: str = KEY,
    workers: int = 10,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Any:
    """What ``work`` makes of a client, in an event loop of its own."""

    async def run() -> Any:
        client = build_client(provider, api_key=key, endpoint=endpoint, max_workers=workers)
        try:
            return await work(client)
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(run())


async def answer_or_error(
    client: GenerationClient, request: GenerationRequest = REQUEST, seconds: float = 60
) -> Answer | ProviderError:
    try:
        return await client.generate(request, timeout_seconds=seconds)
    except ProviderError as error:
        return error


def outcome(
    provider: str, endpoint: str, request: GenerationRequest = REQUEST, *, key: str = KEY, seconds: float = 60
) -> Answer | ProviderError:
    """The answer, or the error instead of raising it."""

    result: Answer | ProviderError = using(
        provider, endpoint, lambda client: answer_or_error(client, request, seconds), key=key
    )
    assert KEY not in str(result)
    assert "\n" not in str(result)
    return result


@pytest.mark.parametrize("other", ["AIza-quite-another-key", "", "  "])
@pytest.mark.parametrize("name", ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GENAI_API_KEY"])
def test_the_key_that_was_handed_over_goes_out_whatever_the_environment_says(
    provider: str,
    name: str,
    other: str,
    emulator: GeminiEmulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv(name, other)

    assert isinstance(outcome(provider, emulator.url), Answer)

    assert [arrival.key for arrival in emulator.arrivals] == [KEY]
    assert "GOOGLE_API_KEY" not in caplog.text, "an SDK's word about a key that it does not use"


@pytest.mark.parametrize("key", ["AQ.Ab8RN6JhiddenHiddenHidden_01", "apify_api_hiddenHidden0123456789"])
def test_what_looks_like_a_key_is_hidden_in_what_the_service_says(
    provider: str, key: str, emulator: GeminiEmulator
) -> None:
    error = outcome(provider, emulator.url, replace(REQUEST, model=f"{key} {key}"))

    assert isinstance(error, FatalProviderError)
    assert "[redacted]" in str(error)
    assert key not in str(error)


def comparable(result: Answer | ProviderError) -> object:
    return result if isinstance(result, Answer) else (type(result), str(result), vars(result))


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["ok", *sorted({*FAULTS, *REFUSALS} - {"hang", "trickle", "together", "400_thinking", "continuation"})]
)
def test_the_same_response_is_the_same_answer_or_error_and_was_asked_for_once(
    emulator: GeminiEmulator, fault: str
) -> None:
    results = []
    for provider in SDKS:
        emulator.script(fault)
        results.append(outcome(provider, emulator.url))
    assert len(emulator.arrivals) == 2
    emulator.script(fault)
    without_socket = asyncio.run(answer_or_error(InProcessClient(emulator, KEY, endpoint=emulator.url)))
    if fault in {"bad_utf8", "json_list", "empty_body", "wrong_type", "no_json"}:
        # Each SDK has its own words for a body that is not the API's.
        assert all(type(result) is TransientProviderError for result in [*results, without_socket])
        assert all(getattr(result, "http_status", 0) == 200 for result in [*results, without_socket])
        assert all("not the Gemini API's" in str(result) for result in [*results, without_socket])
    else:
        assert comparable(results[0]) == comparable(results[1])
        assert comparable(without_socket) == comparable(results[0]), "what tests on virtual time meet is the same"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "kind", "more"),
    [
        ("400", RejectedRequestError, {"http_status": 400}),
        ("400_precondition", FatalProviderError, {"http_status": 400}),
        ("413", RejectedRequestError, {"http_status": 413}),
        ("500", TransientProviderError, {"http_status": 500}),
        ("502", TransientProviderError, {"http_status": 502}),
        ("503", TransientProviderError, {"http_status": 503}),
        ("reset", TransientProviderError, {"http_status": None}),
        ("reset_mid_body", TransientProviderError, {"http_status": None}),
        ("prompt_block", BlockedAnswerError, {"output_tokens": 0, "thought_tokens": 0}),
        ("safety", BlockedAnswerError, {"output_tokens": 0, "thought_tokens": 7}),
        ("429", RateLimitedError, {"retry_after_seconds": 36.0, "per_day": False, "per_tokens": False}),
        ("429_fractional", RateLimitedError, {"retry_after_seconds": 2.472630291}),
        ("429_long", RateLimitedError, {"retry_after_seconds": 183.0}),
        ("429_no_delay", RateLimitedError, {"retry_after_seconds": None, "per_day": False}),
        ("429_no_details", RateLimitedError, {"retry_after_seconds": None, "per_day": False}),
        ("429_header", RateLimitedError, {"retry_after_seconds": 7.0}),
        ("429_message_only", RateLimitedError, {"retry_after_seconds": 5.5}),
        ("429_per_day", RateLimitedError, {"per_day": True, "retry_after_seconds": 21.5}),
        ("429_tokens", RateLimitedError, {"per_tokens": True, "per_day": False}),
        ("429_as_list", RateLimitedError, {"http_status": 429}),
        ("429_no_json", RateLimitedError, {"http_status": 429}),
    ],
)
def test_what_each_failure_is(
    emulator: GeminiEmulator, provider: str, fault: str, kind: type[ProviderError], more: dict[str, object]
) -> None:
    emulator.script(fault)
    result = outcome(provider, emulator.url)
    assert type(result) is kind
    assert {name: getattr(result, name) for name in more} == more


def test_an_answer_comes_with_its_text_and_all_tokens(emulator: GeminiEmulator, provider: str) -> None:
    answer = outcome(provider, emulator.url)
    assert isinstance(answer, Answer)
    assert answer.finish_reason == "STOP"
    assert answer.usage is not None
    assert answer.usage.input_tokens == emulator.arrivals[0].input_tokens
    assert answer.usage.output_tokens == emulator.arrivals[0].output_tokens
    assert answer.usage.thought_tokens == 7
    parsed = parse_answer(answer.text, REQUEST.opportunities)
    assert list(parsed.suggestions) == list(REQUEST.tweet_ids)
    assert parsed.problems == []


def test_what_is_cut_off_or_missing_is_an_answer_all_the_same(emulator: GeminiEmulator, provider: str) -> None:
    emulator.script("max_tokens", "no_candidates", "no_text", "other_finish")
    reasons = [getattr(outcome(provider, emulator.url), "finish_reason", None) for _ in range(4)]
    assert reasons == ["MAX_TOKENS", "EMPTY", "STOP", "OTHER"]


def test_an_answer_that_could_be_continued_is_one_request(emulator: GeminiEmulator, provider: str) -> None:
    from google.genai import types

    emulator.script("continuation", "ok")

    answer = outcome(provider, emulator.url)

    assert len(emulator.arrivals) == 1, "every request has to be granted by the quota first"
    assert isinstance(answer, Answer)
    assert 1 <= len(parse_answer(answer.text, REQUEST.opportunities).suggestions) < len(REQUEST.opportunities)
    if provider == "google-genai" and "CONTINUATION" in types.FinishReason.__members__:
        # The older SDK, and older versions of this one, have no name for it.
        assert answer.finish_reason == "MAX_TOKENS"


def test_both_sdks_send_the_same_request_but_for_thinking(emulator: GeminiEmulator) -> None:
    for provider in SDKS:
        outcome(provider, emulator.url)
    older, newer = ({**body, "generationConfig": dict(body["generationConfig"])} for body in emulator.bodies)
    assert newer["generationConfig"].pop("thinkingConfig") == {"thinking_budget": 0}
    for body in (older, newer):
        config = body["generationConfig"]
        assert body["systemInstruction"]["parts"] == [{"text": REQUEST.system_instruction}]
        assert body["contents"] == [{"parts": [{"text": REQUEST.prompt}], "role": "user"}]
        assert config["responseMimeType"] == "application/json"
        assert config["maxOutputTokens"] == REQUEST.max_output_tokens
        assert config["temperature"] == pytest.approx(0.8)
        item = config["responseSchema"]["items"]
        assert item["required"] == ["id", "answer", "why", "suggestions"]
        kinds = item["properties"]["suggestions"]["items"]["properties"]["type"]["enum"]
        assert kinds == ["add_value", "ask_question", "mirror_reframe"]
    assert set(older["generationConfig"]) == set(newer["generationConfig"])


def needs_tiers() -> None:
    """Versions of the newer SDK before 3.0 have none: they are offered the standard one alone."""
    pytest.importorskip("google.genai", minversion="3.0")


def test_the_newer_sdk_asks_at_the_flex_tier_and_knows_where_it_was_served(emulator: GeminiEmulator) -> None:
    needs_tiers()
    flexible = replace(REQUEST, tier=FLEX)
    answer = outcome("google-genai", emulator.url, flexible)
    assert isinstance(answer, Answer)
    assert (emulator.arrivals[0].tier, answer.tier) == (FLEX, FLEX)
    emulator.script("shed")
    assert isinstance(outcome("google-genai", emulator.url, flexible), NoRoomError)
    assert isinstance(outcome("google-genai", emulator.url), Answer)
    assert [each.tier for each in emulator.arrivals] == [FLEX, FLEX, STANDARD]
    assert "serviceTier" not in emulator.bodies[-1], "nothing is said where nothing is wanted"


def test_what_is_billed_is_what_the_service_says() -> None:
    """The SDK leaves out the field of the body, so the header has to do."""
    needs_tiers()
    body = {
        "candidates": [{"content": {"parts": [{"text": "[]"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 5,
            "candidatesTokenCount": 2,
            "totalTokenCount": 7,
            "serviceTier": "flex",
        },
    }
    with Wire() as wire:
        wire.answer = reply(200, body, {"x-gemini-service-tier": "standard"})
        answer = outcome("google-genai", wire.url, replace(REQUEST, tier=FLEX))
    assert isinstance(answer, Answer)
    assert answer.tier == STANDARD


def test_only_the_newer_sdk_knows_tiers(emulator: GeminiEmulator) -> None:
    async def tiers(client: GenerationClient) -> set[str]:
        return set(client.tiers)

    assert using("google-generativeai", emulator.url, tiers) == {STANDARD}
    needs_tiers()
    assert FLEX in using("google-genai", emulator.url, tiers)


def test_the_model_that_answered_and_the_tokens_it_had_cached_are_known(provider: str) -> None:
    config = EmulatorConfig(answered_by={REQUEST.model: "gemini-3.5-flash-lite"}, cached_tokens=5)
    with GeminiEmulator(config) as rerouting:
        answer = outcome(provider, rerouting.url)
    assert isinstance(answer, Answer)
    assert answer.model_version == "gemini-3.5-flash-lite"
    assert answer.usage is not None
    assert answer.usage.cached_tokens == 5
    assert answer.usage.input_tokens > 5


def test_thoughts_that_use_up_an_answer_are_an_answer_without_text(provider: str) -> None:
    # The budget of 2.5-flash-lite would keep the newer SDK from it.
    request = replace(REQUEST, model="gemini-flash-experiment")
    with GeminiEmulator(EmulatorConfig(thinking={"MEDIUM": 1_000_000})) as thinker:
        answer = outcome(provider, thinker.url, request)
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish_reason) == ("", "MAX_TOKENS")
    assert answer.usage is not None
    assert (answer.usage.output_tokens, answer.usage.thought_tokens) == (0, request.max_output_tokens)


def test_temperature_is_sent_only_where_it_is_taken(emulator: GeminiEmulator, provider: str) -> None:
    for model in ("gemini-2.5-flash-lite", "gemini-3.8-flash", "gemini-3.5-flash-lite-001", "gemini-flash-unheard-of"):
        outcome(provider, emulator.url, build_request(project(), pack(1), model=model))
    sent = [body["generationConfig"].get("temperature") for body in emulator.bodies]
    assert sent == [pytest.approx(0.8), None, None, pytest.approx(0.8)]


@pytest.mark.parametrize(
    ("key", "status", "advice"),
    [
        (INVALID_KEY, 400, "Check GEMINI_API_KEY."),
        (UNAUTHENTICATED_KEY, 401, "Check GEMINI_API_KEY."),
        (FORBIDDEN_KEY, 403, "Check GEMINI_API_KEY and its project."),
    ],
)
def test_a_wrong_key_is_fatal_and_tried_once(
    emulator: GeminiEmulator, provider: str, key: str, status: int, advice: str
) -> None:
    error = outcome(provider, emulator.url, key=key)
    assert isinstance(error, FatalProviderError)
    assert error.http_status == status
    assert str(error).endswith(advice)
    assert key not in str(error)
    assert len(emulator.arrivals) == 1


def test_an_unknown_model_is_fatal_and_named(emulator: GeminiEmulator, provider: str) -> None:
    error = outcome(provider, emulator.url, replace(REQUEST, model="gemma-0"))
    assert isinstance(error, FatalProviderError)
    assert "no model gemma-0" in str(error)
    assert "GEMINI_MODEL" in str(error)
    assert isinstance(outcome(provider, emulator.url, replace(REQUEST, model="a/../b")), FatalProviderError)


def test_a_place_where_nobody_answers_is_transient_and_named(provider: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = outcome(provider, url)
    assert isinstance(error, TransientProviderError)
    assert str(error) == (
        f"cannot reach {url} (GEMINI_API_ENDPOINT): Connection refused; "
        "check the address and that a server answers there"
    )


@pytest.mark.slow
def test_a_service_that_hangs_or_trickles_is_left_in_time(emulator: GeminiEmulator, provider: str) -> None:
    for fault in ("hang", "trickle"):
        emulator.script(fault)
        # A client that waits for the trickle to end gets an answer, and one that waits for the other hangs too.
        error = outcome(provider, emulator.url, seconds=0.3)
        assert isinstance(error, TransientProviderError)
        assert "did not answer within 0.3 s" in str(error)


def test_requests_run_at_the_same_time(emulator: GeminiEmulator, provider: str) -> None:
    """None is answered before all have arrived."""
    emulator.script(*["together"] * 8)

    async def ask(client: GenerationClient) -> list[Answer]:
        return await asyncio.gather(*(client.generate(REQUEST, timeout_seconds=60) for _ in range(8)))

    assert len(using(provider, emulator.url, ask)) == 8


def test_two_keys_and_two_endpoints_do_not_mix(emulator: GeminiEmulator, provider: str) -> None:
    async def run(other_url: str) -> None:
        clients = [
            build_client(provider, api_key="first-key", endpoint=emulator.url),
            build_client(provider, api_key="second-key", endpoint=emulator.url),
            build_client(provider, api_key="third-key", endpoint=other_url),
        ]
        assert len({client.key_fingerprint for client in clients}) == 3
        for _ in range(2):
            await asyncio.gather(*(client.generate(REQUEST, timeout_seconds=60) for client in clients))
        for client in clients:
            await client.close()

    with GeminiEmulator() as other:
        asyncio.run(run(other.url))
        assert sorted(each.key for each in emulator.arrivals) == ["first-key"] * 2 + ["second-key"] * 2
        assert [each.key for each in other.arrivals] == ["third-key"] * 2


def test_the_environment_of_the_sdks_is_not_ours(
    emulator: GeminiEmulator, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "somebody-elses")
    monkeypatch.setenv("GEMINI_API_KEY", "somebody-elses")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    assert isinstance(outcome(provider, emulator.url), Answer)
    assert emulator.arrivals[0].key == KEY


def test_one_client_serves_one_event_loop_after_another(emulator: GeminiEmulator, provider: str) -> None:
    client = build_client(provider, api_key=KEY, endpoint=emulator.url)
    for _ in range(3):
        asyncio.run(client.generate(REQUEST, timeout_seconds=60))
    asyncio.run(client.close())
    asyncio.run(client.close())


def test_a_cancelled_request_ends_at_once_and_harms_nobody(emulator: GeminiEmulator, provider: str) -> None:
    emulator.script("hang", "ok")

    async def ask(client: GenerationClient) -> int:
        task = asyncio.create_task(client.generate(REQUEST, timeout_seconds=60))
        await asyncio.to_thread(emulator.wait_for_arrivals, 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        answered = emulator.arrivals[0].status
        assert isinstance(await client.generate(REQUEST, timeout_seconds=60), Answer)
        return answered

    assert using(provider, emulator.url, ask) == 0, "the answer was not waited for"


def test_a_shielded_request_can_still_be_awaited_after_a_cancellation(emulator: GeminiEmulator, provider: str) -> None:
    async def ask(client: GenerationClient) -> Answer:
        request = asyncio.create_task(client.generate(REQUEST, timeout_seconds=60))

        async def shielded() -> Answer:
            return await asyncio.shield(request)

        with emulator.holding() as hold:
            waiting = asyncio.create_task(shielded())
            await asyncio.to_thread(hold.wait_for, 1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        return await request

    assert isinstance(using(provider, emulator.url, ask), Answer)


def test_a_request_cancelled_before_it_has_a_thread_is_never_made(emulator: GeminiEmulator) -> None:
    async def ask(client: GenerationClient) -> None:
        with emulator.holding() as hold:
            first = asyncio.create_task(client.generate(REQUEST, timeout_seconds=60))
            second = asyncio.create_task(client.generate(REQUEST, timeout_seconds=60))
            await asyncio.to_thread(hold.wait_for, 1)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
        await first
        # The only thread is free for the second, and comes to the third after it.
        await client.generate(REQUEST, timeout_seconds=60)

    using("google-generativeai", emulator.url, ask, workers=1)
    assert len(emulator.arrivals) == 2


class _Leaping(asyncio.SelectorEventLoop):
    """Its clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def test_waiting_for_a_thread_does_not_count_as_waiting_for_the_answer(emulator: GeminiEmulator) -> None:
    async def ask(client: GenerationClient) -> list[Answer]:
        with emulator.holding() as hold:
            first = asyncio.create_task(client.generate(REQUEST, timeout_seconds=3600))
            await asyncio.to_thread(hold.wait_for, 1)
            others = [asyncio.create_task(client.generate(REQUEST, timeout_seconds=60)) for _ in range(5)]
            await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, _Leaping)
            loop.ahead = 1800
            # Whatever has waited for its time by now is told so before anybody is let go.
            await asyncio.sleep(0.01)
        return await asyncio.gather(first, *others)

    assert len(using("google-generativeai", emulator.url, ask, workers=1, loop=_Leaping)) == 6


def test_a_model_that_cannot_stop_thinking_is_not_told_to_again(emulator: GeminiEmulator) -> None:
    emulator.script("400_thinking", "ok")

    async def ask(client: GenerationClient) -> Answer:
        with pytest.raises(AdaptedRequestError, match="leaves thinking to the model"):
            await client.generate(REQUEST, timeout_seconds=60)
        return await client.generate(REQUEST, timeout_seconds=60)

    assert isinstance(using("google-genai", emulator.url, ask), Answer)
    configs = [body["generationConfig"] for body in emulator.bodies]
    assert ["thinkingConfig" in config for config in configs] == [True, False]


@pytest.mark.parametrize(
    ("least", "levels"),
    [("MINIMAL", ["MINIMAL"]), ("LOW", ["MINIMAL", "LOW"]), ("MEDIUM", ["MINIMAL", "LOW", None])],
)
def test_a_level_that_is_refused_is_followed_by_the_next_higher_and_remembered(
    least: str, levels: list[str | None]
) -> None:
    request = replace(REQUEST, model="gemini-3.5-flash-lite")

    async def ask(client: GenerationClient) -> None:
        for _ in levels[1:]:
            with pytest.raises(AdaptedRequestError, match="The next request"):
                await client.generate(request, timeout_seconds=60)
        for _ in range(2):
            await client.generate(request, timeout_seconds=60)

    with GeminiEmulator(EmulatorConfig(least_level=least)) as particular:
        using("google-genai", particular.url, ask)
        said = [body["generationConfig"].get("thinkingConfig", {}).get("thinking_level") for body in particular.bodies]
    assert said == [*levels, levels[-1]]


def test_requests_that_are_refused_together_go_up_one_level_together() -> None:
    request = replace(REQUEST, model="gemini-3.5-flash-lite")

    async def ask(client: GenerationClient) -> list[Answer | ProviderError]:
        return [
            *await asyncio.gather(*(answer_or_error(client, request) for _ in range(4))),
            await answer_or_error(client, request),
        ]

    with GeminiEmulator(EmulatorConfig(least_level="LOW")) as particular:
        *refused, last = using("google-genai", particular.url, ask)
        said = particular.bodies[-1]["generationConfig"]["thinkingConfig"]
    assert [type(each) for each in refused] == [AdaptedRequestError] * 4
    assert isinstance(last, Answer)
    assert said == {"thinking_level": "LOW"}


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-2.5-flash-lite", {"thinking_budget": 0}),
        ("gemini-2.5-flash", {"thinking_budget": 0}),
        ("gemini-2.5-pro", {"thinking_budget": 128}),
        ("gemini-3.5-flash-lite", {"thinking_level": "MINIMAL"}),
        ("gemini-3-pro-preview", {"thinking_level": "LOW"}),
        ("gemini-3.8-flash", {"thinking_level": "LOW"}),
        ("gemini-4-argon", {"thinking_level": "LOW"}),
        ("gemini-flash-latest", {"thinking_level": "LOW"}),
        ("gemini-flash-unheard-of", None),
    ],
)
def test_thinking_is_turned_down_as_the_model_understands_it(
    emulator: GeminiEmulator, model: str, thinking: dict[str, object] | None
) -> None:
    assert isinstance(outcome("google-genai", emulator.url, replace(REQUEST, model=model)), Answer)
    assert emulator.bodies[0]["generationConfig"].get("thinkingConfig") == thinking


def test_the_schema_of_a_request_is_not_changed_by_sending_it(emulator: GeminiEmulator, provider: str) -> None:
    before = repr(REQUEST.response_schema)
    outcome(provider, emulator.url)
    assert repr(REQUEST.response_schema) == before


@pytest.mark.parametrize(
    ("asked_for", "key", "chosen"),
    [
        ("auto", None, "offline"),
        ("auto", " ", "offline"),
        ("auto", "k", "google-generativeai"),
        ("offline", "k", "offline"),
        ("google-genai", "k", "google-genai"),
    ],
)
def test_auto_is_the_default_sdk_with_a_key_and_offline_without(asked_for: str, key: str | None, chosen: str) -> None:
    assert resolve_provider(asked_for, api_key=key) == chosen
    assert resolve_provider(asked_for, api_key=key, models=["gemini-unheard-of"]) == chosen
    client = build_client(asked_for, api_key=key)
    assert client.provider == chosen
    asyncio.run(client.close())


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-3.5-flash-lite", "gemini-4-argon"])
def test_auto_is_the_sdk_that_can_turn_thinking_down_where_a_model_thinks_by_default(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ["gemini-2.5-flash-lite", model]
    assert resolve_provider("auto", api_key="k", models=models) == "google-genai"
    assert resolve_provider("auto", api_key=None, models=models) == "offline"
    assert resolve_provider("google-generativeai", api_key="k", models=models) == "google-generativeai"
    monkeypatch.setitem(sys.modules, "google.genai", None)
    assert resolve_provider("auto", api_key="k", models=models) == "google-generativeai"


def test_what_cannot_be_chosen_is_said_in_one_line(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY"):
        build_client(provider)
    with pytest.raises(ConfigurationError, match="no provider 'chatgpt'"):
        build_client("chatgpt", api_key="k")
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(ConfigurationError, match=r"viral_assets\[genai\]"):
        build_client("google-genai", api_key="k")


@pytest.mark.slow
def test_the_older_sdk_does_not_tell_users_that_its_support_has_ended() -> None:
    script = (
        "import sys, warnings\n"
        "warnings.simplefilter('always')\n"
        "from viral_assets.generation.clients import build_client\n"
        "assert not any(name.startswith('google.gen') for name in sys.modules)\n"
        "build_client('google-generativeai', api_key='k')\n"
        "warnings.warn('others still arrive', FutureWarning)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "All support for" not in run.stderr
    assert "others still arrive" in run.stderr
