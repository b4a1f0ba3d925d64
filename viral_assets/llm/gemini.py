"""The Gemini API as such, whichever SDK speaks to it: what its failures, blocks and finish reasons mean here.

Both clients hand in plain values (status, headers, body, names), so that the same response becomes the same answer or
error whoever received it. https://ai.google.dev/gemini-api/docs/troubleshooting,
https://ai.google.dev/api/generate-content#FinishReason
"""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from viral_assets.errors import (
    BlockedAnswerError,
    ConfigurationError,
    FatalProviderError,
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.llm.types import Answer, Usage
from viral_assets.text.secrets import hidden, redacted

DEFAULT_ENDPOINT = "https://generativelanguage.googleapis.com"

BLOCKED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
"""Finish reasons that mean: a filter did not like what this request led to."""

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_QUOTA_NAMES = ("quotaId", "quotaMetric", "quota_limit", "quota_metric", "subject")
_DURATION = re.compile(
    r"(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+(?:\.\d+)?)m(?!s))?(?:(?P<seconds>\d+(?:\.\d+)?)s)?"
    r"(?:(?P<milliseconds>\d+(?:\.\d+)?)ms)?"
)
_RETRY_IN = re.compile(r"retry (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Service:
    """Where requests go, and how to speak about it without telling the key.

    Args:
        api_key: sent with every request, never shown.
        endpoint: base URL without a path for the version; None for Google's.
    """

    api_key: str = field(repr=False)
    endpoint: str | None

    @classmethod
    def of(cls, api_key: str, endpoint: str | None) -> Service:
        """Check both before anything is sent.

        Raises:
            ConfigurationError: the endpoint is no HTTP address, or the key cannot be sent in a header.
        """
        key = api_key.strip()
        if not re.fullmatch(r"[!-~]+", key):
            raise ConfigurationError("GEMINI_API_KEY is empty or has characters that no key has; copy it again")
        return cls(key, _normal_endpoint(endpoint) if endpoint and endpoint.strip() else None)

    @property
    def base_url(self) -> str:
        return self.endpoint or DEFAULT_ENDPOINT

    @property
    def place(self) -> str:
        """For messages: the address, and the variable it came from."""
        if self.endpoint is None:
            return "the Gemini API"
        parts = urlsplit(self.endpoint)
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return f"{shown} (GEMINI_API_ENDPOINT)"

    def quoted(self, text: object) -> str:
        """Somebody else's words in one short line, without the key and without what looks like any secret."""
        line = " ".join(redacted(hidden(str(text), [self.api_key], instead="[key]")).split())
        return line if len(line) <= 200 else line[:199] + "…"

    def checked_model(self, model: str) -> str:
        """The model's name, if it can be one.

        Raises:
            FatalProviderError: it would lead to another address.
        """
        if not _MODEL_NAME.fullmatch(model):
            raise FatalProviderError(f"{self.quoted(repr(model))} is not a model's name; set GEMINI_MODEL to one")
        return model

    def unreachable(self, cause: BaseException) -> TransientProviderError:
        """No connection: nothing was asked and nothing is billed."""
        advice = "check the network" if self.endpoint is None else "check the address and that a server answers there"
        return TransientProviderError(f"cannot reach {self.place}: {self.quoted(_root_cause(cause))}; {advice}")

    def broken_off(self, cause: BaseException) -> TransientProviderError:
        """A connection that ended before the answer did: the request may have been served and billed."""
        return TransientProviderError(f"{self.place} broke the connection off: {self.quoted(_root_cause(cause))}")

    def timed_out(self, seconds: float) -> TransientProviderError:
        return TransientProviderError(f"{self.place} did not answer within {seconds:g} s")

    def undecodable(self, cause: object) -> TransientProviderError:
        return TransientProviderError(
            f"{self.place} answered with something that is not the Gemini API's: {self.quoted(cause)}", http_status=200
        )

    def answer(self, text: str, usage: Usage | None, finish_reason: str | None, block_reason: str | None) -> Answer:
        """What a success means.

        Args:
            text: all text of the first candidate.
            usage: tokens, if counted.
            finish_reason: the candidate's, as the API names it; empty where it gave none, None without a candidate.
            block_reason: why the prompt was refused, if it was.

        Raises:
            BlockedAnswerError: the prompt or the candidate was blocked.
            TransientProviderError: the body was none of the API's: the newer SDK reads anything as an empty response.
        """
        if block_reason or finish_reason in BLOCKED:
            what = f"the prompt ({block_reason})" if block_reason else f"the answer ({finish_reason})"
            raise BlockedAnswerError(
                f"Gemini's safety filter withheld {what}",
                input_tokens=usage.input_tokens if usage else None,
                output_tokens=usage.output_tokens if usage else None,
                thought_tokens=usage.thought_tokens if usage else None,
            )
        if not text and not finish_reason and usage is None:
            raise self.undecodable("no text, no reason, no token counts")
        if finish_reason is None:
            return Answer("", usage, "EMPTY")
        if finish_reason in {"STOP", "MAX_TOKENS"}:
            return Answer(text, usage, finish_reason)
        if finish_reason == "CONTINUATION":
            # As much as one request may write: what is missing is asked for anew, in smaller packs.
            return Answer(text, usage, "MAX_TOKENS")
        unsaid = finish_reason in {"", "FINISH_REASON_UNSPECIFIED"}
        return Answer(text, usage, "STOP" if unsaid and text else "OTHER")

    def failure(self, status: int, headers: Mapping[str, str], body: object, *, model: str) -> ProviderError:
        """What a response that is no success means.

        Args:
            status: HTTP status.
            headers: of the response; names in any case.
            body: as text, bytes or decoded JSON.
            model: what was asked.
        """
        error = _error_object(body)
        said = self.quoted(re.sub(r"<[^<>]*>", " ", str(error.get("message") or "")[:2_000])) or f"HTTP {status}"
        said = said if said[-1] in ".!?…" else said + "."
        if status == 429 and "0" in _quota_values(error.get("details")):
            message = f"{self.place} gives this key no quota for {model}: {said} Set GEMINI_MODEL, or enable billing."
            return FatalProviderError(message, http_status=status)
        if status == 429:
            quotas = [text.lower() for text in _quota_names(error.get("details"))]
            return RateLimitedError(
                f"{self.place} refuses for now: {said}",
                retry_after_seconds=_retry_after(error, headers),
                per_day=any("perday" in name.replace("_", "") for name in quotas),
                per_tokens=any("token" in name for name in quotas),
            )
        if status in {408, 425, 499} or status >= 500 or status < 400:
            return TransientProviderError(f"{self.place} had a problem (HTTP {status}): {said}", http_status=status)
        if status == 401 or _says_bad_key(error):
            message = f"{self.place} does not accept the key: {said} Check GEMINI_API_KEY."
        elif status == 403:
            message = f"{self.place} does not let this key use {model}: {said} Check GEMINI_API_KEY and its project."
        elif status in {404, 405, 410}:
            message = f"{self.place} has no model {model}: {said} Set GEMINI_MODEL to one it has"
            message += "." if self.endpoint is None else ", or correct GEMINI_API_ENDPOINT."
        elif status == 400 and error.get("status") == "FAILED_PRECONDITION":
            message = f"{self.place} does not serve this key: {said}"
        elif status in {400, 409, 413, 414, 422}:
            return RejectedRequestError(f"{self.place} rejects the request: {said}", http_status=status)
        else:
            message = f"{self.place} refuses every request (HTTP {status}): {said}"
        return FatalProviderError(message, http_status=status)


def usage(prompt: int | None, candidates: int | None, total: int | None, thoughts: int | None = None) -> Usage | None:
    """Counts as the API gives them; None where it gives none.

    The older SDK has no field for thoughts: they are what prompt and candidates leave over of the total.
    """
    asked, written = max(prompt or 0, 0), max(candidates or 0, 0)
    left_over = max((total or 0) - asked - written, 0)
    counted = Usage(input_tokens=asked, output_tokens=written, thought_tokens=thoughts or left_over)
    return counted if counted.total else None


def _root_cause(error: BaseException) -> str:
    """What the operating system said, however deep a library buried it; else the innermost message."""
    said, queue, seen = type(error).__name__, [error], set[int]()
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, OSError) and current.errno:
            named = current.errno > 0 and not isinstance(current, ssl.SSLError)
            return os.strerror(current.errno) if named else str(current.strerror)
        inner = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        queue += [*(each for each in inner if isinstance(each, BaseException)), *getattr(current, "exceptions", ())]
        if str(current) and not any(isinstance(argument, BaseException) for argument in current.args):
            said = str(current)
    return said


def _normal_endpoint(endpoint: str) -> str:
    text = endpoint.strip().rstrip("/")
    shown = redacted(text)
    wrong = f"GEMINI_API_ENDPOINT: {shown!r} is no address like https://host or http://host:port"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ConfigurationError(wrong) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(wrong)
    if parts.query or parts.fragment:
        raise ConfigurationError(f"GEMINI_API_ENDPOINT: {shown!r} must end before '?' or '#'")
    return re.sub(r"/v1(?:beta|alpha)?$", "", text)


def _error_object(body: object) -> dict[str, Any]:
    """``{"error": {...}}``, a list of one such, or ``{}`` for anything else; a text becomes the message."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return {"message": body}
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    return error if isinstance(error, dict) else {"message": error}


def _details(details: object) -> Iterator[dict[str, Any]]:
    if isinstance(details, list):
        yield from (detail for detail in details if isinstance(detail, dict))


def _quota_names(details: object) -> Iterator[str]:
    """Names of the quotas that are used up, wherever the API put them."""
    for detail in _details(details):
        metadata = detail.get("metadata")
        for part in [metadata, *_details(detail.get("violations"))]:
            if isinstance(part, dict):
                yield from (str(part[name]) for name in _QUOTA_NAMES if name in part)


def _quota_values(details: object) -> list[str]:
    """The limits themselves. One of zero (a model outside the key's plan) is not a matter of waiting."""
    violations = [each for detail in _details(details) for each in _details(detail.get("violations"))]
    return [str(violation.get("quotaValue")) for violation in violations]


def _says_bad_key(error: Mapping[str, Any]) -> bool:
    reasons = {detail.get("reason") for detail in _details(error.get("details"))}
    if reasons & {"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"}:
        return True
    return bool(re.search(r"api key (?:not valid|not found|expired|invalid)", str(error.get("message", "")).lower()))


def _retry_after(error: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """The longest wait the response speaks of: RetryInfo, the message, the header."""
    waits = [
        _seconds(detail.get("retryDelay"))
        for detail in _details(error.get("details"))
        if str(detail.get("@type", "")).endswith("RetryInfo")
    ]
    if not any(wait is not None for wait in waits) and (said := _RETRY_IN.search(str(error.get("message", "")))):
        waits.append(_seconds(said[1]))
    header = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    waits.append(_header_seconds(header))
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _seconds(duration: object) -> float | None:
    """``36s``, ``36.5s``, ``1h2m3s``, ``120ms``, a number, or protobuf's ``{seconds, nanos}``."""
    if isinstance(duration, dict):
        duration = f"{duration.get('seconds', 0)}.{int(duration.get('nanos', 0)):09d}s"
    if isinstance(duration, bool) or not isinstance(duration, str | int | float):
        return None
    text = str(duration).strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    return part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"] + part["milliseconds"] / 1000


def _header_seconds(value: str | None) -> float | None:
    """``Retry-After`` as seconds or as a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    if (seconds := _seconds(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
