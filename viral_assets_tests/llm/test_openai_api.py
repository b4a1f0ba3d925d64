"""What services of OpenAI's kind mean by what they say, in the spellings of different ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from viral_assets.errors import BlockedAnswerError, FatalProviderError, RateLimitedError
from viral_assets.llm.openai_api import OpenAIEndpoint, complaint, split_thoughts, usage_of
from viral_assets.llm.types import Usage

SERVICE = OpenAIEndpoint.of("sk-key", "https://models.example/v1/")


def counted(prompt: int, completion: int, total: int, **details: Any) -> dict[str, Any]:
    return {
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": total,
            **{f"{name}_details": value for name, value in details.items()},
        }
    }


@pytest.mark.parametrize(
    ("completion", "thoughts", "usage"),
    [
        (counted(10, 20, 30), 0.0, Usage(10, 20)),
        (counted(10, 20, 30, completion_tokens={"reasoning_tokens": 15}), 0.0, Usage(10, 5, 15)),
        (counted(10, 20, 45, completion_tokens={"reasoning_tokens": 15}), 0.0, Usage(10, 20, 15)),
        (counted(10, 20, 45), 0.0, Usage(10, 20, 15)),
        (counted(10, 20, 30), 0.75, Usage(10, 5, 15)),
        (counted(10, 20, 30, prompt_tokens={"cached_tokens": 8}), 0.0, Usage(10, 20, 0, 8)),
        (counted(10, 20, 30, prompt_tokens=None, completion_tokens=None), 0.0, Usage(10, 20)),
        ({"usage": {"prompt_tokens": 10, "completion_tokens": 20}}, 0.0, Usage(10, 20)),
        ({"usage": {"prompt_tokens": "10", "completion_tokens": None, "total_tokens": float("nan")}}, 0.0, None),
        ({"usage": None}, 0.0, None),
        ({}, 0.5, None),
    ],
    ids=[
        "no thoughts",
        "thoughts within the answer",
        "thoughts beside the answer",
        "thoughts in the total only",
        "thoughts in the text only",
        "from the cache",
        "no details",
        "no total",
        "no numbers",
        "nothing",
        "no usage",
    ],
)
def test_tokens_are_counted_as_each_service_does(
    completion: dict[str, Any], thoughts: float, usage: Usage | None
) -> None:
    assert usage_of(completion, thoughts=thoughts) == usage


@pytest.mark.parametrize(
    ("message", "thoughts", "text"),
    [
        ({"content": "[1]"}, "", "[1]"),
        ({"content": None}, "", ""),
        ({"content": "<think>hm [2]</think>\n\n[1]"}, "hm [2]", "[1]"),
        ({"content": "\n<thinking>hm</thinking>[1]"}, "hm", "[1]"),
        ({"content": "hm {x}, <b>so</b>\n</think>\n[1]"}, "hm {x}, <b>so</b>\n", "[1]"),
        ({"content": "<think>cut off while"}, "cut off while", ""),
        ({"content": '[{"text": "they say </think> there"}]'}, "", '[{"text": "they say </think> there"}]'),
        ({"content": "[1]", "reasoning_content": "hm"}, "hm", "[1]"),
        ({"content": "[1]", "reasoning": "hm"}, "hm", "[1]"),
        ({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "[1]"}]}, "", "[1]"),
    ],
)
def test_thoughts_are_told_from_the_answer(message: dict[str, Any], thoughts: str, text: str) -> None:
    assert split_thoughts(message) == (thoughts, text)


def test_a_rejection_names_what_it_is_about_in_whatever_shape() -> None:
    assert "response_format" in complaint(b'{"error": {"message": "Bad value", "param": "response_format"}}')
    assert "temperature" in complaint({"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs"}]})
    assert "json_schema" in complaint(b"json_schema is not supported")
    assert complaint(b"") == ""


def test_the_longest_wait_counts() -> None:
    body = {"error": {"message": "Rate limit reached. Please try again in 1m2.5s."}}
    refused = SERVICE.failure(429, {"Retry-After": "3"}, body, model="m")
    assert isinstance(refused, RateLimitedError)
    assert refused.retry_after_seconds == 62.5


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}},
        {"object": "error", "message": "Invalid model: m", "type": "invalid_model"},
    ],
)
def test_a_model_that_is_not_there_is_no_fault_of_the_tweets(body: dict[str, Any]) -> None:
    assert isinstance(SERVICE.failure(400, {}, body, model="m"), FatalProviderError)


def test_openai_itself_is_told_from_its_kind() -> None:
    assert OpenAIEndpoint.of("sk-key", None).is_openai
    assert OpenAIEndpoint.of("sk-key", "https://eu.api.openai.com/v1").is_openai
    assert not SERVICE.is_openai
    assert not OpenAIEndpoint.of("sk-key", "https://notapi.openai.com.example/v1").is_openai


def test_the_key_is_shown_to_nobody() -> None:
    assert "sk-key" not in repr(SERVICE)
    told = SERVICE.failure(401, {}, {"error": {"message": "Incorrect API key provided: sk-key."}}, model="m")
    assert "[key]" in str(told)
    assert "sk-key" not in str(told)


def test_a_refusal_is_billed_with_what_the_service_had_cached() -> None:
    usage = counted(50, 4, 54, prompt_tokens={"cached_tokens": 32})
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **usage})
    with pytest.raises(BlockedAnswerError) as caught:
        SERVICE.answer(body.encode(), model="m")
    assert (caught.value.input_tokens, caught.value.cached_tokens) == (50, 32)
