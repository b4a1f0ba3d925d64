"""What the error object of a response of the Gemini API says: which quota, for how long, whose fault.

https://ai.google.dev/gemini-api/docs/troubleshooting, https://google.aip.dev/193
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from viral_assets.llm.responses import retry_after_header, seconds_of

_QUOTA_NAMES = ("quotaId", "quotaMetric", "quota_limit", "quota_metric", "subject")
_LIMIT_OF_ZERO = re.compile(r"\blimit: 0(?!\d|[.,]\d)", re.IGNORECASE)
_RETRY_IN = re.compile(r"retry (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)", re.IGNORECASE)


def quota_names(error: Mapping[str, Any]) -> Iterator[str]:
    """Names of the quotas that are used up, wherever the API put them."""
    for detail in _details(error.get("details")):
        metadata = detail.get("metadata")
        for part in [metadata, *_details(detail.get("violations"))]:
            if isinstance(part, dict):
                yield from (str(part[name]) for name in _QUOTA_NAMES if name in part)


def requests_a_minute(error: Mapping[str, Any]) -> int | None:
    """What a violated quota of requests a minute says it allows."""
    values = [
        str(each.get("quotaValue", ""))
        for each in _violations(error)
        if "perminute" in (name := str(each.get("quotaId", "")).replace("_", "").lower()) and "token" not in name
    ]
    known = [int(value) for value in values if re.fullmatch(r"[1-9]\d{0,8}", value)]
    return min(known, default=None)


def has_no_quota(error: Mapping[str, Any]) -> bool:
    """Whether a limit is zero, as for a model outside of the key's plan: no waiting helps.

    Such a violation has no ``quotaValue`` (or 0), and the message says "limit: 0"; it names a quota of the day all the
    same.
    """
    violations = [*_violations(error)]
    values = [str(each["quotaValue"]) for each in violations if each.get("quotaValue") not in (None, "")]
    unsaid = len(values) < max(1, len(violations))
    return "0" in values or (unsaid and _LIMIT_OF_ZERO.search(str(error.get("message") or "")) is not None)


def names_the_tier(error: Mapping[str, Any]) -> bool:
    """Whether it is the service tier that is refused."""
    return bool(
        re.search(r"\b(?:service.?tier|flex)\b", f"{error.get('message')} {error.get('details')}", re.IGNORECASE)
    )


def says_bad_key(error: Mapping[str, Any]) -> bool:
    """Whether it is the key that is refused: the API has a 400 for that."""
    reasons = {detail.get("reason") for detail in _details(error.get("details"))}
    if reasons & {"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"}:
        return True
    return bool(re.search(r"api key (?:not valid|not found|expired|invalid)", str(error.get("message", "")).lower()))


def retry_after(error: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """The longest wait the response speaks of, in seconds: RetryInfo, the message, the header."""
    waits = [
        seconds_of(detail.get("retryDelay"))
        for detail in _details(error.get("details"))
        if str(detail.get("@type", "")).endswith("RetryInfo")
    ]
    if not any(wait is not None for wait in waits) and (said := _RETRY_IN.search(str(error.get("message", "")))):
        waits.append(seconds_of(said[1]))
    waits.append(retry_after_header(headers))
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _details(details: object) -> Iterator[dict[str, Any]]:
    if isinstance(details, list):
        yield from (detail for detail in details if isinstance(detail, dict))


def _violations(error: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The quotas that are used up, each with what the API says about it."""
    for detail in _details(error.get("details")):
        yield from _details(detail.get("violations"))
