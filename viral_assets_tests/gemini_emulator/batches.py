"""Batches of requests: made at once, answered some time later at half the price, in an order of the service's own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.responses import JSONResponse, Response

from viral_assets_tests.gemini_emulator.answers import Asked
from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import BatchConfig, EmulatorConfig
from viral_assets_tests.gemini_emulator.faults import answer
from viral_assets_tests.gemini_emulator.operations import Work, operation, result
from viral_assets_tests.gemini_emulator.prompts import texts, tokens
from viral_assets_tests.gemini_emulator.refusals import error
from viral_assets_tests.gemini_emulator.script import Script


class _Request(NamedTuple):
    asked: Asked
    metadata: Mapping[str, str]
    fault: str


@dataclass
class Batch:
    """One of them, at work until it has an end. ``made`` is on the monotonic clock."""

    work: Work
    key: str
    made: float
    requests: list[_Request]
    deleted: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)

    def go_on(self, config: BatchConfig, at: float, now: float) -> None:
        """Bring it to where it is at this time: it may have ended since somebody looked."""
        if self.work.ended is not None:
            return
        spent = at - self.made - config.queued_seconds
        self.work.state = "PENDING" if spent < 0 else "RUNNING"
        if config.seconds is not None and spent >= config.seconds:
            self.end(config.ends, config.kept, now)

    def end(self, state: str, kept: float, now: float) -> None:
        """Answer what is answered in this state, the last request first."""
        share = {"SUCCEEDED": 1.0, "FAILED": 0.0}.get(state, kept)
        self.work.state, self.work.ended = state, now
        for asked, metadata, fault in reversed(self.requests[: round(share * len(self.requests))]):
            asked.arrival.status, found = result(answer(asked, fault))
            self.results.append({**found, "metadata": metadata} if metadata else found)

    def response(self) -> dict[str, Any]:
        return operation(self.work, self.results)


class Batches:
    """All that were made. None of it waits: time passes between the questions."""

    def __init__(self, seed: int = 0) -> None:
        self._made: dict[str, Batch] = {}
        self._numbers = itertools.count(1)
        self._requests = Script(seed)
        self._lock = threading.Lock()

    def script(self, *faults: str) -> None:
        """The next requests within batches meet these, one each, in the order in which they are asked."""
        self._requests.add(*faults)

    def clear(self) -> None:
        with self._lock:
            self._made.clear()
            self._requests.clear()

    def states(self) -> dict[str, str]:
        """How each was when somebody last looked, by name."""
        return {name: batch.work.state for name, batch in self._made.items()}

    def create(
        self, config: EmulatorConfig, creation: Arrival, body: Mapping[str, Any], now: float
    ) -> tuple[Response, list[Arrival]]:
        """The answer to a request for a batch, and what it asks.

        Args:
            creation: that request.
            now: seconds since the epoch.
        """
        batch = body.get("batch", {})
        inlined = batch.get("inputConfig", {}).get("requests", {}).get("requests", [])
        if not inlined:
            return error(400, "INVALID_ARGUMENT", "The batch has no inlined requests."), []
        if len(inlined) > config.batches.most:
            return error(400, "INVALID_ARGUMENT", f"At most {config.batches.most} requests can be in one batch."), []
        with self._lock:
            name = f"batches/{next(self._numbers):012d}"
            requests = [self._request(config, creation, name, each) for each in inlined]
            work = Work(name, creation.model, batch.get("displayName", ""), now, len(requests))
            made = self._made[name] = Batch(work, creation.key, creation.at, requests)
        return JSONResponse(made.response()), [asked.arrival for asked, _, _ in requests]

    def _request(self, config: EmulatorConfig, of: Arrival, batch: str, inlined: Mapping[str, Any]) -> _Request:
        body = inlined["request"]
        arrival = Arrival(of.at, "batch", of.key, of.model, [], tokens(texts(body)), batch=batch)
        arrival.output_cap = body.get("generationConfig", {}).get("maxOutputTokens")
        asked = Asked.of(config, arrival, body)
        fault = self._requests.next(config.fault_of(of.model, asked.tweets), config.batches.faults)
        arrival.fault = "" if fault == "ok" else fault
        return _Request(asked, inlined.get("metadata", {}), fault)

    def go_on(self, config: BatchConfig, at: float, now: float) -> None:
        """Bring all to where they are at this time.

        Args:
            at: on the monotonic clock.
            now: seconds since the epoch.
        """
        with self._lock:
            for batch in self._made.values():
                batch.go_on(config, at, now)

    def get(self, name: str, key: str) -> Response:
        batch = self._found(name, key)
        return _unknown(name) if batch is None else JSONResponse(batch.response())

    def list(self, key: str, size: int, token: str) -> Response:
        """A page of a key's batches, the newest first."""
        mine = [each for each in reversed(self._made.values()) if each.key == key and not each.deleted]
        first = int(token or 0)
        page: dict[str, Any] = {"operations": [each.response() for each in mine[first : first + size]]}
        if first + size < len(mine):
            page["nextPageToken"] = str(first + size)
        return JSONResponse(page)

    def cancel(self, name: str, key: str, *, kept: float, now: float) -> Response:
        batch = self._found(name, key)
        if batch is None:
            return _unknown(name)
        with self._lock:
            if batch.work.ended is not None:
                return error(400, "FAILED_PRECONDITION", f"{name} has ended and cannot be cancelled.")
            batch.end("CANCELLED", kept, now)
        return JSONResponse({})

    def delete(self, name: str, key: str) -> Response:
        """Nobody can ask about it any more; the work goes on."""
        batch = self._found(name, key)
        if batch is None:
            return _unknown(name)
        batch.deleted = True
        return JSONResponse({})

    def _found(self, name: str, key: str) -> Batch | None:
        batch = self._made.get(name)
        return batch if batch is not None and batch.key == key and not batch.deleted else None

    def arrivals(self) -> Iterable[Arrival]:
        """What all batches asked."""
        return (asked.arrival for batch in self._made.values() for asked, _, _ in batch.requests)


def _unknown(name: str) -> Response:
    return error(404, "NOT_FOUND", f"Requested entity was not found: {name}")
