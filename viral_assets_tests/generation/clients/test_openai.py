"""Services that speak OpenAI's API, over real HTTP: one request for each call, whatever they refuse or leave out."""

from __future__ import annotations

import asyncio
import socket
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
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.clients.openai_dialect import Dialect, json_schema
from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.types import Answer
from viral_assets_tests.generation.make import TYPES, pack, project
from viral_assets_tests.openai_emulator import MODEL, OpenAIConfig, OpenAIEmulator

KEY = "sk-secret-key-0123456789"
REQUEST = build_request(project(), pack(3), model=MODEL)


@pytest.fixture(scope="module")
def emulator() -> Iterator[OpenAIEmulator]:
    with OpenAIEmulator() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(emulator: OpenAIEmulator) -> None:
    emulator.reset()


def using(endpoint: str, work: Callable[[GenerationClient], Awaitable[Any]], *, key: str | None = KEY) -> Any:
    """What ``work`` makes of a client, in an event loop of its own."""

    async def run() -> Any:
        client = build_client("openai", api_key=key, endpoint=endpoint)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def outcomes(
    endpoint: str, requests: int, request: GenerationRequest = REQUEST, *, key: str | None = KEY, seconds: float = 60
) -> list[Answer | ProviderError]:
    """What one client gets, one request after the other: answers, or errors instead of raising them."""

    async def work(client: GenerationClient) -> list[Answer | ProviderError]:
        found: list[Answer | ProviderError] = []
        for _ in range(requests):
            try:
                found.append(await client.generate(request, timeout_seconds=seconds))
            except ProviderError as error:
                found.append(error)
        return found

    results: list[Answer | ProviderError] = using(endpoint, work, key=key)
    for result in results:
        assert KEY not in str(result)
        assert "\n" not in str(result)
    return results


def outcome(endpoint: str, request: GenerationRequest = REQUEST, **how: Any) -> Answer | ProviderError:
    (only,) = outcomes(endpoint, 1, request, **how)
    return only


def parsed_ids(answer: Answer | ProviderError) -> list[str]:
    """Of the tweets for which an answer has all suggestions."""
    assert isinstance(answer, Answer), answer
    found = parse_answer(answer.text, REQUEST.opportunities).suggestions
    return [tweet_id for tweet_id, texts in found.items() if set(texts) == set(TYPES)]


def test_an_answer_comes_with_its_text_and_its_tokens(emulator: OpenAIEmulator) -> None:
    answer = outcome(emulator.url)
    assert parsed_ids(answer) == list(REQUEST.tweet_ids)
    assert isinstance(answer, Answer)
    assert answer.finish_reason == "STOP"
    assert answer.usage is not None
    assert answer.usage.input_tokens == emulator.arrivals[0].input_tokens
    assert answer.usage.output_tokens == emulator.arrivals[0].output_tokens


def test_instruction_and_tweets_go_where_they_belong(emulator: OpenAIEmulator) -> None:
    outcome(emulator.url)
    body = emulator.sent[0].body
    system, user = body["messages"]
    assert system["role"] == "system"
    assert system["content"].startswith(REQUEST.system_instruction)
    assert user == {"role": "user", "content": REQUEST.prompt}
    assert (body["temperature"], body["max_tokens"]) == (REQUEST.temperature, REQUEST.max_output_tokens)


def test_the_shape_is_said_in_words_too_for_servers_that_do_not_show_the_schema_to_the_model(
    emulator: OpenAIEmulator,
) -> None:
    outcome(emulator.url)
    suggestions = '"suggestions": [{"type": "...", "text": "..."}]'
    shape = f'{{"items": [{{"id": "...", "answer": "...", "why": "...", {suggestions}}}]}}'
    assert emulator.sent[0].body["messages"][0]["content"].endswith(shape)


def test_the_schema_is_one_that_strict_services_take() -> None:
    suggestion = {
        "type": "object",
        "properties": {"type": {"type": "string", "enum": list(TYPES)}, "text": {"type": "string"}},
        "required": ["type", "text"],
        "additionalProperties": False,
    }
    item = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "answer": {"type": "string", "enum": ["yes", "no"]},
            "why": {"type": "string"},
            "suggestions": {"type": "array", "items": suggestion},
        },
        "required": ["id", "answer", "why", "suggestions"],
        "additionalProperties": False,
    }
    assert json_schema(REQUEST.response_schema) == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}},
        "required": ["items"],
        "additionalProperties": False,
    }


def test_an_object_stays_the_root_and_what_may_be_null_says_so() -> None:
    schema = {"type": "OBJECT", "properties": {"note": {"type": "STRING", "nullable": True, "format": "enum"}}}
    assert json_schema(schema) == {
        "type": "object",
        "properties": {"note": {"type": ["string", "null"]}},
        "required": ["note"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("fault", "kind", "more"),
    [
        ("bad_request", RejectedRequestError, {"http_status": 400}),
        ("flat_error", RejectedRequestError, {"http_status": 400}),
        ("loading", TransientProviderError, {"http_status": 503}),
        ("gateway", TransientProviderError, {"http_status": 502}),
        ("error_inside", TransientProviderError, {"http_status": 503}),
        ("web_page", TransientProviderError, {"http_status": 200}),
        ("json_list", TransientProviderError, {"http_status": 200}),
        ("bad_utf8", TransientProviderError, {"http_status": 200}),
        ("empty_body", TransientProviderError, {"http_status": 200}),
        ("reset", TransientProviderError, {"http_status": None}),
        ("reset_mid_body", TransientProviderError, {"http_status": None}),
        ("filtered", BlockedAnswerError, {"input_tokens": 50, "output_tokens": 4}),
        ("refused", BlockedAnswerError, {"input_tokens": 50, "output_tokens": 4}),
        ("filtered_prompt", BlockedAnswerError, {"input_tokens": None}),
        ("minute", RateLimitedError, {"retry_after_seconds": 20.0, "per_day": False, "per_tokens": False}),
        ("header", RateLimitedError, {"retry_after_seconds": 7.0}),
        ("milliseconds", RateLimitedError, {"retry_after_seconds": 1.5}),
        ("minute_tokens", RateLimitedError, {"retry_after_seconds": None, "per_tokens": True, "per_day": False}),
        ("day", RateLimitedError, {"retry_after_seconds": 432.0, "per_day": True}),
        ("no_credit", FatalProviderError, {"http_status": 429}),
        ("unpaid", FatalProviderError, {"http_status": 402}),
        ("forbidden", FatalProviderError, {"http_status": 403}),
    ],
)
def test_what_each_failure_is_and_that_it_was_asked_for_once(
    emulator: OpenAIEmulator, fault: str, kind: type[ProviderError], more: dict[str, object]
) -> None:
    emulator.script(fault)
    result = outcome(emulator.url)
    assert type(result) is kind, result
    assert {name: getattr(result, name) for name in more} == more
    assert len(emulator.sent) == 1


def test_what_is_cut_off_or_missing_is_an_answer_all_the_same(emulator: OpenAIEmulator) -> None:
    emulator.script("max_tokens", "truncated", "no_choices", "tool_calls", "no_usage", "no_text")
    answers = outcomes(emulator.url, 6)
    reasons = [getattr(answer, "finish_reason", answer) for answer in answers]
    assert reasons == ["MAX_TOKENS", "STOP", "EMPTY", "OTHER", "STOP", "STOP"]
    assert parsed_ids(answers[0]) == list(REQUEST.tweet_ids)[:1]
    assert parsed_ids(answers[1]) == list(REQUEST.tweet_ids)[:1]
    assert getattr(answers[4], "usage", 0) is None


def test_a_server_that_hangs_is_given_up_in_time(emulator: OpenAIEmulator) -> None:
    emulator.script("hang")
    result = outcome(emulator.url, seconds=0.2)
    assert type(result) is TransientProviderError
    assert "did not answer within 0.2 s" in str(result)


def test_an_answer_that_trickles_is_given_up_in_time_too(emulator: OpenAIEmulator) -> None:
    emulator.script("trickle")
    result = outcome(emulator.url, seconds=0.3)
    assert type(result) is TransientProviderError
    assert "did not answer within 0.3 s" in str(result)


def test_an_address_where_nobody_answers_says_so() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        result = outcome(f"http://127.0.0.1:{bound.getsockname()[1]}/v1")
    assert type(result) is TransientProviderError
    assert "OPENAI_BASE_URL): Connection refused; check the address" in str(result)


def test_a_wrong_key_and_none_at_all_say_what_to_set() -> None:
    with OpenAIEmulator(OpenAIConfig(api_key="sk-another")) as guarded:
        wrong, none = outcome(guarded.url), outcome(guarded.url, key=None)
    assert type(wrong) is type(none) is FatalProviderError
    assert str(wrong).endswith("Check OPENAI_API_KEY.")
    assert str(none).endswith("Set OPENAI_API_KEY.")


def test_a_model_that_is_not_there_says_what_to_set(emulator: OpenAIEmulator) -> None:
    result = outcome(emulator.url, replace(REQUEST, model="nobodys-model"))
    assert type(result) is FatalProviderError
    assert "has no model nobodys-model: model 'nobodys-model' not found" in str(result)
    assert "Set OPENAI_MODEL to one it has" in str(result)


def test_an_address_without_its_end_says_what_it_usually_is(emulator: OpenAIEmulator) -> None:
    result = outcome(emulator.url.removesuffix("/v1"))
    assert type(result) is FatalProviderError
    assert "correct OPENAI_BASE_URL: it usually ends in /v1" in str(result)


def test_a_redirect_is_not_followed(emulator: OpenAIEmulator) -> None:
    result = outcome(emulator.url.replace("/v1", "/moved"))
    assert type(result) is FatalProviderError
    assert "redirects to" in str(result)
    assert emulator.sent == []


def format_of(body: Any) -> str:
    return str(body.get("response_format", {}).get("type", "none"))


@pytest.mark.parametrize(
    ("refuses", "formats"),
    [
        ({"json_schema"}, ["json_schema", "json_object", "json_object"]),
        ({"json_schema", "json_object"}, ["json_schema", "json_object", "none", "none"]),
    ],
)
def test_a_server_that_takes_no_schema_is_asked_without_from_then_on(refuses: set[str], formats: list[str]) -> None:
    with OpenAIEmulator(OpenAIConfig(refuses=frozenset(refuses))) as simple:
        results = outcomes(simple.url, len(formats))
        assert [format_of(each.body) for each in simple.sent] == formats
    refused = results[: len(refuses)]
    assert [type(each) for each in refused] == [AdaptedRequestError] * len(refuses)
    assert "The next request does without json_schema." in str(refused[0])
    assert [parsed_ids(each) for each in results[len(refuses) :]] == [list(REQUEST.tweet_ids)] * 2


@pytest.mark.parametrize(
    ("config", "caps"),
    [
        (OpenAIConfig(refuses=frozenset({"max_tokens"})), ["max_tokens", "max_completion_tokens"]),
        (
            OpenAIConfig(refuses=frozenset({"max_tokens", "max_completion_tokens"})),
            ["max_tokens", "max_completion_tokens", "none"],
        ),
        (OpenAIConfig(context=4096), ["max_tokens", "none"]),
    ],
    ids=["by its newer name", "not at all", "smaller than its context"],
)
def test_the_cap_is_given_as_the_server_takes_it(config: OpenAIConfig, caps: list[str]) -> None:
    with OpenAIEmulator(config) as simple:
        results = outcomes(simple.url, len(caps))
        bodies = [each.body for each in simple.sent]
    names = ("max_tokens", "max_completion_tokens")
    assert [next((name for name in names if name in body), "none") for body in bodies] == caps
    assert all(type(each) is AdaptedRequestError for each in results[:-1])
    assert parsed_ids(results[-1]) == list(REQUEST.tweet_ids)


def test_a_model_that_takes_no_temperature_gets_none() -> None:
    with OpenAIEmulator(OpenAIConfig(refuses=frozenset({"temperature"}))) as simple:
        first, second = outcomes(simple.url, 2)
        assert ["temperature" in each.body for each in simple.sent] == [True, False]
    assert "does without temperature" in str(first)
    assert isinstance(second, Answer)


def test_what_one_model_refuses_is_still_asked_of_another(emulator: OpenAIEmulator) -> None:
    with OpenAIEmulator(OpenAIConfig(refuses=frozenset({"temperature"}))) as simple:

        async def ask(client: GenerationClient) -> None:
            with pytest.raises(AdaptedRequestError):
                await client.generate(REQUEST, timeout_seconds=60)
            with pytest.raises(FatalProviderError):
                await client.generate(replace(REQUEST, model="another"), timeout_seconds=60)

        using(simple.url, ask)
        assert ["temperature" in each.body for each in simple.sent] == [True, True]


async def together(client: GenerationClient, requests: int) -> list[type]:
    """What each of so many requests at once comes to."""
    asked = (client.generate(REQUEST, timeout_seconds=60) for _ in range(requests))
    return [type(each) for each in await asyncio.gather(*asked, return_exceptions=True)]


def test_requests_under_way_together_learn_one_lesson_once() -> None:
    with OpenAIEmulator(OpenAIConfig(refuses=frozenset({"json_schema"}))) as simple:

        async def ask(client: GenerationClient) -> None:
            assert await together(client, 8) == [AdaptedRequestError] * 8
            assert await together(client, 8) == [Answer] * 8

        using(simple.url, ask)
        assert [format_of(each.body) for each in simple.sent] == ["json_schema"] * 8 + ["json_object"] * 8


def test_a_rejection_that_is_not_about_the_dialect_is_the_tweets() -> None:
    dialect = Dialect()
    assert dialect.after("invalid prompt: a tweet about the weather") == dialect
    plain = Dialect("text", "none", temperature=False)
    assert plain.after("response_format, max_tokens and temperature are all wrong") == plain


def test_what_different_requests_have_learnt_adds_up() -> None:
    no_schema, no_cap = Dialect().after("response_format"), Dialect().after("max_tokens is too large")
    assert no_schema.and_without(no_cap) == Dialect("json_object", "none", temperature=True)


@pytest.mark.parametrize("counted", [True, False], ids=["counted apart", "not counted apart"])
def test_what_a_model_thinks_aloud_is_no_part_of_its_answer_and_counts(*, counted: bool) -> None:
    config = OpenAIConfig(thinks="A parent, tired. [maybe] {warm}. " * 40, thought_tokens=300, counts_thoughts=counted)
    with OpenAIEmulator(config) as thinking:
        answer = outcome(thinking.url)
    assert parsed_ids(answer) == list(REQUEST.tweet_ids)
    assert isinstance(answer, Answer)
    assert answer.text.startswith("{")
    assert answer.usage is not None
    written = thinking.arrivals[0].output_tokens
    assert answer.usage.billed_output_tokens == written + 300
    assert answer.usage.thought_tokens == 300 if counted else answer.usage.thought_tokens > 100


def test_tokens_that_the_service_had_in_its_cache_are_a_part_of_the_input() -> None:
    with OpenAIEmulator(OpenAIConfig(cached_tokens=64)) as caching:
        answer = outcome(caching.url)
    assert isinstance(answer, Answer)
    assert answer.usage is not None
    assert answer.usage.cached_tokens == 64
    assert answer.usage.input_tokens == caching.arrivals[0].input_tokens


def test_nothing_in_the_environment_changes_where_requests_go_or_what_is_sent(
    emulator: OpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outcomes(emulator.url, 1)
    with OpenAIEmulator() as elsewhere:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, elsewhere.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OPENAI_BASE_URL", elsewhere.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
        monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-the-environment")
        monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-environment")
        headers = ("Authorization: Bearer sk-header", "Host: elsewhere.example", "X-More: of-the-environment")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "\n".join(headers))
        with_key, without = outcome(emulator.url), outcome(emulator.url, key=None)
        assert elsewhere.sent == []
        assert elsewhere.arrivals == []
    assert isinstance(with_key, Answer)
    assert isinstance(without, Answer)
    assert [type(each) for each in before] == [Answer]
    first, second, third = emulator.sent
    assert second.host == first.host == third.host
    assert second.headers == first.headers
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in third.headers
    assert set(first.headers) - set(third.headers) == {"authorization"}


def test_clients_do_not_mix(emulator: OpenAIEmulator) -> None:
    with OpenAIEmulator() as other:

        async def run() -> None:
            clients = [
                build_client("openai", api_key="first-key", endpoint=emulator.url),
                build_client("openai", api_key="second-key", endpoint=other.url),
                build_client("openai", endpoint=other.url),
            ]
            await asyncio.gather(*(client.generate(REQUEST, timeout_seconds=60) for client in clients))
            assert len({client.key_fingerprint for client in clients}) == 3
            for client in clients:
                await client.close()
                await client.close()

        asyncio.run(run())
        assert [each.headers["authorization"] for each in emulator.sent] == ["Bearer first-key"]
        assert sorted(each.headers.get("authorization", "") for each in other.sent) == ["", "Bearer second-key"]


def test_a_cancelled_request_ends_at_once(emulator: OpenAIEmulator) -> None:
    emulator.script("hang")

    async def ask(client: GenerationClient) -> None:
        request = asyncio.create_task(client.generate(REQUEST, timeout_seconds=3600))
        while not emulator.sent:
            await asyncio.sleep(0.01)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    using(emulator.url, ask)


@pytest.mark.parametrize(
    ("key", "endpoint", "said"),
    [
        (None, None, "OPENAI_BASE_URL, like http://127.0.0.1:11434/v1"),
        ("two words", "http://host/v1", "OPENAI_API_KEY is empty or has characters that no key has"),
        (None, "localhost:11434/v1", "OPENAI_BASE_URL: 'localhost:11434/v1' is no address"),
        (None, "http://host/v1?key=1", "must end before"),
        (None, "http://me:secret@host/v1", "must not hold a name or a password"),
    ],
)
def test_what_cannot_work_is_said_in_one_line_before_anything_is_sent(
    key: str | None, endpoint: str | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        build_client("openai", api_key=key, endpoint=endpoint)
    assert "secret" not in str(raised.value)


def test_without_the_sdk_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'viral_assets\[openai\]'"):
        build_client("openai", endpoint="http://host/v1")
