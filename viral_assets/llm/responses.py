"""What responses of HTTP services have in common, whichever service it is: errors in JSON, waits, words to pass on."""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from viral_assets.errors import ConfigurationError
from viral_assets.text.secrets import hidden, redacted

MAX_QUOTED = 200

_DURATION = re.compile(
    r"(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+(?:\.\d+)?)m(?!s))?(?:(?P<seconds>\d+(?:\.\d+)?)s)?"
    r"(?:(?P<milliseconds>\d+(?:\.\d+)?)ms)?"
)


def http_address(text: str, variable: str) -> str:
    """An address of a service without what is too much at its end.

    Args:
        variable: where it came from, for the message.

    Raises:
        ConfigurationError: it is none.
    """
    text = text.strip().rstrip("/")
    shown = redacted(text)
    wrong = f"{variable}: {shown!r} is no address like https://host or http://host:port"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ConfigurationError(wrong) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(wrong)
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{variable}: {shown!r} must end before '?' or '#'")
    return text


def sendable_key(key: str, variable: str) -> str:
    """A key as it goes into a header.

    Args:
        variable: where it came from, for the message.

    Raises:
        ConfigurationError: it cannot be sent.
    """
    key = key.strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise ConfigurationError(f"{variable} is empty or has characters that no key has; copy it again")
    return key


def quoted_line(text: object, secret: str) -> str:
    """Somebody else's words in one short line, without the secret and without what looks like any."""
    line = " ".join(redacted(hidden(str(text), [secret] if secret else [], instead="[key]")).split())
    return line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 1] + "…"


def sentence_without_markup(text: str) -> str:
    """The beginning of an error's message, which may be a page of a proxy."""
    return re.sub(r"<[^<>]*>", " ", text[:2_000])


def root_cause(error: BaseException) -> str:
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


def error_object(body: object) -> dict[str, Any]:
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


def seconds_of(duration: object) -> float | None:
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


def header_of(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value, however its name is written."""
    return next((value for each, value in headers.items() if each.lower() == name), None)


def retry_after_header(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, which it gives as such or as a date (RFC 9110, section 10.2.3)."""
    value = header_of(headers, "retry-after")
    if value is None:
        return None
    if (seconds := seconds_of(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
