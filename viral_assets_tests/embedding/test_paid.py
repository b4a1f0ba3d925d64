"""Embeddings are paid for: whatever happens, the ledger knows of every request, and none goes out beyond the limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.embedding.cache import CachedEmbedder
from viral_assets.embedding.gemini import GeminiEmbedder
from viral_assets.embedding.postponed import postponed_if_exhausted
from viral_assets.errors import QuotaError, QuotaExhaustedError, RateLimitedError
from viral_assets.hours import HOUR, HourRange
from viral_assets.llm.models import EMBEDDING_MODEL
from viral_assets.llm.prices import Price, load_prices, price_of
from viral_assets.quota.from_settings import embedding_ledger, embedding_limits_from, ledger_of, limits_from
from viral_assets.quota.keys import gemini_account, part_of
from viral_assets.quota.ledger import Exhausted, Granted, GrantRequest, Ledger, Settlement
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.settings import Settings
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import unfinished_hours
from viral_assets.store.tables import llm_requests, quota_runners
from viral_assets_tests.embedding.hammer import hammer
from viral_assets_tests.forks import forks
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import PATIENCE

KEY = "AIzaSecretSecretSecret"
ACCOUNT = gemini_account(KEY)
QUOTA = part_of(ACCOUNT, EMBEDDING_MODEL)
PRICE = Price(input=0.15, output=0.0)
_numbers = count()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def emulator(clock: VirtualClock) -> Iterator[GeminiEmulator]:
    with GeminiEmulator(EmulatorConfig(), clock=clock) as running:
        yield running


class Desk:
    """What it takes to embed, for one process with a key."""

    def __init__(
        self, database: Database, clock: VirtualClock, emulator: GeminiEmulator, *, quota: str = QUOTA, **limits: Any
    ) -> None:
        self.ledger: Ledger = SqlLedger(database, quota, Limits(**limits), clock=clock)
        self.embedder = GeminiEmbedder(
            KEY, self.ledger, endpoint=emulator.url, price=PRICE, run_id="run", sleep=clock.advance, clock=clock
        )


def texts(number: int) -> list[str]:
    return [f"text {each}" for each in range(number)]


def rows(database: Database, quota: str = QUOTA) -> list[Any]:
    query = sa.select(llm_requests).where(llm_requests.c.quota_key == quota).order_by(llm_requests.c.granted_at)
    with database.read() as connection:
        return list(connection.execute(query))


def write(ledger: Ledger, cost_usd: float) -> Any:
    """A model that writes wants to spend so much."""
    return ledger.ask(GrantRequest(f"write-{next(_numbers)}", "writer", 10, cost_usd))


@tried_on(1 / 5, unchecked=SHARED_FIXTURES)
@given(
    batches=st.lists(st.integers(0, 250), max_size=6),
    per_window=st.integers(1, 4),
    per_day=st.integers(1, 8),
    tokens=st.sampled_from([None, 200, 2_000]),
)
def test_never_more_requests_than_allowed_and_a_row_for_each(
    database: Database,
    emulator: GeminiEmulator,
    clock: VirtualClock,
    batches: list[int],
    per_window: int,
    per_day: int,
    tokens: int | None,
) -> None:
    emulator.reset()
    # The service holds the same limits: whatever went beyond them would be refused.
    emulator.config = EmulatorConfig(requests_per_window=per_window, requests_per_day=per_day)
    quota = part_of(f"account-{next(_numbers)}", EMBEDDING_MODEL)
    limits = {"max_requests": per_window, "requests_per_day": per_day, "max_tokens": tokens}
    desk = Desk(database, clock, emulator, quota=quota, **limits)
    for number in batches:
        try:
            assert desk.embedder.embed(texts(number)).any(axis=1).all()
        except QuotaExhaustedError:
            assert len(emulator.arrivals) == per_day

    assert len(emulator.arrivals) <= per_day
    assert {each.status for each in emulator.arrivals} <= {200}
    asked = rows(database, quota)
    assert len(asked) == len(emulator.arrivals)
    assert {(row.purpose, row.status, row.model, row.run_id) for row in asked} <= {
        ("embed", "answered", EMBEDDING_MODEL, "run")
    }
    assert desk.ledger.status().day_requests == len(asked)
    with database.read() as connection:
        assert not connection.execute(sa.select(quota_runners).where(quota_runners.c.quota_key == quota)).all()


def test_a_budget_of_a_millionth_of_a_dollar_pays_for_no_request(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    desk = Desk(database, clock, emulator, requests_per_day=5, daily_budget_usd=1e-6)
    with pytest.raises(QuotaError, match="more than the daily budget of 1e-06 USD") as caught:
        desk.embedder.embed(texts(100))
    assert "\n" not in str(caught.value)
    assert (emulator.arrivals, rows(database)) == ([], [])


def test_texts_are_packed_by_the_tokens_that_a_window_allows(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    desk = Desk(database, clock, emulator, max_tokens=1_000)
    desk.embedder.embed(["word " * 500] * 3)
    assert [row.counted_tokens for row in rows(database)] == [625, 625, 625]
    assert clock.monotonic() > 120
    with pytest.raises(QuotaError, match="one request needs 1001 tokens"):
        desk.embedder.embed(["word " * 801])


def test_what_the_tokens_cost_is_held_against_the_budget(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    desk = Desk(database, clock, emulator, daily_budget_usd=1.0)
    desk.embedder.embed(texts(100))
    (row,) = rows(database)
    assert row.counted_cost_usd == pytest.approx(row.counted_tokens * 0.15 / 1_000_000)
    assert desk.ledger.status().day_cost_usd == pytest.approx(row.counted_cost_usd)


def test_one_budget_is_for_texts_and_embeddings_together(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    environment = Settings(daily_budget_usd=1.0)
    writing = ledger_of("google-genai", KEY, limits_from(environment), database, clock=clock)
    embedding = embedding_ledger(environment, KEY, database, clock=clock)
    dear = Price(input=10_000, output=0)
    embedder = GeminiEmbedder(KEY, embedding, endpoint=emulator.url, price=dear, sleep=clock.advance, clock=clock)

    assert write(writing, 0.7) == Granted()
    embedder.embed(["ten tokens of text, about, or a few more"])
    (row,) = rows(database)
    assert row.counted_cost_usd == pytest.approx(0.1, abs=0.03)

    spent = 0.7 + row.counted_cost_usd
    for ledger, own in ((writing, 0.7), (embedding, row.counted_cost_usd)):
        status = ledger.status()
        assert [status.day_cost_usd, status.day_own_cost_usd] == pytest.approx([spent, own])
        assert (status.day_requests, status.window_requests) == (1, 1)
    assert isinstance(write(writing, 0.25), Exhausted)
    assert write(writing, 0.1) == Granted()
    with pytest.raises(QuotaExhaustedError, match="the day's budget of 1 USD is used up, until 2026-11-22 08:00 UTC"):
        embedder.embed(["ten tokens of text, about, or a few less"] * 3)
    assert len(emulator.arrivals) == 1


def test_another_key_has_another_budget(database: Database, clock: VirtualClock) -> None:
    limits = Limits(daily_budget_usd=1.0)
    mine = ledger_of("google-genai", KEY, limits, database, clock=clock)
    other = ledger_of("google-genai", "another key", limits, database, clock=clock)
    assert (write(mine, 0.9), write(other, 0.9)) == (Granted(), Granted())


def test_the_model_that_embeds_has_a_window_and_a_day_of_its_own(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    environment = Settings(rpm=1, rpd=2)
    writing = ledger_of("google-genai", KEY, limits_from(environment), database, clock=clock)
    embedding = embedding_ledger(environment, KEY, database, clock=clock)
    assert write(writing, 0.0) == Granted()
    assert write(writing, 0.0) != Granted()

    embedder = GeminiEmbedder(KEY, embedding, endpoint=emulator.url, price=PRICE, sleep=clock.advance, clock=clock)
    with pytest.raises(QuotaExhaustedError, match="no more embeddings for now: the day's 2 requests are used up"):
        embedder.embed(texts(201))
    assert len(emulator.arrivals) == 2
    assert clock.monotonic() >= 60, "one a minute"
    clock.advance(61)
    assert write(writing, 0.0) == Granted()


def test_the_quota_of_a_key_keeps_its_name() -> None:
    """Databases of earlier versions hold its requests and its day under it."""
    assert gemini_account("k") == gemini_account(" k ") == "gemini:8254c329a928"


def test_embeddings_have_the_limits_of_texts_unless_they_are_told_their_own() -> None:
    assert embedding_limits_from(Settings(rpm=7, tpm=70, rpd=700)) == Limits(7, 70, 700)
    own = Settings(rpm=7, tpm=70, rpd=700, embedding_rpm=100, embedding_tpm=30_000, embedding_rpd=1_000)
    assert embedding_limits_from(own) == Limits(100, 30_000, 1_000)
    with pytest.raises(QuotaError, match="requests per window"):
        embedding_limits_from(Settings(embedding_rpm=0))


def test_the_model_has_a_price() -> None:
    assert price_of(load_prices(), EMBEDDING_MODEL) == PRICE


def test_a_refusal_holds_for_everybody_who_shares_the_quota(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    emulator.config = EmulatorConfig(requests_per_day=1)
    one, other = Desk(database, clock, emulator), Desk(database, clock, emulator)
    one.embedder.embed(["text"])
    with pytest.raises(RateLimitedError, match="No more embeddings until 2026-11-22 08:00 UTC") as caught:
        one.embedder.embed(["another text"])
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)

    with pytest.raises(QuotaExhaustedError, match="the service's quota of the day is used up"):
        other.embedder.embed(["another text"])
    assert [row.status for row in rows(database)] == ["answered", "refused"]
    writing = ledger_of("google-genai", KEY, Limits(), database, clock=clock)
    assert write(writing, 0.0) == Granted(), "the service counts each model apart"


def test_what_was_embedded_before_the_quota_was_used_up_is_kept(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    desk = Desk(database, clock, emulator, requests_per_day=2)
    with pytest.raises(QuotaExhaustedError):
        CachedEmbedder(desk.embedder, database).embed(texts(250))
    again = CachedEmbedder(desk.embedder, database)
    again.embed(texts(200))
    assert (again.stats.hits, again.stats.computed, len(emulator.arrivals)) == (200, 0, 2)


def test_an_hour_without_its_vectors_waits_until_it_has_them(
    database: Database, emulator: GeminiEmulator, clock: VirtualClock
) -> None:
    start = datetime(2026, 11, 21, 10, tzinfo=UTC)
    hours = HourRange(start, start + 2 * HOUR)

    def waiting() -> set[datetime]:
        with database.read() as connection:
            return unfinished_hours(connection, HourRange(start - HOUR, start + 9 * HOUR), start + 9 * HOUR)

    desk = Desk(database, clock, emulator, requests_per_day=1)
    for _ in range(2):
        with pytest.raises(QuotaExhaustedError), postponed_if_exhausted(database, desk.embedder.model, hours):
            desk.embedder.embed(texts(101))
        assert waiting() == set(hours)

    clock.advance(24 * 3600)
    with postponed_if_exhausted(database, desk.embedder.model, hours):
        desk.embedder.embed(texts(100))
    assert waiting() == set()


def test_an_interrupted_request_goes_on_to_count(
    database: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("requests.Session.post", interrupted)
    with GeminiEmulator(clock=clock) as emulator:
        desk = Desk(database, clock, emulator)
        with pytest.raises(KeyboardInterrupt):
            desk.embedder.embed(["text"])
    (row,) = rows(database)
    assert (row.status, row.error) == ("failed", "interrupted while under way")
    assert row.counted_tokens > 0


@pytest.mark.slow
def test_two_processes_share_the_window_the_day_and_nothing_more_goes_out(database: Database) -> None:
    limits = Limits(max_requests=5, requests_per_day=30, window_seconds=0.5)
    url = database.url.render_as_string(hide_password=False)
    with GeminiEmulator() as emulator:
        start = forks().Barrier(2)
        workers = [
            forks().Process(target=hammer, args=(url, QUOTA, limits, emulator.url, name, start)) for name in "ab"
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
            assert worker.exitcode == 0
        assert len(emulator.arrivals) == 30
    asked = rows(database)
    assert len(asked) == 30
    assert {row.run_id for row in asked} <= {"a", "b"}
    granted = [row.granted_at for row in asked]
    assert granted == sorted(granted)
    apart = [later - earlier for earlier, later in zip(granted, granted[limits.max_requests :], strict=False)]
    assert all(seconds >= limits.padded_window_seconds for seconds in apart), min(apart)
    assert all(one.status == "answered" for one, _ in pairwise(asked))


def test_a_settled_request_of_the_other_quota_frees_the_budget_again(database: Database, clock: VirtualClock) -> None:
    environment = Settings(daily_budget_usd=1.0)
    writing = ledger_of("google-genai", KEY, limits_from(environment), database, clock=clock)
    embedding = embedding_ledger(environment, KEY, database, clock=clock)
    assert writing.ask(GrantRequest("held", "writer", 10, 0.9)) == Granted()
    ask = GrantRequest("embedded", "reader", 10, 0.5, purpose="embed")
    assert isinstance(embedding.ask(ask), Exhausted)
    writing.settle("held", Settlement("answered", input_tokens=10, cost_usd=0.4))
    assert embedding.ask(ask) == Granted()
