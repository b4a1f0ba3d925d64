"""Who waits for a batch, and what it keeps others from, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from viral_assets.llm.tiers import BATCH
from viral_assets.quota.ledger import AlreadyClaimed, Granted, GrantRequest, Settlement
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.quota.sql_runners import HEARTBEAT_TTL_SECONDS
from viral_assets.quota.sql_usage import OVERDUE_SECONDS
from viral_assets.store.batches import (
    SENT,
    OpenBatch,
    add_batch,
    batch_is,
    close_batch,
    open_batches,
    take_over,
    tried,
    unsettled,
)
from viral_assets.store.engine import Database
from viral_assets.store.tables import generation_claims, quota_days
from viral_assets_tests.virtual_clock import VirtualClock

KEY = "gemini:f/model/batch"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def ledger(database: Database, clock: VirtualClock) -> SqlLedger:
    return SqlLedger(database, KEY, Limits(max_requests=100), clock=clock)


def ask(request_id: str, runner: str, *tweets: str, batch: str | None = None, again: bool = False) -> GrantRequest:
    return GrantRequest(
        request_id, runner, 10, 0.5, project="calm", provider="p", run_id=runner, tweet_ids=tweets, batch_id=batch,
        tier=BATCH, again=again,
    )  # fmt: skip


def a_batch(clock: VirtualClock, runner: str = "first") -> OpenBatch:
    return OpenBatch("b", "model", runner, SENT, "batches/1", runner, clock.time(), clock.time() + 3600)


@pytest.fixture
def batch(database: Database, ledger: SqlLedger, clock: VirtualClock) -> OpenBatch:
    """Of two requests, by a runner that lives."""
    made = a_batch(clock)
    with database.begin() as connection:
        add_batch(connection, made, KEY)
    ledger.join("first", 0)
    assert ledger.ask(ask("r1", "first", "1", "2", batch="b")) == Granted()
    assert ledger.ask(ask("r2", "first", "3", batch="b")) == Granted()
    return made


def taken(database: Database, clock: VirtualClock, runner: str) -> bool:
    with database.begin() as connection:
        return take_over(connection, "b", runner, expired=clock.time() - HEARTBEAT_TTL_SECONDS)


def test_one_that_lives_keeps_it_and_another_takes_over_from_one_that_does_not(
    database: Database, ledger: SqlLedger, clock: VirtualClock, batch: OpenBatch
) -> None:
    ledger.join("second", 0)
    assert not taken(database, clock, "second")
    assert taken(database, clock, "first"), "it has it already"
    clock.advance(20)
    ledger.join("second", 0)
    assert taken(database, clock, "second")
    assert not taken(database, clock, "first"), "who was thought dead does not get it back"
    with database.read() as connection:
        assert set(connection.execute(sa.select(generation_claims.c.runner)).scalars()) == {"second"}
        assert open_batches(connection, KEY)[0].runner == "second"


def test_a_closed_one_is_nobodys(database: Database, clock: VirtualClock, batch: OpenBatch) -> None:
    with database.begin() as connection:
        close_batch(connection, "b", at=clock.time(), ended="succeeded")
        assert open_batches(connection, KEY) == []
    assert not taken(database, clock, "first")


def test_its_tweets_are_taken_whether_its_runner_lives_or_not(
    database: Database, ledger: SqlLedger, clock: VirtualClock, batch: OpenBatch
) -> None:
    in_batch = AlreadyClaimed(frozenset(), frozenset(), frozenset({"1"}))
    assert ledger.ask(ask("r3", "second", "1", "9")) == in_batch
    ledger.leave("first")
    clock.advance(60)
    ledger.join("second", 0)
    assert ledger.ask(ask("r3", "second", "1", "9")) == in_batch
    assert ledger.ask(ask("r4", "second", "9")) == Granted()
    assert ledger.ask(ask("r5", "person", "3", again=True)) == Granted(), "who writes anew need not wait"


def test_what_is_settled_or_long_overdue_is_not_taken(
    database: Database, ledger: SqlLedger, clock: VirtualClock, batch: OpenBatch
) -> None:
    ledger.settle("r1", Settlement("failed", cost_usd=0.0))
    ledger.leave("first")
    assert ledger.ask(ask("r3", "second", "1", "2")) == Granted()
    clock.advance(3600 + OVERDUE_SECONDS)
    assert ledger.ask(ask("r4", "second", "3")) == Granted()


def test_settling_twice_comes_to_the_same(database: Database, ledger: SqlLedger, batch: OpenBatch) -> None:
    """Two processes, of which one was thought dead, have the same answer."""
    answer = Settlement("answered", 100, 50, 0, cost_usd=0.2, raw_answer="[]", tier=BATCH, spared_usd=0.2)
    for _ in range(2):
        ledger.settle("r1", answer)
    with database.read() as connection:
        (day,) = connection.execute(sa.select(quota_days.c.requests, quota_days.c.cost_usd, quota_days.c.spared_usd))
        assert tuple(day) == pytest.approx((2, 0.7, 0.2))
        assert [each.id for each in unsettled(connection, ["b"])["b"]] == ["r2"]


def test_what_was_in_a_batch_is_known_afterwards(
    database: Database, ledger: SqlLedger, clock: VirtualClock, batch: OpenBatch
) -> None:
    ledger.settle("r1", Settlement("failed", cost_usd=0.0))
    ledger.settle("r2", Settlement("refused"))
    with database.read() as connection:
        assert tried(connection, KEY, since=0) == [("first", "calm", ("1", "2"))], "what was refused never came there"
        assert tried(connection, KEY, since=clock.time() + 1) == []


def test_a_name_is_kept_with_how_far_it_has_come(database: Database, clock: VirtualClock, batch: OpenBatch) -> None:
    with database.begin() as connection:
        batch_is(connection, "b", SENT, name="batches/2")
        assert open_batches(connection, KEY)[0].name == "batches/2"
