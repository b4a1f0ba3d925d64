"""Gemini embeddings over real HTTP, and everything that can go wrong on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from viral_assets.embedding import build_embedder
from viral_assets.embedding.gemini import GeminiEmbedder
from viral_assets.errors import (
    ConfigurationError,
    FatalProviderError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.quota.ledger import Decision, Granted, GrantRequest, Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.virtual_clock import VirtualClock

KEY = "AIzaSecretSecretSecret"
Reply = tuple[int, Any]


class Service:
    """Answers what it is told to, then embeds: the n-th text it ever sees points along axis n, twice too long."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.keys.append(self.headers["x-goog-api-key"])
                service.paths.append(self.path)
                status, answer = service.replies.pop(0) if service.replies else (200, service.embedded(body))
                service.requests.append(body)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: Any) -> None:
                """Nothing: the test tells."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def embedded(self, body: dict[str, Any]) -> dict[str, Any]:
        before = sum(len(request["requests"]) for request in self.requests)
        vectors = np.zeros((len(body["requests"]), GeminiEmbedder.dimensions))
        for row in range(len(vectors)):
            vectors[row, before + row] = 2
        return {"embeddings": [{"values": vector.tolist()} for vector in vectors]}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.close()


@pytest.mark.parametrize("other", ["AIzaQuiteAnotherKey", "", "  "])
def test_the_key_that_was_handed_over_goes_out_whatever_the_environment_says(
    service: Service, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", other)
    monkeypatch.setenv("GOOGLE_API_KEY", other)
    build_embedder("gemini", api_key=KEY, endpoint=service.url).embed(["bread"])
    assert service.keys == [KEY]


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def ledger(clock: VirtualClock) -> Ledger:
    """It keeps nobody waiting: its window is shorter than any wait."""
    return MemoryLedger(Limits(max_requests=1_000, window_seconds=0.1), clock=clock)


@pytest.fixture
def sleep(waits: list[float], clock: VirtualClock) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    return sleep


@pytest.fixture
def embedder(service: Service, ledger: Ledger, sleep: Callable[[float], None], clock: VirtualClock) -> GeminiEmbedder:
    return GeminiEmbedder(KEY, ledger, endpoint=service.url, sleep=sleep, clock=clock)


def failure(status: int, /, **error: Any) -> Reply:
    return status, {"error": {"code": status, "message": f"said with {KEY}"} | error}


def too_many(delay: str | None = None, quota: str = "EmbedContentRequestsPerMinute") -> Reply:
    details: list[dict[str, Any]] = [{"@type": "QuotaFailure", "violations": [{"quotaId": quota}]}]
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return failure(429, status="RESOURCE_EXHAUSTED", details=details)


def test_texts_become_unit_rows_in_their_order(service: Service, embedder: GeminiEmbedder) -> None:
    rows = embedder.embed(["one", "https://t.co/nothing", "two @you"])
    assert rows.shape == (3, embedder.dimensions)
    assert rows.dtype == np.float32
    assert rows.argmax(axis=1).tolist() == [0, 0, 1]
    assert rows.sum(axis=1).tolist() == [1, 0, 1]


def test_a_request_is_what_the_api_documents(service: Service, embedder: GeminiEmbedder) -> None:
    embedder.embed(["text"])
    assert service.keys == [KEY]
    assert service.paths == ["/v1beta/models/gemini-embedding-001:batchEmbedContents"]
    assert service.requests == [
        {
            "requests": [
                {
                    "model": "models/gemini-embedding-001",
                    "content": {"parts": [{"text": "text"}]},
                    "taskType": "SEMANTIC_SIMILARITY",
                    "outputDimensionality": 768,
                }
            ]
        }
    ]


def test_a_request_carries_at_most_100_texts(service: Service, embedder: GeminiEmbedder) -> None:
    rows = embedder.embed([f"text {number}" for number in range(250)])
    assert [len(request["requests"]) for request in service.requests] == [100, 100, 50]
    assert rows.argmax(axis=1).tolist() == list(range(250))


def test_nothing_to_embed_is_not_asked(service: Service, embedder: GeminiEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 768)
    assert not embedder.embed([" ", "@you"]).any()
    assert service.requests == []


def test_what_passes_is_tried_again(service: Service, embedder: GeminiEmbedder, waits: list[float]) -> None:
    service.replies = [failure(503), (200, b"<html>"), too_many("3.5s"), failure(500)]
    assert embedder.embed(["text"]).any()
    assert waits == [1, 2, 4, 8]


def test_the_wait_the_service_asks_for_is_kept(service: Service, embedder: GeminiEmbedder, waits: list[float]) -> None:
    service.replies = [too_many("36.5s")]
    embedder.embed(["text"])
    assert waits == [36.5]


def test_after_five_attempts_it_gives_up(service: Service, embedder: GeminiEmbedder, waits: list[float]) -> None:
    service.replies = [failure(503)] * 9
    with pytest.raises(TransientProviderError, match="503") as caught:
        embedder.embed(["text"])
    assert len(service.requests) == 5
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("reply", [too_many("20s", "RequestsPerDayPerProject"), too_many("7200s")])
def test_a_quota_that_is_used_up_for_long_is_not_waited_for(
    service: Service, embedder: GeminiEmbedder, waits: list[float], reply: Reply
) -> None:
    service.replies = [reply]
    with pytest.raises(RateLimitedError):
        embedder.embed(["text"])
    assert waits == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure(401), FatalProviderError),
        (failure(403), FatalProviderError),
        (failure(404), FatalProviderError),
        (failure(400, details=[{"reason": "API_KEY_INVALID"}]), FatalProviderError),
        (failure(400), RejectedRequestError),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    service: Service, embedder: GeminiEmbedder, waits: list[float], reply: Reply, error: type[Exception]
) -> None:
    service.replies = [reply]
    with pytest.raises(error) as caught:
        embedder.embed(["text"])
    assert waits == []
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


GOOD = [0.1] * GeminiEmbedder.dimensions


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json",
        {},
        [],
        {"embeddings": None},
        {"embeddings": []},
        {"embeddings": [{"values": GOOD}] * 3},
        {"embeddings": [{"values": GOOD}, {"values": GOOD[:-1]}]},
        {"embeddings": [{"values": GOOD[:-1]}] * 2},
        {"embeddings": [{"values": GOOD}, {"vector": GOOD}]},
        {"embeddings": [{"values": GOOD}, "no"]},
        {"embeddings": [{"values": GOOD}, {"values": ["x", *GOOD[1:]]}]},
        {"embeddings": [{"values": GOOD}, {"values": [float("nan"), *GOOD[1:]]}]},
        {"embeddings": [{"values": GOOD}, {"values": [1e300, *GOOD[1:]]}]},
        {"embeddings": [{"values": GOOD}, {"values": [[1], *GOOD[1:]]}]},
    ],
)
def test_an_answer_of_another_shape_is_never_taken_for_vectors(
    service: Service, embedder: GeminiEmbedder, answer: Any
) -> None:
    service.replies = [(200, answer)] * 5
    with pytest.raises(TransientProviderError):
        embedder.embed(["one", "two"])


def test_every_attempt_is_a_request_of_the_quota(service: Service, embedder: GeminiEmbedder, ledger: Ledger) -> None:
    service.replies = [failure(503), too_many("3.5s"), (200, b"<html>")]
    embedder.embed(["text"])
    assert ledger.status().day_requests == len(service.requests) == 4


def test_tokens_count_as_the_service_has_counted_them(
    service: Service, embedder: GeminiEmbedder, ledger: Ledger
) -> None:
    counted = {"embeddings": [{"values": GOOD}], "usageMetadata": {"promptTokenCount": 7}}
    service.replies = [(200, counted)]
    embedder.embed(["A text of many more than seven tokens, if one were to estimate how many there are in it"])
    assert ledger.status().day_tokens == 7


@pytest.mark.parametrize("usage", [None, [], {}, {"promptTokenCount": "7"}, {"promptTokenCount": -1}])
def test_an_estimate_counts_where_the_service_does_not_say(
    service: Service, embedder: GeminiEmbedder, ledger: Ledger, usage: Any
) -> None:
    service.replies = [(200, {"embeddings": [{"values": GOOD}], "usageMetadata": usage})]
    embedder.embed(["four words of text"])
    assert ledger.status().day_tokens == 5


def test_a_service_that_is_not_there_is_named(
    ledger: Ledger, sleep: Callable[[float], None], clock: VirtualClock
) -> None:
    with pytest.raises(TransientProviderError, match=r"cannot reach http://127\.0\.0\.1:9"):
        GeminiEmbedder(KEY, ledger, endpoint="http://127.0.0.1:9", sleep=sleep, clock=clock).embed(["text"])


class StandsStill(MemoryLedger):
    """One request a minute; the process stands still for so long, once, when it has been granted something."""

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        super().__init__(Limits(max_requests=1), clock=clock)
        self._by, self._seconds = clock, seconds

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        decision = super().ask(ask, remaining=remaining)
        if isinstance(decision, Granted):
            self._by.advance(self._seconds)
            self._seconds = 0.0
        return decision


@pytest.mark.parametrize(("still", "first_at"), [(0.0, 0.0), (0.2, 0.2), (30.0, 30.0), (61.0, 61.0)])
def test_what_is_sent_long_after_it_was_granted_counts_from_then_on(
    service: Service, sleep: Callable[[float], None], clock: VirtualClock, still: float, first_at: float
) -> None:
    ledger = StandsStill(clock, still)
    embedder = GeminiEmbedder(KEY, ledger, endpoint=service.url, sleep=sleep, clock=clock)

    embedder.embed(["first"])
    # One that must not be sent any more is asked for anew, after a second.
    assert clock.monotonic() - first_at in (0.0, 1.0)
    sent_at = clock.monotonic()
    embedder.embed(["second"])

    assert len(service.requests) == 2
    assert clock.monotonic() - sent_at >= 60.0, "as the service counts"


def test_an_endpoint_that_is_no_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_API_ENDPOINT"):
        build_embedder("gemini", api_key=KEY, endpoint="localhost:99")


def test_it_works_against_the_emulator_and_waits_out_its_quota(ledger: Ledger, clock: VirtualClock) -> None:
    with GeminiEmulator(EmulatorConfig(requests_per_window=2), clock=clock) as emulator:
        embedder = GeminiEmbedder(KEY, ledger, endpoint=emulator.url, sleep=clock.advance, clock=clock)
        rows = embedder.embed([f"text {number}" for number in range(250)])
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert [arrival.status for arrival in emulator.arrivals] == [200, 200, 429, 200]
        assert 60 <= clock.monotonic() < 62, "as long as the service said"
