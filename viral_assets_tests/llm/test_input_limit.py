"""What services say of a request that holds too much: how much they take is read from it."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets.errors import ProviderError, RejectedRequestError, TooMuchInputError
from viral_assets.llm import gemini, openai_api


def of_gemini(message: str) -> ProviderError:
    body = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
    return gemini.GeminiEndpoint.of("a-key", None).failure(400, {}, body, model="gemini-2.5-flash-lite")


def of_openai(error: dict[str, Any]) -> ProviderError:
    service = openai_api.OpenAIEndpoint.of(None, "http://127.0.0.1:8000/v1")
    return service.failure(400, {}, {"error": error}, model="a-model")


def test_gemini_says_what_it_counts_and_what_it_allows() -> None:
    error = of_gemini("The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")

    assert isinstance(error, TooMuchInputError)
    assert (error.counted, error.allowed, error.with_output) == (1_048_577, 1_048_576, False)


@pytest.mark.parametrize(
    ("message", "counted"),
    [
        (
            (
                "This model's maximum context length is 4096 tokens. However, your messages resulted in 4500 tokens. "
                "Please reduce the length of the messages."
            ),
            4_500,
        ),
        (
            (
                "This model's maximum context length is 4,096 tokens. However, you requested 5000 tokens (4500 in the "
                "messages, 500 in the completion). Please reduce the length of the messages or completion."
            ),
            4_500,
        ),
        (
            (
                "'max_tokens' is too large: 500. This model's maximum context length is 4096 tokens and your request "
                "has 4500 input tokens."
            ),
            4_500,
        ),
        ("request (4500 tokens) exceeds the available context size (4096 tokens), try increasing it", 4_500),
        (
            (
                "Trying to keep the first 4500 tokens when context the overflows. However, the model is loaded with "
                "context length of only 4096 tokens, which is not enough."
            ),
            4_500,
        ),
        ("This model's maximum context length is 4096 tokens.", 0),
    ],
    ids=["OpenAI", "with a completion", "vLLM", "llama.cpp", "LM Studio", "without a count"],
)
def test_services_of_openais_kind_say_it_in_words(message: str, counted: int) -> None:
    error = of_openai({"message": message, "type": "invalid_request_error", "code": None})

    assert isinstance(error, TooMuchInputError)
    assert (error.allowed, error.counted, error.with_output) == (4_096, counted, True)


def test_llama_cpp_says_it_in_fields() -> None:
    error = of_openai({"message": "too much", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8})

    assert isinstance(error, TooMuchInputError)
    assert (error.allowed, error.counted) == (8, 9)


@pytest.mark.parametrize("message", ["Invalid value at 'contents'.", "The input token count exceeds the maximum.", ""])
def test_another_rejection_is_about_what_is_asked(message: str) -> None:
    for error in (of_gemini(message), of_openai({"message": message})):
        assert isinstance(error, RejectedRequestError)
        assert not isinstance(error, TooMuchInputError)
