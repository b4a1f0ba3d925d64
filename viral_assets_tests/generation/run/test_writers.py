"""Who writes over whom: offline drafts make way for a language model, and what was forced goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.quota.limits import Limits
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.forced_runs import join_forced_run
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.gemini_emulator import BLOCKED_MARKER, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import TYPES, opportunity, pack
from viral_assets_tests.generation.running import Run, on_virtual_time, outcomes_of, suggestions_of, writers_of
from viral_assets_tests.virtual_clock import VirtualClock

MODEL = InProcessClient.provider
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def emulator() -> GeminiEmulator:
    return on_virtual_time(latency=(0.5, 0.1))


def offline(tweets: Any, database: Database, emulator: GeminiEmulator, **options: Any) -> Run:
    """A run without a key."""
    return Run(tweets, database=database, clock=emulator.clock, options=options)


def of(tweet_id: str, kind: str) -> SuggestionKey:
    return SuggestionKey("calm", tweet_id, kind)


def row_of(database: Database, key: SuggestionKey) -> Any:
    table = comment_suggestions.c
    query = sa.select(comment_suggestions).where(
        table.project == key.project, table.tweet_id == key.tweet_id, table.suggestion_type == key.suggestion_type
    )
    with database.read() as connection:
        return connection.execute(query).one()


def decided(database: Database, key: SuggestionKey, action: str) -> int:
    """The event's id."""
    version = row_of(database, key).version
    with database.begin() as connection:
        return decide(connection, key, action, who="Ada", at=NOW, version=version).event_id


# ---- drafts of the offline provider


def test_with_a_key_offline_drafts_are_undone_work_and_are_replaced(
    emulator: GeminiEmulator, database: Database
) -> None:
    tweets = pack(5)
    assert offline(tweets, database, emulator)().saved == 15
    real = Run(tweets, emulator, database)
    estimated = real.estimate()

    report = real()

    assert (estimated.already_done, estimated.requests) == (0, report.requests)
    assert (report.already_done, report.saved, report.outcomes) == (0, 15, {"done": 5})
    assert writers_of(database) == {MODEL: 15}
    again = Run(tweets, emulator, database)
    assert (again.estimate().requests, again().already_done) == (0, 5)


def test_a_draft_that_a_person_decided_about_stays_and_is_not_asked_for(
    emulator: GeminiEmulator, database: Database
) -> None:
    tweets = pack(3)
    offline(tweets, database, emulator)()
    approved, rejected, undone = (of(tweet.tweet_id, TYPES[0]) for tweet in tweets)
    decided(database, approved, "approve")
    decided(database, rejected, "reject")
    with_event = decided(database, undone, "approve")
    with database.begin() as connection:
        undo(connection, with_event, who="Ada", at=NOW)
    before = {key: row_of(database, key) for key in (approved, rejected, undone)}

    report = Run(tweets, emulator, database)()

    assert report.saved == 6
    assert {key: row_of(database, key) for key in before} == before
    assert writers_of(database) == {"offline": 3, MODEL: 6}
    assert Run(tweets, emulator, database)().already_done == 3


def test_a_tweet_of_which_every_draft_was_decided_about_is_done(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(1)
    offline(tweets, database, emulator)()
    for kind in TYPES:
        decided(database, of(tweets[0].tweet_id, kind), "reject")

    assert Run(tweets, emulator, database)().already_done == 1
    assert emulator.arrivals == []


def test_without_a_key_offline_drafts_are_done(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(4)
    offline(tweets, database, emulator)()

    again = offline(tweets, database, emulator)

    assert again.estimate().already_done == 4
    assert again().already_done == 4


@pytest.mark.parametrize("force", [False, True])
def test_the_offline_provider_never_replaces_what_a_model_wrote(
    emulator: GeminiEmulator, database: Database, force: bool
) -> None:
    tweets = pack(3)
    Run(tweets, emulator, database)()

    run = offline(tweets, database, emulator, force=force, run_id="offline-run")

    assert run.estimate().already_done == 3
    report = run()
    assert (report.already_done, report.saved) == (3, 0)
    assert writers_of(database) == {MODEL: 9}
    with database.read() as connection:
        assert set(connection.execute(sa.select(generation_outcomes.c.provider)).scalars()) == {MODEL}


def test_without_a_key_force_writes_offline_drafts_anew(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(2)
    offline(tweets, database, emulator)()

    assert offline(tweets, database, emulator, force=True, run_id="forced")().saved == 6


def test_a_tweet_that_the_model_will_not_answer_keeps_no_draft(emulator: GeminiEmulator, database: Database) -> None:
    tweets = [opportunity("1992412345678901230", BLOCKED_MARKER)]
    offline(tweets, database, emulator)()

    assert Run(tweets, emulator, database)().outcomes == {"blocked": 1}
    assert suggestions_of(database) == {}
    assert Run(tweets, emulator, database)().already_done == 1


def test_a_tweet_whose_drafts_the_filter_refused_is_undone_work_too(
    emulator: GeminiEmulator, database: Database
) -> None:
    tweets = pack(1)
    offline(tweets, database, emulator)()
    with database.begin() as connection:
        connection.execute(sa.delete(comment_suggestions))
        connection.execute(sa.update(generation_outcomes).values(outcome="filtered", reason="too short"))

    assert Run(tweets, emulator, database)().saved == 3


def test_what_the_day_does_not_allow_waits_with_its_drafts(emulator: GeminiEmulator, database: Database) -> None:
    tweets, options = pack(4), {"tweets_per_request": 1}
    offline(tweets, database, emulator, **options)()  # four of the day's requests, as one ledger serves all here

    report = Run(tweets, emulator, database, Limits(1_000, requests_per_day=5), options=options)()

    assert report.deferred == 3
    assert writers_of(database) == {"offline": 9, MODEL: 3}
    assert Counter(outcomes_of(database).values()) == {"done": 1, "deferred": 3}
    assert Run(tweets, emulator, database)().outcomes == {"done": 3}
    assert writers_of(database) == {MODEL: 12}


# ---- forced runs


def forced(tweets: Any, service: GeminiEmulator, database: Database, run_id: str, **changes: Any) -> Run:
    return Run(tweets, service, database, options={"force": True, "run_id": run_id}, **changes)


def joined(database: Database, run_id: str, forced_by: str) -> None:
    with database.begin() as connection:
        join_forced_run(connection, run_id, forced_by=forced_by, scope="all", at=NOW)


def test_a_forced_run_goes_on_where_it_was_interrupted(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(6)
    Run(tweets, emulator, database)()
    joined(database, "first", "first")
    forced(tweets[:4], emulator, database, "first")()
    emulator.reset()
    joined(database, "second", "first")
    run = forced(tweets, emulator, database, "second")
    estimated = run.estimate()

    report = run()

    assert (estimated.already_done, report.already_done, report.outcomes) == (4, 4, {"done": 2})
    assert {tweet_id for arrival in emulator.arrivals for tweet_id in arrival.tweet_ids} == {
        tweet.tweet_id for tweet in tweets[4:]
    }


def test_what_is_forced_anew_asks_about_everything(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(3)
    joined(database, "first", "first")
    forced(tweets, emulator, database, "first")()
    joined(database, "another", "another")

    assert forced(tweets, emulator, database, "another")().outcomes == {"done": 3}


def test_an_answer_that_a_killed_forced_run_had_stored_is_not_paid_for_twice(
    emulator: GeminiEmulator, database: Database
) -> None:
    tweets = pack(3)
    Run(tweets, emulator, database, options={"run_id": "before"})()
    joined(database, "first", "first")
    forced(tweets, emulator, database, "first")()
    with database.begin() as connection:
        connection.execute(sa.update(llm_requests).values(parsed_at=None))
        connection.execute(sa.update(generation_outcomes).values(run_id="before"))
        connection.execute(sa.update(comment_suggestions).values(request_id="of before"))
    emulator.reset()

    assert Run(tweets, emulator, database)().already_done == 3, "another run leaves it for who goes on"
    joined(database, "second", "first")
    report = forced(tweets, emulator, database, "second")()

    assert (report.recovered_answers, report.requests, report.outcomes) == (3, 0, {"done": 3})
    assert emulator.arrivals == []


def test_two_runs_of_the_same_force_at_once_ask_once(emulator: GeminiEmulator, database: Database) -> None:
    tweets = pack(8)
    Run(tweets, emulator, database)()
    emulator.reset()
    runs = []
    for run_id in ("first", "second"):
        joined(database, run_id, "first")
        runs.append(forced(tweets, emulator, database, run_id))

    async def together() -> None:
        await asyncio.gather(*(run.report() for run in runs))

    assert isinstance(emulator.clock, VirtualClock)
    emulator.clock.run(together())

    asked = Counter(tweet_id for arrival in emulator.arrivals for tweet_id in arrival.tweet_ids)
    assert asked == {tweet.tweet_id: 1 for tweet in tweets}


def test_what_a_forced_run_puts_off_keeps_its_end_and_its_suggestions(
    emulator: GeminiEmulator, database: Database
) -> None:
    tweets = pack(3)
    Run(tweets, emulator, database)()
    joined(database, "first", "first")
    options = {"force": True, "run_id": "first", "tweets_per_request": 1}

    used = len(emulator.arrivals)
    report = Run(tweets, emulator, database, Limits(1_000, requests_per_day=used + 1), options=options)()

    assert report.outcomes == {"done": 1, "deferred": 2}
    assert set(outcomes_of(database).values()) == {"done"}, "a run that is not forced need not take it up"
    assert writers_of(database) == {MODEL: 9}
