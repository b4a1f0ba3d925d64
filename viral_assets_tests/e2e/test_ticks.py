"""The hourly schedule and the sensors, switched on as a person switches them on in the UI, tick for real."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.suggestions import read_outcomes
from viral_assets.store.tables import comment_suggestions, generation_outcomes
from viral_assets_tests.e2e import on_sqlite, queries
from viral_assets_tests.e2e.deployment import Deployment, until
from viral_assets_tests.e2e.webhook import Webhook
from viral_assets_tests.home import tweets_of

pytestmark = [pytest.mark.timeout(400), on_sqlite]


def first_runs(deployment: Deployment, query: str, name: str) -> list[str]:
    """The runs of the first tick that requested any."""

    def requested() -> list[str] | None:
        ticks: list[dict[str, Any]] = next(iter(deployment.ask(query, name=name).values()))["ticks"]
        errors = [tick["error"]["message"] for tick in ticks if tick["error"]]
        assert not errors, errors
        return next((tick["runIds"] for tick in ticks if tick["runIds"]), None)

    return until(requested, f"{name} to request a run")


def tags_of(deployment: Deployment, run_id: str) -> dict[str, str]:
    (run,) = deployment.ask(queries.RUNS, filter={"runIds": [run_id]})["results"]
    return {tag["key"]: tag["value"] for tag in run["tags"]}


@pytest.fixture(scope="module", autouse=True)
def failing_backfill(deployment: Deployment) -> str:
    """For a project that does not exist; it fails while the other tests wait for their ticks."""
    return deployment.backfill([deployment.hours.start], projects=["nobody"])


def test_the_hourly_schedule_runs_the_last_full_hour(deployment: Deployment) -> None:
    (run,) = first_runs(deployment, queries.SCHEDULE_TICKS, "hourly_schedule")
    tags = tags_of(deployment, run)
    # It was switched on as if an hour ago, and five minutes past an hour came since then.
    last = deployment.hours.end - HOUR
    assert tags["dagster/partition"] in {hour_key(last), hour_key(last - HOUR), hour_key(last + HOUR)}
    assert tags["viral_assets/trigger"] == "schedule"
    assert deployment.wait_for_run(run) == "SUCCESS"


def test_a_file_in_the_inbox_is_worked_on_and_what_was_put_off_is_taken_up_again(deployment: Deployment) -> None:
    hour = deployment.hours.start + 21 * HOUR
    inbox = deployment.folder / "inbox"
    inbox.mkdir()
    dropped = inbox / "new.json"
    dropped.write_text(json.dumps({"data": tweets_of(hour)}), encoding="utf-8")
    a_while_ago = time.time() - 60
    os.utime(dropped, (a_while_ago, a_while_ago))
    deployment.ask(queries.START_SENSOR, name="inbox_sensor")
    (run,) = first_runs(deployment, queries.SENSOR_TICKS, "inbox_sensor")
    tags = tags_of(deployment, run)
    assert (tags["dagster/partition"], tags["viral_assets/trigger"]) == (hour_key(hour), "inbox")
    assert deployment.wait_for_run(run) == "SUCCESS"

    put_off(deployment, hour)
    deployment.ask(queries.START_SENSOR, name="deferred_sensor")
    (run,) = first_runs(deployment, queries.SENSOR_TICKS, "deferred_sensor")
    tags = tags_of(deployment, run)
    assert (tags["dagster/partition"], tags["viral_assets/trigger"]) == (hour_key(hour), "deferred")
    assert deployment.wait_for_run(run) == "SUCCESS"
    with deployment.database.read() as connection:
        assert set(read_outcomes(connection, HourRange(hour, hour + HOUR))["outcome"]) == {"done"}


def put_off(deployment: Deployment, hour: Any) -> None:
    """Make an answered tweet of the hour one that has waited for an hour."""
    with deployment.database.begin() as connection:
        ended = generation_outcomes.c
        tweet = connection.scalars(sa.select(ended.tweet_id).where(ended.window_start == hour)).first()
        assert tweet is not None
        connection.execute(sa.delete(comment_suggestions).where(comment_suggestions.c.tweet_id == tweet))
        earlier = sa.update(generation_outcomes).where(ended.tweet_id == tweet)
        connection.execute(earlier.values(outcome="deferred", updated_at=deployment.hours.end - HOUR))


def test_a_failed_run_is_told_of_where_people_hear_it(
    deployment: Deployment, webhook: Webhook, failing_backfill: str
) -> None:
    assert deployment.wait_for_backfill(failing_backfill) == "COMPLETED_FAILED"
    (run,) = deployment.runs_of(failing_backfill)
    told = until(lambda: [text for text in webhook.texts if run["runId"] in text], "the message")
    assert "nobody" in told[0]
    assert "a-key" not in told[0]
