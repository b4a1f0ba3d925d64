"""Backfills that a person launches in the UI: what they leave by the hour, killed workers, cancelling, launching again.

Each test has hours of its own, from the sample's first one on.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlalchemy as sa

from viral_assets.defs.assets.generation import STOPPING
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.suggestions import read_outcomes, read_suggestions
from viral_assets.store.tables import comment_opportunities, llm_requests
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.store.windows import read_window
from viral_assets_tests.e2e import on_postgresql, on_sqlite, queries
from viral_assets_tests.e2e.conftest import FINISHED
from viral_assets_tests.e2e.deployment import EVERY, Deployment, UnansweredError
from viral_assets_tests.gemini_emulator import GeminiEmulator, Hold
from viral_assets_tests.postgres import PostgresServer
from viral_assets_tests.waiting import until

ONE_BY_ONE = {"tweets_per_request": 1, "batch_size": 2}
"""So that a run can be held in the middle."""

pytestmark = pytest.mark.timeout(1800)


def numbers(deployment: Deployment, asset: str, hours: Iterable[datetime]) -> dict[str, dict[str, float]]:
    """The numbers that the UI plots, by partition."""
    found = deployment.ask(queries.MATERIALIZATIONS, asset={"path": [asset]})["assetMaterializations"]
    wanted = {hour_key(hour) for hour in hours}
    shown: dict[str, dict[str, float]] = {}
    for each in reversed(found):
        if each["partition"] in wanted:
            shown[each["partition"]] = {
                entry["label"]: value
                for entry in each["metadataEntries"]
                if (value := entry.get("intValue", entry.get("floatValue"))) is not None
            }
    return shown


def verdicts(deployment: Deployment, check: str, asset: str, hours: Iterable[datetime]) -> dict[str, bool]:
    """How a check last ended, by partition."""
    found = deployment.ask(queries.CHECK_EXECUTIONS, asset={"path": [asset]}, check=check)
    wanted = {hour_key(hour) for hour in hours}
    evaluated = [each["evaluation"] for each in reversed(found) if each["evaluation"]]
    return {each["partition"]: each["success"] for each in evaluated if each["partition"] in wanted}


def answered(gemini: GeminiEmulator, tweets: set[str]) -> Counter[str]:
    """How many requests about each of these tweets were answered, and so paid for."""
    return Counter({tweet: count for tweet, count in gemini.answered().items() if tweet in tweets})


def tweets_of(deployment: Deployment, hours: HourRange) -> set[str]:
    """All that were posted in these hours, chosen or not."""
    with deployment.database.read() as connection:
        return set(read_tweets(connection, hours)["tweet_id"])


@contextmanager
def caught_in_the_middle(
    deployment: Deployment, gemini: GeminiEmulator, hours: HourRange
) -> Iterator[tuple[str, str, Hold]]:
    """A backfill of these hours with its run: two requests are answered and stored, the next two are under way until
    they are released. So the hours have to have four opportunities when those before them are done.
    """
    deployment.answers_may_take_long()
    with gemini.holding(after=ONE_BY_ONE["batch_size"], about=tweets_of(deployment, hours)) as hold:
        backfill = deployment.backfill(hours, **ONE_BY_ONE)
        (run,) = until(lambda: deployment.runs_of(backfill), "the backfill's run", every=EVERY)
        run_id = run["runId"]
        until(lambda: len(stored_answers(deployment, run_id)) == ONE_BY_ONE["batch_size"], "the first answers")
        assert len(chosen(deployment, hours)) >= 2 * ONE_BY_ONE["batch_size"], "else it waits until one is asked again"
        hold.wait_for(ONE_BY_ONE["batch_size"])
        yield backfill, run_id, hold


def chosen(deployment: Deployment, hours: HourRange) -> set[str]:
    """The opportunities of these hours."""
    with deployment.database.read() as connection:
        return set(read_window(connection, comment_opportunities, hours)["tweet_id"])


def test_a_backfill_gives_each_hour_its_rows_checks_and_numbers(
    deployment: Deployment, gemini: GeminiEmulator, backfill: str
) -> None:
    hours = deployment.some_hours(*FINISHED)
    (run,) = deployment.runs_of(backfill)
    assert run["status"] == "SUCCESS"

    with deployment.database.read() as connection:
        opportunities = read_window(connection, comment_opportunities, hours)
        suggestions = read_suggestions(connection, hours)
        outcomes = read_outcomes(connection, hours)
    assert len(opportunities) > 10
    assert set(outcomes["tweet_id"]) == set(opportunities["tweet_id"])

    keys = {hour_key(hour) for hour in hours}
    for asset in queries.CHAIN:
        assert set(numbers(deployment, asset, hours)) == keys, asset
    rows = suggestions["window_start"].map(hour_key).value_counts()
    done = outcomes[outcomes["outcome"] == "done"]["window_start"].map(hour_key).value_counts()
    for hour, shown in numbers(deployment, "comment_suggestions", hours).items():
        assert shown["dagster/partition_row_count"] == rows.get(hour, 0)
        assert shown["done"] == done.get(hour, 0)
        assert (shown["tokens of this run"] > 0) == (shown["requests of this run"] > 0)

    checks = checks_of(deployment)
    for asset, check in checks:
        found = verdicts(deployment, check, asset, hours)
        assert found == dict.fromkeys(keys, True), (asset, check)

    assert set(answered(gemini, set(opportunities["tweet_id"])).values()) == {1}


@on_postgresql
def test_a_backfill_survives_the_death_of_its_worker_and_pays_for_nothing_twice(
    deployment: Deployment, gemini: GeminiEmulator
) -> None:
    hours = deployment.some_hours(7, 10)
    with caught_in_the_middle(deployment, gemini, hours) as (backfill, run_id, _):
        os.kill(deployment.worker_of(run_id), signal.SIGKILL)

    # Dagster ends the run. It tries it again, unless it has given the backfill up before it came to that.
    assert deployment.wait_for_run(run_id) == "FAILURE"
    before = stored_answers(deployment, run_id)
    complete(deployment, backfill, hours)
    tweets = chosen(deployment, hours)
    assert before < tweets
    with deployment.database.read() as connection:
        assert set(read_outcomes(connection, hours)["tweet_id"]) == tweets
    assert answered(gemini, before) == dict.fromkeys(before, 1)
    # What was under way when it was killed may have been answered to nobody.
    assert answered(gemini, tweets).total() <= len(tweets) + ONE_BY_ONE["batch_size"]


@on_sqlite
def test_a_cancelled_backfill_is_completed_by_another_one(deployment: Deployment, gemini: GeminiEmulator) -> None:
    hours = deployment.some_hours(7, 10)
    with caught_in_the_middle(deployment, gemini, hours) as (backfill, run_id, hold):
        deployment.ask(queries.CANCEL_BACKFILL, id=backfill)
        until(lambda: deployment.has_said(run_id, STOPPING), "the run to be told", every=EVERY)
        hold.release()
        assert deployment.wait_for_backfill(backfill) == "CANCELED"
        assert deployment.wait_for_run(run_id) == "CANCELED"
    half = stored_answers(deployment, run_id)
    assert len(half) == 2 * ONE_BY_ONE["batch_size"], "what was under way is answered and stored, no more is asked"

    again = deployment.backfill(hours)
    assert deployment.wait_for_backfill(again) == "COMPLETED_SUCCESS"
    tweets = chosen(deployment, hours)
    assert half < tweets
    assert answered(gemini, tweets) == dict.fromkeys(tweets, 1)


@on_postgresql
def test_a_restart_of_postgresql_loses_nothing_that_was_paid_for(
    deployment: Deployment, postgres_server: PostgresServer, gemini: GeminiEmulator
) -> None:
    hours = deployment.some_hours(10, 15)
    with caught_in_the_middle(deployment, gemini, hours) as (backfill, run_id, _):
        before = stored_answers(deployment, run_id)
        postgres_server.restart()

    # A run whose transaction was cut off fails; one that was between two goes on. Webserver and daemon go on anyway.
    complete(deployment, backfill, hours)
    assert answered(gemini, before) == dict.fromkeys(before, 1)
    with deployment.database.read() as connection:
        assert set(read_outcomes(connection, hours)["tweet_id"]) == chosen(deployment, hours)


@on_postgresql
def test_two_backfills_over_the_same_hours_share_the_work(deployment: Deployment, gemini: GeminiEmulator) -> None:
    hours = deployment.some_hours(15, 20)
    deployment.answers_may_take_long()
    with gemini.holding(about=tweets_of(deployment, hours)) as hold:
        backfills = [deployment.backfill(hours, **ONE_BY_ONE) for _ in range(2)]

        def both_ask() -> bool:
            runs = [run["runId"] for backfill in backfills for run in deployment.runs_of(backfill)]
            return len(runs) == 2 and all(deployment.has_started(run, "comment_suggestions") for run in runs)

        until(both_ask, "both to ask", every=EVERY)
        hold.wait_for(1)
    for backfill in backfills:
        assert deployment.wait_for_backfill(backfill) == "COMPLETED_SUCCESS", deployment.log("daemon")
    tweets = chosen(deployment, hours)
    assert answered(gemini, tweets) == dict.fromkeys(tweets, 1)
    for asset, check in checks_of(deployment):
        assert verdicts(deployment, check, asset, hours) == dict.fromkeys(map(hour_key, hours), True), (asset, check)


@on_postgresql
def test_an_hour_without_a_partition_is_refused(deployment: Deployment) -> None:
    hour = deployment.hours.start - HOUR
    with pytest.raises(UnansweredError):
        deployment.backfill([hour])
    # The UI offers no such hour; whoever launches a run by GraphQL may name it all the same.
    run_id = deployment.ask(queries.LAUNCH, hour=hour_key(hour))["run"]["runId"]
    assert deployment.wait_for_run(run_id) == "FAILURE"
    assert hour_key(hour) not in numbers(deployment, "tweets", [hour])


def complete(deployment: Deployment, backfill: str, hours: HourRange) -> None:
    """Wait for a backfill, and launch it again if it has failed, as a person would."""
    if deployment.wait_for_backfill(backfill) != "COMPLETED_SUCCESS":
        again = deployment.backfill(hours)
        assert deployment.wait_for_backfill(again) == "COMPLETED_SUCCESS", deployment.log("daemon")


def checks_of(deployment: Deployment) -> list[tuple[str, str]]:
    """Assets and the names of their checks."""
    return [
        (asset, check["name"])
        for asset in queries.CHAIN
        for check in deployment.ask(queries.CHECKS, asset={"path": [asset]})["assetChecksOrError"].get("checks", ())
    ]


def stored_answers(deployment: Deployment, run_id: str) -> set[str]:
    """The tweets that a run has been answered about."""
    columns = llm_requests.c
    query = sa.select(columns.tweet_ids).where(columns.run_id == run_id, columns.status == "answered")
    with deployment.database.read() as connection:
        return {tweet for tweets in connection.execute(query).scalars() for tweet in tweets}
