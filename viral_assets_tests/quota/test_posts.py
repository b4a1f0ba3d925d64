"""The ledger of posts: the words of every ledger, with posts for units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.quota.from_settings import post_caps_from, post_prices_from
from viral_assets.quota.ledger import Exhausted, Granted, PaidLedger, Settlement, Waiting
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger, PostPrices, PostRequest
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import source_requests
from viral_assets_tests.home import clean_environment
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.sources.services.service_time import SleepingTime

NOW = datetime(2026, 11, 21, 21, tzinfo=UTC)
_numbers = count()


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(NOW)


def opened(
    database: Database,
    time: SleepingTime,
    *,
    run: str = "run",
    endpoint: str = "search",
    account: str = "account",
    **caps: Any,
) -> PostLedger:
    return PostLedger(database, PostBudget(account, run, PostCaps(**caps)), endpoint, clock=time.now)


def request(wanted: int, least: int = 10, name: str = "") -> PostRequest:
    return PostRequest(name or f"request-{next(_numbers)}", "demo", wanted, least)


def test_it_says_what_every_ledger_says(database: Database, time: SleepingTime) -> None:
    ledger: PaidLedger[PostRequest] = opened(database, time, per_day=150)
    assert ledger.ask(request(100)) == Granted(100)
    assert ledger.ask(request(100)) == Granted(50), "as many as the cap leaves"
    reason = "the cap is reached: 150 of 150 a day are read or on their way"
    assert ledger.ask(request(100)) == Exhausted(3 * 3600, reason), "until midnight UTC"
    ledger.block(90, "the service has had enough")
    assert ledger.ask(request(100)) == Waiting(90, "the service has had enough")


def test_what_did_not_come_may_be_read_again_and_what_nobody_knows_of_counts(
    database: Database, time: SleepingTime
) -> None:
    ledger = opened(database, time, per_run=100)
    ledger.ask(request(40, name="came less"))
    ledger.ask(request(30, name="refused"))
    ledger.ask(request(20, name="cut off"))
    ledger.settle("came less", Settlement("answered", units=5))
    ledger.settle("refused", Settlement("refused", error="429", units=0))
    ledger.settle("cut off", Settlement("failed", error="cut off", http_status=200))
    assert ledger.status().run == 5 + 0 + 20
    with database.read() as connection:
        rows = connection.execute(sa.select(source_requests).order_by(source_requests.c.id)).all()
    assert [(row.id, row.status, row.posts) for row in rows] == [
        ("came less", "answered", 5),
        ("cut off", "failed", 20),
        ("refused", "failed", 0),
    ]


def test_authors_count_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    assert post_caps_from(load_settings()).count_users
    monkeypatch.setenv("VIRAL_ASSETS_X_COUNT_USERS", "false")
    assert not post_caps_from(load_settings()).count_users


def test_costs_are_told_at_the_prices_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    assert post_prices_from(load_settings()) == PostPrices()
    monkeypatch.setenv("VIRAL_ASSETS_X_USD_PER_POST", "0.001")
    monkeypatch.setenv("VIRAL_ASSETS_X_USD_PER_USER", "0.02")
    assert post_prices_from(load_settings()) == PostPrices(post=0.001, user=0.02)


def test_where_a_runs_own_cap_is_reached_another_run_may_ask_at_once(database: Database, time: SleepingTime) -> None:
    ledger = opened(database, time, per_run=95, per_day=1_000)
    assert ledger.ask(request(90)) == Granted(90)
    reason = "the cap is reached: 90 of 95 posts a run and 90 of 1,000 a day are read or on their way"
    assert ledger.ask(request(90)) == Exhausted(0, reason)
    assert opened(database, time, run="next", per_run=95).ask(request(90)) == Granted(90)


def test_a_refusal_is_for_one_endpoint_and_the_longer_one_holds(database: Database, time: SleepingTime) -> None:
    search, lookup = opened(database, time), opened(database, time, endpoint="lookup")
    search.block(900, "long")
    search.block(5, "short")
    assert search.ask(request(10)) == Waiting(900, "long")
    assert lookup.ask(request(10)) == Granted(10)
    time.slept += 901
    assert search.ask(request(10)) == Granted(10)


def test_what_is_stored_with_an_answer_is_settled_with_it_or_not_at_all(database: Database, time: SleepingTime) -> None:
    ledger = opened(database, time)
    ledger.ask(request(50, name="read"))

    def store() -> None:
        with database.begin() as connection:
            ledger.settle("read", Settlement("answered", units=3), connection=connection)
            ledger.block(60, "pause", connection=connection)
            raise RuntimeError("the tweets could not be stored")

    with pytest.raises(RuntimeError):
        store()
    assert ledger.status().day == 50
    assert ledger.ask(request(10)) == Granted(10)


@tried_on(1, unchecked=SHARED_FIXTURES)
@given(
    asked=st.lists(st.tuples(st.integers(1, 100), st.sampled_from(["a", "b"]), st.integers(0, 9)), max_size=25),
    per_run=st.none() | st.integers(0, 200),
    per_day=st.none() | st.integers(0, 300),
)
def test_no_caps_are_ever_exceeded(
    sqlite_database: Database, asked: list[tuple[int, str, int]], per_run: int | None, per_day: int | None
) -> None:
    account, time = f"account-{next(_numbers)}", SleepingTime(NOW)
    granted: list[tuple[str, datetime, int]] = []
    for wanted, run, hours in asked:
        time.slept += hours * 3600
        ledger = opened(sqlite_database, time, account=account, run=run, per_run=per_run, per_day=per_day)
        decision = ledger.ask(request(wanted, least=1))
        if isinstance(decision, Granted):
            assert 1 <= decision.units <= wanted
            granted.append((run, time.now(), decision.units))
        else:
            assert isinstance(decision, Exhausted)
            assert 0 <= decision.seconds <= timedelta(days=1).total_seconds()
    by_run = {run: sum(posts for of, _, posts in granted if of == run) for run in "ab"}
    by_day = {at.date(): sum(posts for _, on, posts in granted if on.date() == at.date()) for _, at, _ in granted}
    assert per_run is None or all(posts <= per_run for posts in by_run.values())
    assert per_day is None or all(posts <= per_day for posts in by_day.values())
