"""What only a shared ledger has: claims, the dead, stored answers, and several real processes at once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR
from viral_assets.quota.ledger import (
    ANNOUNCED_SECONDS,
    AlreadyClaimed,
    Decision,
    Demand,
    Granted,
    GrantRequest,
    Settlement,
    Waiting,
)
from viral_assets.quota.limits import Limits
from viral_assets.quota.postgres_grant import grant_where_free
from viral_assets.quota.priority import Priority
from viral_assets.quota.sql import SqlLedger
from viral_assets.quota.sql_grant import columns_of
from viral_assets.quota.sql_runners import HEARTBEAT_TTL_SECONDS
from viral_assets.quota.sql_usage import SqlUsage
from viral_assets.store.engine import Database
from viral_assets.store.suggestions import TweetOutcome, save_outcomes
from viral_assets.store.tables import generation_claims, llm_requests, quota_days, quota_runners
from viral_assets_tests.forks import forks
from viral_assets_tests.quota.conftest import about
from viral_assets_tests.quota.hammer import hammer
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import PATIENCE

_numbers = count()
Opener = Callable[..., SqlLedger]


@pytest.fixture
def opened(database: Database, ticking: VirtualClock) -> Opener:
    def opener(key: str = "key", **limits: Any) -> SqlLedger:
        return SqlLedger(database, key, Limits(**limits), clock=ticking)

    return opener


def ask_about(ledger: SqlLedger, runner: str, *tweet_ids: str, name: str = "", **fields: Any) -> Decision:
    known: dict[str, Any] = {"tokens": 0, "cost_usd": 0.0, "project": "calm", "tweet_ids": tweet_ids} | fields
    return ledger.ask(GrantRequest(name or f"request-{next(_numbers)}", runner, **known))


def in_flight(*tweet_ids: str) -> AlreadyClaimed:
    return AlreadyClaimed(finished=frozenset(), in_flight=frozenset(tweet_ids))


def finish(database: Database, tweet_id: str, outcome: str = "done", project: str = "calm") -> None:
    hour = datetime(2026, 11, 21, 20, tzinfo=UTC)
    with database.begin() as connection:
        save_outcomes(connection, [TweetOutcome(project, tweet_id, hour, [], outcome, "", 1)], now=hour + HOUR)


def rows(database: Database, table: sa.Table) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(table)))


# ---- claims


def test_a_tweet_in_flight_elsewhere_is_taken_and_nothing_is_granted(opened: Opener, database: Database) -> None:
    first, second = opened(), opened()
    assert ask_about(first, "a", "1", "2") == Granted()

    assert ask_about(second, "b", "2", "3") == in_flight("2")

    assert len(rows(database, llm_requests)) == 1
    assert ask_about(second, "b", "3") == Granted()
    assert ask_about(first, "a", "1", "2") == Granted(), "one's own claims are no hindrance"


def test_a_claim_lasts_until_its_runner_leaves(opened: Opener) -> None:
    ledger = opened()
    ask_about(ledger, "a", "1", name="first")
    ledger.settle("first", Settlement("failed"))
    assert ask_about(ledger, "b", "1") == in_flight("1"), "it may be asked again"

    ledger.leave("a")

    assert ask_about(ledger, "b", "1") == Granted()


def test_a_finished_tweet_is_taken_and_a_deferred_one_is_not(opened: Opener, database: Database) -> None:
    ledger = opened()
    for tweet_id, outcome in (("1", "done"), ("2", "blocked"), ("3", "deferred")):
        finish(database, tweet_id, outcome)
    finish(database, "4", project="other")

    decision = ask_about(ledger, "a", "1", "2", "3", "4", "5")

    assert decision == AlreadyClaimed(finished=frozenset("12"), in_flight=frozenset())
    assert ask_about(ledger, "a", "3", "4", "5") == Granted()
    assert ask_about(ledger, "a", "1", "2", again=True) == Granted()


def test_asking_again_does_not_mean_asking_at_the_same_time(opened: Opener) -> None:
    ledger = opened()
    ask_about(ledger, "a", "1", again=True)

    assert ask_about(ledger, "b", "1", again=True) == in_flight("1")


RUNS = pytest.mark.parametrize("priority", [Priority.NEWEST_HOUR, Priority.BACKGROUND])
PERSON: dict[str, Any] = {"again": True, "priority": Priority.PERSON}


@RUNS
def test_a_person_takes_over_what_a_run_holds_but_for_what_is_under_way(opened: Opener, priority: Priority) -> None:
    ledger = opened()
    ask_about(ledger, "run", "1", "2", name="first", priority=priority)
    assert ask_about(ledger, "person", "1", **PERSON) == in_flight("1")

    ledger.settle("first", Settlement("failed"))

    assert ask_about(ledger, "person", "1", **PERSON) == Granted()
    assert ask_about(ledger, "run", "1", "2", priority=priority) == in_flight("1"), "it is the person's now"
    assert ask_about(ledger, "run", "2", priority=priority) == Granted()
    ledger.leave("person")
    assert ask_about(ledger, "run", "1", priority=priority) == Granted()


def test_a_tweet_that_is_asked_about_again_is_under_way_again(opened: Opener) -> None:
    ledger = opened()
    ask_about(ledger, "run", "1", name="first", priority=Priority.BACKGROUND)
    ledger.settle("first", Settlement("failed"))
    ask_about(ledger, "run", "1", name="second", priority=Priority.BACKGROUND)

    assert ask_about(ledger, "person", "1", **PERSON) == in_flight("1")


def test_a_person_does_not_wait_for_the_end_of_a_run_that_has_finished_the_tweet(
    opened: Opener, database: Database
) -> None:
    ledger = opened()
    ask_about(ledger, "run", "1", name="first", priority=Priority.BACKGROUND)
    ledger.settle("first", Settlement("answered"))
    finish(database, "1")

    assert ask_about(ledger, "person", "1", **PERSON) == Granted()


def test_a_person_takes_over_nothing_from_another_person(opened: Opener) -> None:
    ledger = opened()
    ask_about(ledger, "one", "1", name="first", **PERSON)
    ledger.settle("first", Settlement("failed"))

    assert ask_about(ledger, "other", "1", **PERSON) == in_flight("1")


def test_runs_take_over_nothing_from_each_other(opened: Opener) -> None:
    ledger = opened()
    ask_about(ledger, "backfill", "1", name="first", priority=Priority.BACKGROUND)
    ledger.settle("first", Settlement("failed"))

    assert ask_about(ledger, "hour", "1", again=True, priority=Priority.NEWEST_HOUR) == in_flight("1")


def test_two_quotas_can_meet_at_one_tweet(opened: Opener) -> None:
    assert ask_about(opened("one"), "a", "1") == Granted()

    assert ask_about(opened("other"), "b", "1") == in_flight("1")


def test_the_texts_of_a_script_claim_nothing_and_respect_no_claims(opened: Opener, database: Database) -> None:
    ledger = opened()
    assert ask_about(ledger, "a", "tweet-1", claim=False) == Granted()
    assert ask_about(ledger, "b", "tweet-1", claim=False) == Granted()
    assert rows(database, generation_claims) == []


def test_who_asks_for_what_is_taken_does_not_wait_in_front_of_others(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened(max_requests=1, window_seconds=5)
    ask_about(ledger, "a", "1")
    ticking.advance(1)
    assert ask_about(ledger, "b", "1") == in_flight("1")
    ticking.advance(1)

    assert ask_about(ledger, "c", "9") == Waiting(about(3.2), "requests of the window are used up")


def test_as_many_tweets_as_anyone_may_pack(opened: Opener) -> None:
    many = tuple(str(number) for number in range(2_000))

    assert ask_about(opened(), "a", *many) == Granted()
    assert ask_about(opened(), "b", *many) == in_flight(*many)


# ---- the dead


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def test_a_dead_process_loses_claims_and_place_as_soon_as_anybody_looks(
    opened: Opener, database: Database, ticking: VirtualClock
) -> None:
    ledger = opened(max_requests=1, window_seconds=5)
    ask_about(ledger, "killed", "1")
    ask_about(ledger, "killed", "2")
    with database.begin() as connection:
        connection.execute(sa.update(quota_runners).values(pid=dead_process()))
    ticking.advance(1)
    assert ask_about(ledger, "b", "1") == in_flight("1")

    ledger.join("b", 1)

    assert ask_about(ledger, "b", "1") == Waiting(about(4.2), "requests of the window are used up")
    assert [row.runner for row in rows(database, quota_runners)] == ["b"]
    assert rows(database, generation_claims) == []


def test_a_process_of_another_machine_is_dead_when_it_has_been_silent(
    opened: Opener, database: Database, ticking: VirtualClock
) -> None:
    ledger = opened(max_requests=1, window_seconds=100)
    ask_about(ledger, "far", "1")
    ask_about(ledger, "far", "2")
    with database.begin() as connection:
        connection.execute(sa.update(quota_runners).values(host="elsewhere", pid=1))
    ledger.join("near", 1)
    assert ask_about(ledger, "near", "1") == in_flight("1")

    ticking.advance(HEARTBEAT_TTL_SECONDS)

    assert ledger.state().demand == ()
    assert ask_about(ledger, "near", "1") == Waiting(about(85.5), "requests of the window are used up")


def test_a_claim_of_the_dead_passes_to_who_asks_next(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened()
    ask_about(ledger, "silent", "1")
    ticking.advance(HEARTBEAT_TTL_SECONDS)

    assert ask_about(ledger, "b", "1") == Granted()
    assert ask_about(ledger, "c", "1") == in_flight("1")


def test_who_was_taken_for_dead_comes_back_with_its_next_heartbeat(opened: Opener, ticking: VirtualClock) -> None:
    ledger = opened()
    ledger.join("sleeper", 7)
    ticking.advance(HEARTBEAT_TTL_SECONDS)
    ledger.join("other", 1)
    assert ledger.state().demand == (Demand("other", 1),)

    ledger.join("sleeper", 7)

    assert ledger.state().demand == (Demand("other", 1), Demand("sleeper", 7))


def test_a_waiter_that_is_late_for_its_turn_is_passed_over_and_may_come_back(
    opened: Opener, ticking: VirtualClock
) -> None:
    ledger = opened(max_requests=1, window_seconds=5)
    ask_about(ledger, "a")
    ticking.advance(1)
    ask_about(ledger, "late")
    ticking.advance(1)
    ask_about(ledger, "punctual")

    ticking.advance(3.6)
    assert isinstance(ask_about(ledger, "punctual"), Waiting)
    ticking.advance(2)
    assert ask_about(ledger, "punctual") == Granted()
    ticking.advance(5.6)
    assert ask_about(ledger, "late") == Granted()


# ---- what is stored


def test_a_row_tells_everything_about_its_request(opened: Opener, database: Database, ticking: VirtualClock) -> None:
    ledger = opened(max_tokens=10_000)
    fields = {"tokens": 900, "cost_usd": 0.5, "provider": "google-genai", "model": "gemini-x", "run_id": "run"}
    ask_about(ledger, "a", "2", "1", name="first", **fields)
    ticking.advance(2)
    usage: dict[str, Any] = {"input_tokens": 800, "output_tokens": 300, "thought_tokens": 9, "cost_usd": 0.4}
    ledger.settle("first", Settlement("answered", raw_answer="[]", finish_reason="STOP", http_status=200, **usage))

    (row,) = rows(database, llm_requests)

    assert row.tweet_ids == ["2", "1"]
    assert (row.project, row.provider, row.model, row.run_id) == ("calm", "google-genai", "gemini-x", "run")
    assert (row.status, row.http_status, row.finish_reason, row.raw_answer) == ("answered", 200, "STOP", "[]")
    assert (row.counted_tokens, row.input_tokens, row.output_tokens, row.thought_tokens) == (800, 800, 300, 9)
    assert (row.counted_cost_usd, row.finished_at - row.granted_at) == (0.4, about(2))
    (day,) = rows(database, quota_days)
    assert (day.day, day.requests, day.tokens, day.cost_usd) == ("2026-11-21", 1, 800, about(0.4))


def test_stored_answers_of_the_dead_wait_to_be_parsed(opened: Opener, database: Database) -> None:
    ledger = opened()
    for name in ("parsed", "unparsed", "failed", "empty", "elsewhere", "in flight"):
        ask_about(ledger, "a", name, name=name, project="other" if name == "elsewhere" else "calm")
    for name in ("parsed", "unparsed", "elsewhere"):
        ledger.settle(name, Settlement("answered", raw_answer=f"answer of {name}", finish_reason="STOP"))
    ledger.settle("failed", Settlement("failed", error="HTTP 500", http_status=500))
    ledger.settle("empty", Settlement("answered", raw_answer=None))
    with database.begin() as connection:
        connection.execute(sa.update(llm_requests).where(llm_requests.c.id == "parsed").values(parsed_at=1.0))

    (answer,) = ledger.unparsed("calm")

    assert (answer.request_id, answer.tweet_ids, answer.raw_answer) == ("unparsed", ("unparsed",), "answer of unparsed")


@pytest.mark.parametrize(
    "hostile", ["\x00", "\ud83d", "a\x00b\udfffc", "'; DROP TABLE tweets; --", "100 %s %(key)s :key"]
)
def test_whatever_an_answer_contains_can_be_stored(opened: Opener, hostile: str) -> None:
    ledger = opened()
    ask_about(ledger, "a", "1", name="first", model=hostile.replace("\x00", "").encode(errors="ignore").decode())

    ledger.settle("first", Settlement("answered", raw_answer=hostile, error=hostile, finish_reason=hostile))

    (answer,) = ledger.unparsed("calm")
    assert answer.raw_answer == hostile.replace("\x00", "").encode(errors="ignore").decode()


def test_an_answer_is_on_the_disk_when_it_is_called_settled(postgres_database: Database) -> None:
    # As a server does by default; that of the tests waits for no disk.
    waiting = postgres_database.url.update_query_dict({"options": "-c synchronous_commit=on"})
    database = Database(waiting.render_as_string(hide_password=False))
    ledger = SqlLedger(database, "key", Limits())
    ask_about(ledger, "a", "1", name="first")
    large = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=200_000))

    ledger.settle("first", Settlement("answered", raw_answer=large))

    with database.read() as connection:
        ahead = sa.text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn())")
        assert connection.execute(ahead).scalar_one() < 50_000, "less than the answer"
    database.dispose()


# ---- the real clock, and real processes


def test_the_clock_is_the_database_s(database: Database) -> None:
    ledger = SqlLedger(database, "key", Limits(max_requests=1))
    assert abs(ledger.status().now - time.time()) < 60
    assert ask_about(ledger, "a") == Granted()
    assert isinstance(ask_about(ledger, "a"), Waiting)

    brief = SqlLedger(database, "brief", Limits(max_requests=1, window_seconds=0.01))
    for _ in range(2):
        while isinstance(waiting := ask_about(brief, "b"), Waiting):
            time.sleep(waiting.seconds)
    first, second = (row.granted_at for row in rows(database, llm_requests) if row.quota_key == "brief")
    assert abs(second - first) >= brief.limits.padded_window_seconds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "grants"),
    [(Limits(max_requests=5, window_seconds=0.3), 4), (Limits(500, 60, window_seconds=0.3), 9)],
    ids=["requests", "tokens"],
)
def test_four_processes_on_one_database_never_exceed_the_quota_together(
    database: Database, limits: Limits, grants: int
) -> None:
    start = forks().Barrier(4)
    workers = [forks().Process(target=hammer, args=(_url(database), limits, grants, start)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
        assert worker.exitcode == 0

    granted = sorted(row.granted_at for row in rows(database, llm_requests))
    allowed = limits.max_requests if limits.max_tokens is None else limits.max_tokens // 5
    apart = [later - earlier for earlier, later in zip(granted, granted[allowed:], strict=False)]
    assert all(seconds >= limits.padded_window_seconds for seconds in apart), min(apart)
    assert len(granted) == 4 * grants, "and they get on"
    assert len({row.pid for row in rows(database, quota_runners)}) == 0, "everybody has left"


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def test_a_process_number_of_this_machine_is_known_to_live(opened: Opener, database: Database) -> None:
    ledger = opened()
    ledger.join("me", 1)

    ledger.join("other", 1)

    assert {row.pid for row in rows(database, quota_runners)} == {os.getpid()}
    assert len(rows(database, quota_runners)) == 2


def test_what_others_were_granted_and_gave_back_is_seen(database: Database) -> None:
    limits = Limits(max_requests=10, max_tokens=1_000)
    mine, others = (SqlLedger(database, "key", limits) for _ in range(2))
    assert isinstance(mine.ask(GrantRequest("a", "mine", tokens=400)), Granted)
    assert isinstance(others.ask(GrantRequest("b", "others", tokens=400)), Granted)
    assert isinstance(mine.ask(GrantRequest("c", "mine", tokens=400)), Waiting)
    mine.withdraw("mine")

    others.settle("b", Settlement("answered", input_tokens=100))
    assert mine.state().tokens_used == 500
    mine.settle("a", Settlement("answered", input_tokens=50))

    assert (mine.state().tokens_used, others.state().tokens_used) == (150, 150)
    assert isinstance(mine.ask(GrantRequest("d", "mine", tokens=850)), Granted)


def test_room_is_left_for_a_process_that_has_announced_itself_but_not_for_ever(
    database: Database, ticking: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = SqlLedger(database, "key", Limits(), clock=ticking)
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: 1)
        others = SqlLedger(database, "key", Limits(), clock=ticking)
    mine.join("ready", 50)
    others.join("soon", None)
    mine.join("a generator of this process", None)
    assert {each.runner: each.tweets for each in mine.state().demand} == {"ready": 50, "soon": None}
    assert mine.status().runners == 1

    ticking.advance(ANNOUNCED_SECONDS)
    mine.join("ready", 50)
    assert {each.runner: each.tweets for each in mine.state().demand} == {"ready": 50}
    others.join("soon", 7)
    assert {each.runner: each.tweets for each in mine.state().demand} == {"ready": 50, "soon": 7}


def test_the_statements_of_a_grant_are_planned_once(postgres_database: Database) -> None:
    with postgres_database.read() as connection:
        settings = connection.scalar(sa.text("SELECT proconfig FROM pg_proc WHERE proname = 'grant_requests'")) or []

    assert "plan_cache_mode=force_generic_plan" in settings, "everybody waits while somebody is granted"


def test_a_grant_of_postgresql_reads_no_table_from_end_to_end(
    postgres_database: Database, ticking: VirtualClock
) -> None:
    """However the server estimates what there is: everybody waits while one is granted."""
    ledger = SqlLedger(postgres_database, "key", Limits(max_requests=9_000, max_tokens=10**9), clock=ticking)
    asks = [GrantRequest(f"request {number}", "me", 10, 0.0) for number in range(2_000)]
    for at in range(0, len(asks), 500):
        ticking.advance(0.01)
        assert ledger.ask_many(asks[at : at + 500]) == [Granted()] * 500
        ledger.settle_all([(ask, Settlement("answered", input_tokens=9)) for ask in asks[at : at + 500]])
    with postgres_database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    usage = SqlUsage("key", ledger.limits)
    ticking.advance(0.01)
    # Named for one transaction, it counts what the connection has not reported yet: earlier ones of this second, too.
    scans = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables"

    with postgres_database.read() as connection:
        before = set(connection.exec_driver_sql(scans).all())
        usage.window(connection, usage.values(ticking.time()))
        assert set(connection.exec_driver_sql(scans).all()) == before
    with postgres_database.begin() as connection:
        before = set(connection.exec_driver_sql(scans).all())
        ask = GrantRequest("one more", "me", 10, 0.0, project="calm", tweet_ids=("1", "2"))
        columns = [columns_of(ask, remaining=0)]
        assert grant_where_free(connection, usage, columns, "me", now=ticking.time()) == 1
        assert set(connection.exec_driver_sql(scans).all()) == before
