"""Errors as the API words them, above all the many bodies of a 429."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

TYPES = "type.googleapis.com/google.rpc"

PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
TOKENS_PER_MINUTE = "GenerateContentInputTokensPerModelPerMinute-FreeTier"


def error(status: int, name: str, message: str, details: Sequence[Mapping[str, Any]] = (), **headers: str) -> Response:
    found: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        found["details"] = list(details)
    return JSONResponse({"error": found}, status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def refused(quota: str, value: int, retry_delay: str | None, **headers: str) -> Response:
    """429 as the API words it."""
    message = f"You exceeded your current quota, please check your plan. * Quota exceeded for: {quota}, limit: {value}"
    details: list[dict[str, Any]] = [
        {
            "@type": f"{TYPES}.QuotaFailure",
            "violations": [
                {
                    "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                    "quotaId": quota,
                    "quotaDimensions": {"location": "global", "model": "gemini"},
                    # What is zero is left out, as protobuf does.
                    **({"quotaValue": str(value)} if value else {}),
                }
            ],
        },
        {
            "@type": f"{TYPES}.Help",
            "links": [{"description": "Learn more about Gemini API quotas", "url": "https://ai.google.dev/gemini-api"}],
        },
    ]
    if retry_delay is not None:
        details.append({"@type": f"{TYPES}.RetryInfo", "retryDelay": retry_delay})
        message += f"\nPlease retry in {retry_delay}."
    return error(429, "RESOURCE_EXHAUSTED", message, details, **headers)


def too_long(tokens: int, most: int) -> Response:
    """A request that holds more than the model takes."""
    words = f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({most})."
    return error(400, "INVALID_ARGUMENT", words)


REFUSALS: dict[str, Callable[[], Response]] = {
    "429": lambda: refused(PER_MINUTE, 15, "36s"),
    "429_fractional": lambda: refused(PER_MINUTE, 15, "2.472630291s"),
    "429_long": lambda: refused(PER_MINUTE, 15, "183s"),
    "429_no_delay": lambda: refused(PER_MINUTE, 15, None),
    "429_per_day": lambda: refused(PER_DAY, 250, "21.5s"),
    "429_not_in_plan": lambda: refused(PER_DAY, 0, "21.5s"),
    "429_tokens": lambda: refused(TOKENS_PER_MINUTE, 250_000, "12s"),
    "429_header": lambda: refused(PER_MINUTE, 15, None, retry_after="7"),
    "429_message_only": lambda: error(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please retry in 5.5s."),
    "429_no_details": lambda: error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    "429_as_list": lambda: JSONResponse([{"error": {"code": 429, "message": "slow down", "status": "X"}}], 429),
    "429_no_json": lambda: Response("<html><title>429</title>Too many requests</html>", 429, media_type="text/html"),
}
"""Bodies a 429 can have; also faults."""
