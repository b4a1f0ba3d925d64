"""A batch as the API words it: a long-running operation whose metadata hold everything that SDKs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

_KIND = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4}
"""The code in an error that is no HTTP response, by the status it would have had."""

_FAILED = {
    "FAILED": {"code": 13, "message": "The batch failed."},
    "CANCELLED": {"code": 1, "message": "The batch was cancelled."},
    "EXPIRED": {"code": 4, "message": "The batch expired."},
}


@dataclass
class Work:
    """What a batch is about. Times are in seconds since the epoch."""

    name: str
    model: str
    display_name: str
    created: float
    requests: int
    state: str = "PENDING"
    ended: float | None = None


def operation(work: Work, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The batch with the results it has."""
    failed = sum("error" in each for each in results)
    output = {"inlinedResponses": {"inlinedResponses": list(results)}}
    counts = {"requestCount": work.requests, "failedRequestCount": failed}
    counts["successfulRequestCount"] = len(results) - failed
    counts["pendingRequestCount"] = work.requests - len(results)
    metadata: dict[str, Any] = {
        "@type": _KIND,
        "name": work.name,
        "model": f"models/{work.model}",
        "displayName": work.display_name,
        "createTime": _moment(work.created),
        "updateTime": _moment(work.created if work.ended is None else work.ended),
        "state": f"BATCH_STATE_{work.state}",
        # Numbers of 64 bits are text, and zero is left out, as protobuf does.
        "batchStats": {name: str(count) for name, count in counts.items() if count},
    }
    if work.ended is None:
        return {"name": work.name, "metadata": metadata}
    metadata["endTime"] = _moment(work.ended)
    if results:
        metadata["output"] = output
    if work.state == "SUCCEEDED":
        return {"name": work.name, "metadata": metadata, "done": True, "response": output}
    return {"name": work.name, "metadata": metadata, "done": True, "error": _FAILED[work.state]}


def result(response: Response) -> tuple[int, dict[str, Any]]:
    """The status and the part of a batch's results that a response becomes: an answer, or an error."""
    try:
        content = json.loads(bytes(response.body))
    except ValueError:
        content = None
    if response.status_code == 200 and isinstance(content, dict):
        return 200, {"response": content}
    status = 500 if response.status_code == 200 else response.status_code
    told = content.get("error", {}) if isinstance(content, dict) else {}
    message = told.get("message", "An internal error has occurred.")
    return status, {"error": {"code": _CODES.get(status, 13), "message": message}}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
