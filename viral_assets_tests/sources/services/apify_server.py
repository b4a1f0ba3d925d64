"""A local server that speaks Apify's API: Actor runs, datasets and their items, with its ways to say no.

Reference: https://docs.apify.com/api/v2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viral_assets_tests.sources.examples import id_at
from viral_assets_tests.sources.services.http_server import LocalServer, Reply, Request

TOKEN = "apify_api_the_secret_token"


def item(posted: datetime, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A tweet as ``apidojo/tweet-scraper`` writes it; ``...`` as a value takes the key away."""
    identity = id_at(posted.isoformat(), number)
    full = {
        "type": "tweet",
        "id": identity,
        "url": f"https://x.com/mara_writes_here/status/{identity}",
        "twitterUrl": f"https://twitter.com/mara_writes_here/status/{identity}",
        "text": f"How much screen time is too much? ({number})",
        "fullText": f"How much screen time is too much? ({number})",
        "retweetCount": 2,
        "replyCount": 3,
        "likeCount": 50,
        "quoteCount": 1,
        "viewCount": 4000,
        "bookmarkCount": 4,
        "createdAt": posted.astimezone(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "lang": "en",
        "isReply": False,
        "isRetweet": False,
        "isQuote": False,
        "conversationId": identity,
        "author": {
            "type": "user",
            "id": "42",
            "userName": "mara_writes_here",
            "name": "Mara",
            "isVerified": False,
            "isBlueVerified": True,
            "followers": 1234,
        },
        **changes,
    }
    return {key: value for key, value in full.items() if value is not ...}


@dataclass
class FakeRun:
    """A run that gives ``items`` little by little.

    Args:
        looks: at the run until it ends.
        ends_as: its status then.
    """

    run_id: str
    items: list[dict[str, Any]]
    looks: int
    ends_as: str
    given: dict[str, Any]
    options: dict[str, str]
    cost_usd: float | None = 0.12
    looked: int = 0
    status: str = "READY"

    @property
    def visible(self) -> int:
        """How many items its dataset has by now."""
        return len(self.items) if self.status == self.ends_as else len(self.items) * self.looked // (self.looks + 1)


class ApifyServer(LocalServer):
    """Finds ``found`` in each run."""

    def __init__(
        self,
        found: Callable[[dict[str, Any]], Sequence[dict[str, Any]]] = lambda _: (),
        *,
        looks: int = 2,
        ends_as: str = "SUCCEEDED",
        modified_at: datetime = datetime(2026, 11, 21, 21, 20, tzinfo=UTC),
    ) -> None:
        super().__init__()
        self.found, self.looks, self.ends_as, self.modified_at = found, looks, ends_as, modified_at
        self.token = TOKEN
        self.runs: dict[str, FakeRun] = {}
        self.datasets: dict[str, list[dict[str, Any]]] = {}
        self.message: str | None = None

    def answer(self, request: Request) -> Reply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "user-or-token-not-found", "User was not found or authentication token is not valid")
        parts = request.path.strip("/").split("/")
        match parts:
            case ["v2", "acts" | "actors", actor, "runs"] if request.method == "POST":
                return self._start(actor, request)
            case ["v2", "actor-runs", run_id]:
                return self._run(run_id)
            case ["v2", "datasets", dataset_id]:
                return self._dataset(dataset_id)
            case ["v2", "datasets", dataset_id, "items"]:
                return self._items(dataset_id, request.query)
        return _error(404, "page-not-found", f"There is no {request.method} {request.path}")

    def _start(self, actor: str, request: Request) -> Reply:
        if actor != "apidojo~tweet-scraper":
            return _error(404, "record-not-found", "Actor was not found")
        given = json.loads(request.body)
        number = len(self.runs) + 1
        run = FakeRun(f"run{number}", list(self.found(given)), self.looks, self.ends_as, given, request.query)
        self.runs[run.run_id] = run
        return Reply(201, {"data": self._as_json(run)})

    def _run(self, run_id: str) -> Reply:
        run = self.runs.get(run_id)
        if run is None:
            return _error(404, "record-not-found", "Actor run was not found")
        run.looked += 1
        run.status = "RUNNING" if run.looked < run.looks else run.ends_as
        return Reply(200, {"data": self._as_json(run)})

    def _dataset(self, dataset_id: str) -> Reply:
        if dataset_id not in self.datasets:
            return _error(404, "record-not-found", "Dataset was not found")
        moment = _iso(self.modified_at)
        count = len(self.datasets[dataset_id])
        return Reply(
            200,
            {
                "data": {
                    "id": dataset_id,
                    "name": None,
                    "userId": "u1",
                    "createdAt": moment,
                    "modifiedAt": moment,
                    "accessedAt": moment,
                    "itemCount": count,
                    "cleanItemCount": count,
                    "consoleUrl": self.url,
                }
            },
        )

    def _items(self, dataset_id: str, query: dict[str, str]) -> Reply:
        run = self.runs.get(dataset_id.removeprefix("dataset-of-"))
        every = run.items[: run.visible] if run else self.datasets.get(dataset_id)
        if every is None:
            return _error(404, "record-not-found", "Dataset was not found")
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 999_999_999_999))
        page = every[offset : offset + limit]
        numbers = {"total": len(every), "offset": offset, "count": len(page), "limit": limit}
        headers = {f"x-apify-pagination-{name}": str(number) for name, number in numbers.items()}
        return Reply(200, page, headers | {"x-apify-pagination-desc": "false"})

    def _as_json(self, run: FakeRun) -> dict[str, Any]:
        ended = run.status == run.ends_as
        return {
            "id": run.run_id,
            "actId": "a1",
            "userId": "u1",
            "buildId": "b1",
            "buildNumber": "0.0.1",
            "startedAt": _iso(self.modified_at),
            "finishedAt": _iso(self.modified_at) if ended else None,
            "status": run.status,
            "statusMessage": self.message,
            "meta": {"origin": "API"},
            "stats": {},
            "options": {"build": "latest", "timeoutSecs": 300, "memoryMbytes": 1024, "diskMbytes": 2048},
            "defaultKeyValueStoreId": "k1",
            "defaultDatasetId": f"dataset-of-{run.run_id}",
            "defaultRequestQueueId": "q1",
            "usageTotalUsd": run.cost_usd,
        }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _error(status: int, kind: str, message: str) -> Reply:
    return Reply(status, {"error": {"type": kind, "message": message}})
