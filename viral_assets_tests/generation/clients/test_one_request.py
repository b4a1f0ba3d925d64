"""Whatever the service answers, one granted request is one request: counted at the socket, not in the client.

What an SDK may do by itself (repeat, continue, follow, call functions, count tokens, warm up) is off. The reasons and
statuses are read from the SDKs at run time: a new version brings its new ones into these tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import pytest
from google.ai.generativelanguage_v1beta import types as older
from google.genai import types as newer

from viral_assets.embedding.gemini import GeminiEmbedder
from viral_assets.errors import ProviderError, ViralAssetsError
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.engine import Engine
from viral_assets.llm.gemini import REDIRECTS
from viral_assets.llm.types import Answer
from viral_assets.quota.ledger import Decision, Granted, GrantRequest
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.priority import Priority
from viral_assets.store.engine import Database
from viral_assets_tests.generation.make import answer_text, pack, project
from viral_assets_tests.generation.running import PLENTY, Run, all_done, requests_of
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import PATIENCE
from viral_assets_tests.wire import Arrival, Reply, Wire, reply

KEY = "AQ.a-key-of-this-test"
REQUEST = build_request(project(), pack(2))
SDKS = ("google-generativeai", "google-genai")

FINISH_REASONS = sorted(
    {*newer.FinishReason.__members__, *older.Candidate.FinishReason.__members__, "CONTINUATION", "NEWER_THAN_THE_SDK"}
)
FINISH_NUMBERS = [*(each.value for each in older.Candidate.FinishReason.__members__.values()), 99]
BLOCK_REASONS = sorted(
    {
        *newer.BlockedReason.__members__,
        *older.GenerateContentResponse.PromptFeedback.BlockReason.__members__,
        "NEWER_THAN_THE_SDK",
    }
)
BLOCK_NUMBERS = [
    *(each.value for each in older.GenerateContentResponse.PromptFeedback.BlockReason.__members__.values()),
    99,
]
STATUSES = sorted({status.value for status in HTTPStatus if status >= 201} | {499, 529})
"""499 and 529 are in no registry; Google and those in front of it send them."""

PARTS: dict[str, list[Any]] = {
    "text": [{"text": "[]"}],
    "thought": [{"text": "hm", "thought": True}],
    "call": [
        {"functionCall": {"name": "search", "args": {"query": "phones"}}},
        {"executableCode": {"language": "PYTHON", "code": "1 + 1"}},
    ],
}
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


OPPORTUNITIES = pack(1)
REPLIES = {
    "add_value": "A basket by the front door did it here: whoever comes in drops their phone, parents included.",
    "ask_question": "Which part of the evening was hardest for them in the first days without the tablet?",
    "mirror_reframe": "Eleven minutes is longer than most of us adults manage to put the phone away.",
}


class Sender(Protocol):
    """Something of ours that sends requests, each granted before."""

    wire: Wire

    def send(self) -> int:
        """Make it send, and return how many requests were granted for that."""


@dataclass
class ClientSender:
    """An SDK's client: one call is one grant."""

    provider: str
    wire: Wire
    client: GenerationClient = field(init=False)
    loop: asyncio.Runner = field(default_factory=asyncio.Runner)
    asked: int = 0

    def __post_init__(self) -> None:
        self.client = build_client(self.provider, api_key=KEY, endpoint=self.wire.url)

    def send(self) -> int:
        self.loop.run(self.ask())
        return 1

    def close(self) -> None:
        """What was sent later than it should has arrived by then."""
        self.loop.run(self.client.close())
        self.loop.close()
        assert len(self.wire.arrivals) == self.asked

    async def ask(self, timeout_seconds: float = 60) -> Answer | ProviderError:
        """An answer or an error of ours, and nothing else, whatever came."""
        self.asked += 1
        try:
            with warnings.catch_warnings():
                # The newer SDK warns of every name that it does not know.
                warnings.simplefilter("ignore", UserWarning)
                return await self.client.generate(REQUEST, timeout_seconds=timeout_seconds)
        except ProviderError as error:
            return error


class CountingLedger(MemoryLedger):
    """Counts what it grants."""

    granted = 0

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        decision = super().ask(ask, remaining=remaining)
        self.granted += isinstance(decision, Granted)
        return decision


@dataclass
class EmbedderSender:
    """The embedder repeats by itself, and asks the ledger each time."""

    wire: Wire

    def send(self) -> int:
        clock = VirtualClock()
        ledger = CountingLedger(Limits(max_requests=1_000, window_seconds=0.1), clock=clock)
        embedder = GeminiEmbedder(KEY, ledger, endpoint=self.wire.url, sleep=clock.advance, clock=clock)
        with contextlib.suppress(ViralAssetsError):
            embedder.embed(["a text", "another"])
        assert ledger.granted >= 1
        return ledger.granted


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire() as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Wire]:
    """Another host, where nothing of ours may arrive."""
    with Wire() as running:
        yield running


@pytest.fixture(scope="module", params=SDKS)
def client(request: pytest.FixtureRequest) -> Iterator[ClientSender]:
    with Wire() as wire, contextlib.closing(ClientSender(request.param, wire)) as sender:
        yield sender


@pytest.fixture(scope="module", params=[*SDKS, "embedder"])
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    with Wire() as wire:
        if request.param == "embedder":
            yield EmbedderSender(wire)
            return
        with contextlib.closing(ClientSender(request.param, wire)) as sender:
            yield sender


def arrived(sender: Sender, answer: Reply) -> list[Arrival]:
    """What one sending brought to the socket: as much as was granted, with the key where it belongs."""
    sender.wire.answer = answer
    before = len(sender.wire.arrivals)
    granted = sender.send()
    sender.wire.wait_for_ends()
    found = sender.wire.arrivals[before:]
    assert len(found) == granted, f"{len(found)} requests arrived, {granted} were granted"
    assert [each.method for each in found] == ["POST"] * granted
    assert [each.keys(KEY) for each in found] == [["x-goog-api-key"]] * granted
    assert not {"authorization", "cookie"} & {name for each in found for name, _ in each.headers}
    return found


def candidate(finish: object, parts: list[Any] | None = None, **more: Any) -> Reply:
    content = {"content": {"role": "model", "parts": parts}} if parts is not None else {}
    return reply(200, {"candidates": [{**content, "finishReason": finish, **more}], "usageMetadata": USAGE})


@pytest.mark.parametrize("reason", [*FINISH_REASONS, *FINISH_NUMBERS])
def test_an_answer_that_ends_for_any_reason_is_one_request(client: ClientSender, reason: str | int) -> None:
    for parts in (*PARTS.values(), None):
        # The token is what the newer SDK takes for leave to ask for the rest.
        arrived(client, candidate(reason, parts, continuationToken="dG9rZW4="))


@pytest.mark.parametrize("reason", [*BLOCK_REASONS, *BLOCK_NUMBERS])
def test_a_prompt_that_is_blocked_for_any_reason_is_one_request(client: ClientSender, reason: str | int) -> None:
    blocked = {"promptFeedback": {"blockReason": reason}}
    arrived(client, reply(200, {**blocked, "usageMetadata": USAGE}))
    arrived(client, reply(200, {**blocked, "candidates": [], "modelVersion": "gemini-2.5-flash-lite"}))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"candidates": []},
        {"candidates": None},
        {"candidates": [{}]},
        {"candidates": [None]},
        {"candidates": [{"content": None}]},
        {"candidates": [{"content": {"parts": [None]}}]},
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]},
        {"candidates": "none"},
        {"error": {"code": 503, "message": "said with a 200", "status": "UNAVAILABLE"}},
        {"usageMetadata": USAGE},
        {"name": "operations/1", "done": False},
        [],
        None,
        7,
        "text",
        b"",
        b"<html>",
        b'{"candidates": [{"content": {"parts": [{"text": "cut',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"candidates": ' + b"[" * 100_000,
    ],
    ids=lambda body: (body if isinstance(body, bytes) else json.dumps(body).encode())[:60].decode("latin-1"),
)
def test_an_answer_of_any_shape_is_one_request(sender: Sender, body: object) -> None:
    arrived(sender, reply(200, json.dumps(body) if isinstance(body, str) else body))


OK = reply(200, {"candidates": [{"content": {"parts": PARTS["text"]}, "finishReason": "STOP"}], "usageMetadata": USAGE})
HEAD, BODY = OK.sent.split(b"\r\n\r\n", 1)
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("then", ["ends", "resets"])
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HEAD[:20],
        HEAD,
        HEAD + b"\r\n\r\n",
        HEAD + b"\r\n\r\n" + BODY[:30],
        CHUNKED + b"1e\r\n" + BODY[:30],
        CHUNKED + b"1e\r\n" + BODY[:30] + b"\r\n",
        CHUNKED + b"no number\r\n",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        reply(200, gzip.compress(BODY)[:20], GZIP).sent,
    ],
    ids=[
        *("before the answer", "within the head", "before the head ends", "after the head", "within the body"),
        *("within a chunk", "between chunks", "chunk without a size", "another protocol", "within an error"),
        *("after continue", "within what is packed"),
    ],
)
def test_a_connection_that_breaks_is_not_taken_up_again(sender: Sender, sent: bytes, then: Any) -> None:
    arrived(sender, Reply(sent, then))


def test_a_kept_connection_that_breaks_under_the_next_request_is_not_taken_up_again(client: ClientSender) -> None:
    """Libraries excuse themselves there: the server may have closed it before the request arrived."""

    async def twice(then: Any) -> None:
        client.wire.answer = OK
        assert isinstance(await client.ask(), Answer)
        client.wire.answer = Reply(b"", then)
        assert isinstance(await client.ask(), ProviderError)

    for then in ("ends", "resets"):
        before = len(client.wire.arrivals)
        client.loop.run(twice(then))
        assert len(client.wire.arrivals) - before == 2


@pytest.mark.parametrize("status", STATUSES)
def test_any_status_is_one_request(sender: Sender, status: int) -> None:
    said = {"code": status, "message": "as it happens", "status": "UNAVAILABLE"}
    retry_info = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0s"}]
    arrived(sender, reply(status, {"error": {**said, "details": retry_info}}, {"Retry-After": "0"}))
    arrived(sender, reply(status, b"<html>what a proxy says</html>", {"WWW-Authenticate": "Basic"}, then="ends"))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["0", "1", "-1", "0.5", "soon", "", "Sat, 21 Nov 2026 20:00:00 GMT", "9" * 400])
def test_an_invitation_to_come_back_is_not_taken_by_itself(client: ClientSender, status: int, after: str) -> None:
    arrived(client, reply(status, {"error": {"code": status}}, {"Retry-After": after}))


@pytest.mark.parametrize("status", sorted(REDIRECTS | {300, 304, 305, 306}))
def test_a_redirect_is_not_followed_least_of_all_with_the_key(sender: Sender, elsewhere: Wire, status: int) -> None:
    before = elsewhere.connections
    for to in (
        f"http://localhost:{elsewhere.port}/v1beta/models/other:generateContent",
        f"{elsewhere.url}/",
        f"//localhost:{elsewhere.port}/",
        f"{sender.wire.url}/v1beta/models/other:generateContent",
        "/elsewhere",
        "",
    ):
        arrived(sender, reply(status, {"error": {}}, {"Location": to, "Refresh": f"0; url={to}"}))
    assert elsewhere.connections == before


def test_where_a_redirect_leads_is_said(client: ClientSender) -> None:
    client.wire.answer = reply(307, b"", {"Location": "https://proxy.example/gemini"})
    assert str(client.loop.run(client.ask())) == (
        f"{client.wire.url} (GEMINI_API_ENDPOINT) redirects to https://proxy.example/gemini (HTTP 307), "
        "where the key is not sent; set GEMINI_API_ENDPOINT if it is right"
    )


@pytest.mark.parametrize("provider", SDKS)
def test_building_getting_ready_and_closing_send_nothing(wire: Wire, provider: str) -> None:
    before = wire.connections
    ClientSender(provider, wire).close()
    engine = Engine(
        provider,
        KEY,
        quota_name=None,
        endpoint=wire.url,
        workers=2,
        limits=PLENTY,
        database=None,
        prices={},
        model="gemini-x",
        priority=Priority.NEWEST_HOUR,
        clock=None,
    )
    engine.get_ready()
    asyncio.run(engine.close())
    GeminiEmbedder(KEY, MemoryLedger(Limits(max_requests=1)), endpoint=wire.url).embed(["", " "])
    assert wire.connections == before


@pytest.mark.slow
@pytest.mark.parametrize("provider", SDKS)
def test_a_service_that_is_silent_is_not_asked_again_behind_our_back(provider: str) -> None:
    """An SDK that repeats waits about a second before it does, long after the call has returned."""
    with Wire() as wire, contextlib.closing(ClientSender(provider, wire)) as sender:
        # What the first request of an SDK takes is not of the next one's time.
        sender.send()
        wire.answer = Reply(b"")

        async def ask() -> None:
            assert isinstance(await sender.ask(timeout_seconds=2), ProviderError)
            await asyncio.sleep(3)

        sender.loop.run(ask())
        assert len(wire.arrivals) == 2


@pytest.mark.parametrize("provider", SDKS)
@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (candidate("CONTINUATION", PARTS["text"], continuationToken="dG9rZW4="), 2),
        # A second one ends the tweet: each is billed.
        (candidate("MAX_TOKENS", PARTS["thought"]), 1),
        (candidate("UNEXPECTED_TOOL_CALL", PARTS["call"]), 2),
        (reply(503, {"error": {"code": 503}}), 2),
        (Reply(b"", "resets"), 2),
    ],
    ids=["continuation", "thoughts alone", "function call", "overloaded", "broken connection"],
)
def test_a_run_in_trouble_sends_what_the_ledger_granted(
    wire: Wire, sqlite_database: Database, provider: str, answer: Reply, times: int
) -> None:
    wire.first = [answer] * times
    wire.answer = candidate("STOP", [{"text": answer_text({OPPORTUNITIES[0].tweet_id: REPLIES})}])
    before = len(wire.arrivals)
    # None is given up, and asked again, because the machine is slow.
    options = {"timeout_seconds": PATIENCE}
    run = Run(OPPORTUNITIES, wire.url, sqlite_database, provider=provider, key=KEY, options=options)
    run()
    assert all_done(run)
    assert len(wire.arrivals) - before == len(requests_of(sqlite_database)) == times + 1
