"""Backfills that a person launches in the UI: what they leave by the hour, killed workers, cancelling, launching again.

Each test has hours of its own, from the sample's first one on.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.suggestions import read_outcomes, read_suggestions
from viral_assets.store.tables import comment_opportunities, llm_requests
from viral_assets.store.windows import read_window
from viral_assets_tests.e2e import on_postgresql, on_sqlite, queries
from viral_assets_tests.e2e.deployment import Deployment, until
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator

ONE_BY_ONE = {"tweets_per_request": 1, "batch_size": 2}
"""So that a slow service is asked for long enough."""

pytestmark = pytest.mark.timeout(400)


def hours_of(deployment: Deployment, first: int, last: int) -> HourRange:
    """Some hours of the sample; ``last`` is not among them."""
    start = deployment.hours.start
    return HourRange(start + first * HOUR, start + last * HOUR)


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
    served = [arrival for arrival in gemini.generated(served=True) if arrival.status == 200]
    return Counter(tweet for arrival in served for tweet in arrival.tweet_ids if tweet in tweets)


def chosen(deployment: Deployment, hours: HourRange) -> set[str]:
    """The opportunities of these hours."""
    with deployment.database.read() as connection:
        return set(read_window(connection, comment_opportunities, hours)["tweet_id"])


def test_a_backfill_gives_each_hour_its_rows_checks_and_numbers(deployment: Deployment, gemini: GeminiEmulator) -> None:
    hours = hours_of(deployment, 0, 6)
    backfill = deployment.backfill(hours)
    assert deployment.wait_for_backfill(backfill) == "COMPLETED_SUCCESS", deployment.log("daemon")
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

    checks: list[tuple[str, str]] = [
        (asset, check["name"])
        for asset in queries.CHAIN
        for check in deployment.ask(queries.CHECKS, asset={"path": [asset]})["assetChecksOrError"].get("checks", ())
    ]
    assert len(checks) >= 4
    for asset, check in checks:
        found = verdicts(deployment, check, asset, hours)
        assert found == dict.fromkeys(keys, True), (asset, check)

    assert set(answered(gemini, set(opportunities["tweet_id"])).values()) == {1}


@on_postgresql
def test_a_backfill_survives_the_death_of_its_worker_and_pays_for_nothing_twice(
    deployment: Deployment, slow_gemini: GeminiEmulator
) -> None:
    hours = hours_of(deployment, 8, 12)
    backfill = deployment.backfill(hours, **ONE_BY_ONE)
    (run,) = until(lambda: deployment.runs_of(backfill), "the backfill's run")
    worker = deployment.worker_of(run["runId"])
    until(lambda: stored_answers(deployment, run["runId"]), "the first answers")
    os.kill(worker, signal.SIGKILL)
    slow_gemini.config = EmulatorConfig()

    assert deployment.wait_for_backfill(backfill) == "COMPLETED_SUCCESS", deployment.log("daemon")
    runs = deployment.runs_of(backfill)
    assert [each["status"] for each in runs] == ["SUCCESS", "FAILURE"]
    before, afterwards = (stored_answers(deployment, each["runId"]) for each in reversed(runs))
    assert before
    assert afterwards
    assert not before & afterwards
    with deployment.database.read() as connection:
        outcomes = read_outcomes(connection, hours)
    assert set(outcomes["tweet_id"]) == chosen(deployment, hours) == before | afterwards


@on_sqlite
def test_a_cancelled_backfill_is_completed_by_another_one(deployment: Deployment, slow_gemini: GeminiEmulator) -> None:
    hours = hours_of(deployment, 16, 20)
    backfill = deployment.backfill(hours, **ONE_BY_ONE)
    (run,) = until(lambda: deployment.runs_of(backfill), "the backfill's run")
    until(lambda: stored_answers(deployment, run["runId"]), "the first answers")
    deployment.ask(queries.CANCEL_BACKFILL, id=backfill)
    assert deployment.wait_for_backfill(backfill) == "CANCELED"
    assert deployment.wait_for_run(run["runId"]) == "CANCELED"
    half = stored_answers(deployment, run["runId"])

    slow_gemini.config = EmulatorConfig()
    again = deployment.backfill(hours)
    assert deployment.wait_for_backfill(again) == "COMPLETED_SUCCESS"
    tweets = chosen(deployment, hours)
    assert half < tweets
    # What was under way when it was cancelled has been waited for.
    assert answered(slow_gemini, tweets) == dict.fromkeys(tweets, 1)


def stored_answers(deployment: Deployment, run_id: str) -> set[str]:
    """The tweets that a run has been answered about."""
    columns = llm_requests.c
    query = sa.select(columns.tweet_ids).where(columns.run_id == run_id, columns.status == "answered")
    with deployment.database.read() as connection:
        return {tweet for tweets in connection.execute(query).scalars() for tweet in tweets}
