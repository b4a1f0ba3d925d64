"""OpenAI's API as such, whoever serves it: where requests go, and what failures, finish reasons and counts mean here.

Ollama, llama.cpp, vLLM and hosted services answer chat completions in the same shape, each with its own omissions; what
is missing is unknown and never an error. https://platform.openai.com/docs/api-reference/chat,
https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from viral_assets.errors import (
    BlockedAnswerError,
    ConfigurationError,
    FatalProviderError,
    ProviderError,
    RateLimitedError,
    TransientProviderError,
)
from viral_assets.llm.http_service import HttpService, withheld
from viral_assets.llm.input_limit import rejected
from viral_assets.llm.responses import (
    error_object,
    header_of,
    http_address,
    retry_after_header,
    seconds_of,
    sendable_key,
)
from viral_assets.llm.types import Answer, Usage

OWN_ADDRESS = "https://api.openai.com/v1"
ADDRESS = "OPENAI_BASE_URL"
KEY = "OPENAI_API_KEY"
MODEL = "OPENAI_MODEL"

FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS"}
"""What they are called here; a service that gives none has finished, any other one is ``OTHER``."""

MAX_SHOWN = 400
"""Bytes of a body that is quoted, before it is made short."""

_AGAIN_IN = re.compile(r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)", re.IGNORECASE)
_NO_SUCH_MODEL = re.compile(
    r"model_not_found|invalid.model|\bmodel\b.{0,120}(?:not found|does not exist)", re.IGNORECASE
)
_PER_DAY = re.compile(r"per[ _-]day|\((?:RPD|TPD)\)", re.IGNORECASE)
_NAMES_QUOTA = re.compile(r"per[ _-](?:min|day)|\((?:RPM|TPM|RPD|TPD)\)|\btokens\b", re.IGNORECASE)
_PER_TOKENS = re.compile(r"tokens[ _-]per[ _-](?:min|day)|\((?:TPM|TPD)\)", re.IGNORECASE)
_THOUGHTS = re.compile(r"\s*<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHTS = re.compile(r"\s*(?![\[{`])(.*?)</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenAIEndpoint(HttpService):
    """Where requests go, and how to speak about it without telling the key.

    Args:
        base_url: what ``/chat/completions`` is put behind.
        api_key: sent with every request, never shown; empty where none is sent.
    """

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def of(cls, api_key: str | None, base_url: str | None) -> OpenAIEndpoint:
        """Check both before anything is sent.

        Args:
            base_url: None for OpenAI's own, which needs a key.

        Raises:
            ConfigurationError: one of them cannot be used.
        """
        key = sendable_key(api_key, KEY) if api_key and api_key.strip() else ""
        if not base_url and not key:
            raise ConfigurationError(f"set {ADDRESS}, like http://127.0.0.1:11434/v1 for Ollama, or {KEY}")
        if base_url and "@" in urlsplit(base_url).netloc:
            raise ConfigurationError(f"{ADDRESS} must not hold a name or a password: the key belongs into {KEY}")
        return cls(http_address(base_url or OWN_ADDRESS, ADDRESS), key)

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own, and not only of its kind."""
        return f".{urlsplit(self.base_url).hostname}".endswith(".api.openai.com")

    @property
    def identity(self) -> str:
        """What tells it from others: the key where there is one, else the address."""
        return self.api_key or self.base_url

    @property
    def place(self) -> str:
        """For messages: the address, and the variable it came from."""
        return "OpenAI" if self.base_url == OWN_ADDRESS else f"{self.base_url} ({ADDRESS})"

    def undecodable(self, cause: object) -> TransientProviderError:
        return TransientProviderError(
            f"{self.place} answered with something that is no chat completion: {self.quoted(cause)}; "
            "the address usually ends in /v1",
            http_status=200,
        )

    def answer(self, body: bytes, *, model: str) -> Answer:
        """What a success means.

        Args:
            body: as it came.
            model: what was asked.

        Raises:
            BlockedAnswerError: a filter withheld the answer, or the model refused to give one.
            ProviderError: the body is none of the API's, or an error all the same, as gateways send it.
        """
        try:
            completion = json.loads(body)
        except (ValueError, RecursionError):
            raise self.undecodable(body[:MAX_SHOWN].decode("utf-8", "replace") or "nothing at all") from None
        if not isinstance(completion, dict):
            raise self.undecodable("no object")
        choices = completion.get("choices")
        if not choices and completion.get("error"):
            code = error_object(completion).get("code")
            status = code if isinstance(code, int) and 400 <= code < 600 else 502
            raise self.failure(status, {}, completion, model=model)
        if not isinstance(choices, list):
            raise self.undecodable("no choices")
        if not choices:
            return Answer("", usage_of(completion, thoughts=0.0), "EMPTY")
        choice = choices[0] if isinstance(choices[0], dict) else {}
        answered_by = completion.get("model")
        model_version = (self.quoted(answered_by) or None) if isinstance(answered_by, str) else None
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self.undecodable("a choice without a message")
        thoughts, text = split_thoughts(message)
        counted = usage_of(completion, thoughts=len(thoughts) / max(1, len(thoughts) + len(text)))
        finish = str(choice.get("finish_reason") or "stop").lower()
        if finish == "content_filter" or message.get("refusal"):
            what = f"the model refused: {self.quoted(message['refusal'])}" if message.get("refusal") else ""
            raise withheld(what or f"a content filter of {self.place} withheld the answer", counted, model_version)
        return Answer(text, counted, FINISH_REASONS.get(finish, "OTHER"), model_version)

    def failure(self, status: int, headers: Mapping[str, str], body: object, *, model: str) -> ProviderError:
        """What a response that is no success means.

        Args:
            status: HTTP status.
            headers: of the response; names in any case.
            body: as text, bytes or decoded JSON.
            model: what was asked.
        """
        error = error_object(body)
        said = self.sentence(error, status)
        code = str(error.get("code") or error.get("type") or "")
        if status == 402 or code == "insufficient_quota":
            message = f"{self.place} has no credit for this key: {said} Add some, or set {KEY} to another."
            return FatalProviderError(message, http_status=status)
        if status == 429:
            described = f"{error.get('message')} {error.get('type')}"
            return RateLimitedError(
                f"{self.place} refuses for now: {said}",
                retry_after_seconds=_retry_after(error, headers),
                per_day=_PER_DAY.search(described) is not None,
                per_tokens=_PER_TOKENS.search(described) is not None or error.get("type") == "tokens",
                names_quota=_NAMES_QUOTA.search(described) is not None,
            )
        if status in {408, 425, 499} or status >= 500:
            return TransientProviderError(f"{self.place} had a problem (HTTP {status}): {said}", http_status=status)
        if status == 401:
            advice = f"Check {KEY}" if self.api_key else f"Set {KEY}"
            message = f"{self.place} does not accept {'the key' if self.api_key else 'requests without a key'}: {said}"
            return FatalProviderError(f"{message} {advice}.", http_status=status)
        if status == 403:
            message = f"{self.place} does not let this key use {model}: {said} Check {KEY} and what it may use."
            return FatalProviderError(message, http_status=status)
        if status in {404, 405, 410} or (status == 400 and _NO_SUCH_MODEL.search(f"{code} {error.get('message')}")):
            message = f"{self.place} has no model {self.quoted(model)}: {said} Set {MODEL} to one it has"
            return FatalProviderError(f"{message}, or correct {ADDRESS}: it usually ends in /v1.", http_status=status)
        if status < 400:
            where = self.quoted(header_of(headers, "location") or "another address")
            message = f"{self.place} redirects to {where} (HTTP {status}), where no key is sent; correct {ADDRESS}"
            return FatalProviderError(message, http_status=status)
        if status == 400 and code in {"content_filter", "content_policy_violation"}:
            return BlockedAnswerError(f"a content filter of {self.place} withheld the prompt: {said}")
        if status in {400, 409, 413, 414, 422}:
            return rejected(f"{self.place} rejects the request: {said}", error, status)
        return FatalProviderError(f"{self.place} refuses every request (HTTP {status}): {said}", http_status=status)


def complaint(body: object) -> str:
    """What a rejection names, in lower case: the message, and the fields of the request it is about."""
    error = error_object(body)
    parts = [error.get(name) for name in ("message", "param", "code", "type")]
    details = error.get("detail")
    for detail in details if isinstance(details, list) else [details]:
        parts += [detail.get("loc"), detail.get("msg")] if isinstance(detail, dict) else [detail]
    return " ".join(str(part) for part in parts if part).lower()


def split_thoughts(message: Mapping[str, Any]) -> tuple[str, str]:
    """What a model thought before it answered, and its answer.

    Thoughts come in a field of their own (``reasoning``, ``reasoning_content``), as parts of the content, or in front
    of the answer in ``<think>`` marks, of which the first may have been part of the prompt. Marks that are never
    closed belong to an answer that was cut off while the model was still thinking.
    """
    content = message.get("content")
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    text = content if isinstance(content, str) else "".join(_text(part) for part in parts if "text" in part)
    field_of_its_own = message.get("reasoning_content") or message.get("reasoning")
    thoughts = field_of_its_own if isinstance(field_of_its_own, str) else ""
    if marked := _THOUGHTS.match(text) or _END_OF_THOUGHTS.match(text):
        thoughts, text = thoughts + marked[1], text[marked.end() :]
    return thoughts, text.strip()


def usage_of(completion: Mapping[str, Any], *, thoughts: float) -> Usage | None:
    """Counts as the service gives them; None where it gives none.

    Most count thoughts within ``completion_tokens`` and say how many in ``reasoning_tokens``; some add them to the
    total only; local servers count all they wrote and do not tell thoughts apart.

    Args:
        thoughts: share of thoughts in what was written, 0 to 1, for services that do not tell them apart.
    """
    given = completion.get("usage")
    if not isinstance(given, dict):
        return None
    asked, written, total = (_count(given, f"{name}_tokens") for name in ("prompt", "completion", "total"))
    told = _count(given.get("completion_tokens_details"), "reasoning_tokens")
    beyond = max(total - asked - written, 0)
    if beyond and (told == 0 or told <= beyond):
        thought = beyond
    else:
        thought = min(told, written) or round(thoughts * written)
        written -= thought
    counted = Usage(
        input_tokens=asked,
        output_tokens=written,
        thought_tokens=thought,
        cached_tokens=min(_count(given.get("prompt_tokens_details"), "cached_tokens"), asked),
    )
    return counted if counted.total else None


def _text(part: Mapping[str, Any]) -> str:
    text = part["text"]
    return text if isinstance(text, str) else ""


def _count(counts: object, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return max(value, 0) if isinstance(value, int) else 0


def _retry_after(error: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """The longest wait the response speaks of: the header, also in milliseconds, or the message."""
    said = _AGAIN_IN.search(str(error.get("message", "")))
    milliseconds = seconds_of(header_of(headers, "retry-after-ms"))
    waits = [
        retry_after_header(headers),
        milliseconds / 1000 if milliseconds is not None else None,
        seconds_of(said[1]) if said else None,
    ]
    return max((wait for wait in waits if wait is not None), default=None)
