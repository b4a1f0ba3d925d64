"""The hourly schedule and the sensors, switched on as a person switches them on in the UI, tick for real."""

from __future__ import annotations

import gzip
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.defs.automation.requests import hours_of_run
from viral_assets.defs.automation.tags import TRIGGER_TAG
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.sources.files.quarantine import UNREADABLE_FILE
from viral_assets.store.suggestions import read_outcomes
from viral_assets.store.tables import comment_suggestions, generation_outcomes, notifications, rejected_records
from viral_assets.store.tweet_frames import read_tweets
from viral_assets_tests.e2e import on_postgresql, on_sqlite, queries
from viral_assets_tests.e2e.conftest import FINISHED
from viral_assets_tests.e2e.deployment import Deployment
from viral_assets_tests.e2e.webhook import Webhook
from viral_assets_tests.home import tweets_of
from viral_assets_tests.waiting import until

PARTITION = "dagster/partition"

pytestmark = pytest.mark.timeout(1800)


def all_tags(deployment: Deployment, run_id: str) -> dict[str, str]:
    (run,) = deployment.ask(queries.RUNS, filter={"runIds": [run_id]})["results"]
    return {tag["key"]: tag["value"] for tag in run["tags"]}


def tags_of(deployment: Deployment, run_id: str, *names: str) -> tuple[str, ...]:
    tags = all_tags(deployment, run_id)
    return tuple(tags[name] for name in names)


@dataclass
class UnderWay:
    """What was set going before the first test, so that the tests wait for all of it at once."""

    put_off: datetime
    failing_backfill: str


@pytest.fixture(scope="module")
def under_way(deployment: Deployment, backfill: str) -> UnderWay:
    """Files in the inbox, a tweet that was put off, a run that fails for want of its project, and the sensors on."""
    inbox = deployment.folder / "inbox"
    inbox.mkdir()
    files = {
        "torn.json.gz": gzip.compress(b'{"data": [')[:-9],
        "new.json": json.dumps({"data": tweets_of(new_tweets(deployment))}).encode(),
    }
    for name, content in files.items():
        (inbox / name).write_bytes(content)
        a_while_ago = time.time() - 60
        os.utime(inbox / name, (a_while_ago, a_while_ago))
    waits = deployment.some_hours(*FINISHED).start
    put_off(deployment, waits)
    for sensor in ("inbox_sensor", "deferred_sensor"):
        deployment.ask(queries.START_SENSOR, name=sensor)
    return UnderWay(waits, deployment.backfill([deployment.hours.end - HOUR], projects=["nobody"]))


@on_sqlite
@pytest.mark.usefixtures("under_way")
def test_a_file_in_the_inbox_is_worked_on_and_a_torn_one_is_not_in_the_way(deployment: Deployment) -> None:
    (run,) = deployment.first_runs(queries.SENSOR_TICKS, "inbox_sensor")
    hour = new_tweets(deployment)
    assert tags_of(deployment, run, TRIGGER_TAG, PARTITION) == ("inbox", hour_key(hour))
    assert deployment.wait_for_run(run) == "SUCCESS"
    with deployment.database.read() as connection:
        stored = set(read_tweets(connection, HourRange(hour, hour + HOUR))["tweet_id"])
        rejected = connection.execute(sa.select(rejected_records.c.source, rejected_records.c.reason)).all()
    assert {tweet["id"] for tweet in tweets_of(hour)} <= stored
    assert [(Path(source).name, reason) for source, reason in rejected] == [("torn.json.gz", UNREADABLE_FILE)]


@on_sqlite
def test_what_was_put_off_is_taken_up_when_the_quota_is_free(deployment: Deployment, under_way: UnderWay) -> None:
    (run,) = deployment.first_runs(queries.SENSOR_TICKS, "deferred_sensor")
    hour = under_way.put_off
    assert tags_of(deployment, run, TRIGGER_TAG, PARTITION) == ("deferred", hour_key(hour))
    assert deployment.wait_for_run(run) == "SUCCESS"
    with deployment.database.read() as connection:
        ended = read_outcomes(connection, HourRange(hour, hour + HOUR))
    assert set(ended["outcome"]) == {"done"}, ended.to_dict("records")


@on_sqlite
def test_a_failed_run_is_told_of_where_people_hear_it(
    deployment: Deployment, webhook: Webhook, under_way: UnderWay
) -> None:
    assert deployment.wait_for_backfill(under_way.failing_backfill) == "COMPLETED_FAILED"
    (run,) = deployment.runs_of(under_way.failing_backfill)
    told = until(lambda: [text for text in webhook.texts if run["runId"] in text], "the message")
    assert "nobody" in told[0]
    assert "a-key" not in told[0]


@pytest.mark.usefixtures("backfill")
def test_what_runs_find_is_told_once_where_people_hear_it(deployment: Deployment, webhook: Webhook) -> None:
    """Nobody has switched the sensor on: there is an address."""

    def told() -> set[str]:
        with deployment.database.read() as connection:
            return set(connection.scalars(sa.select(notifications.c.tweet_id).where(notifications.c.state == "sent")))

    until(told, "somebody to be told")
    said = [line for title, text in webhook.told[deployment.database.dialect] for line in (title, *text.splitlines())]
    assert any("the best is" in line and "green" in line for line in said), said
    tweets = [line.rpartition("tweet_id=")[2] for line in said if line.startswith("Decide: ")]
    assert tweets
    assert len(tweets) == len(set(tweets))
    # What has just been said is recorded after the answer.
    until(lambda: told().issuperset(tweets), "what was said to be recorded")


def test_the_hourly_schedule_runs_the_last_full_hour(deployment: Deployment) -> None:
    (run,) = deployment.first_runs(queries.SCHEDULE_TICKS, "hourly_schedule")
    # It was switched on as if an hour ago, and five minutes past an hour came since then.
    last = deployment.hours.end - HOUR
    trigger, hour = tags_of(deployment, run, TRIGGER_TAG, PARTITION)
    assert trigger == "schedule"
    assert hour in {hour_key(last), hour_key(last - HOUR), hour_key(last + HOUR)}
    assert deployment.wait_for_run(run) == "SUCCESS"


@on_postgresql
def test_what_still_waits_is_taken_up_once_a_day(deployment: Deployment) -> None:
    """Hours with tweets that no run has chosen from are, too."""
    runs = {run: all_tags(deployment, run) for run in deployment.first_runs(queries.SCHEDULE_TICKS, "top_up_schedule")}
    assert {tags[TRIGGER_TAG] for tags in runs.values()} == {"top-up"}
    (run,) = [run for run, tags in runs.items() if deployment.hours.start in (hours_of_run(tags) or ())]
    assert deployment.wait_for_run(run) == "SUCCESS"


@on_postgresql
def test_the_second_look_at_the_counts_comes_every_half_hour(deployment: Deployment) -> None:
    (run,) = deployment.first_runs(queries.SCHEDULE_TICKS, "refresh_schedule")
    assert deployment.wait_for_run(run) == "SUCCESS"


def new_tweets(deployment: Deployment) -> datetime:
    """The hour of the tweets in the inbox."""
    return deployment.hours.end - 3 * HOUR


def put_off(deployment: Deployment, hour: datetime) -> None:
    """Make an answered tweet of the hour one that has waited for an hour for the rest of its suggestions.

    It has one: without any, its author's turn goes to whichever hour is chosen from first.
    """
    with deployment.database.begin() as connection:
        ended = generation_outcomes.c
        tweet = connection.scalars(sa.select(ended.tweet_id).where(ended.window_start == hour)).first()
        assert tweet is not None
        written = comment_suggestions.c
        connection.execute(sa.delete(comment_suggestions).where(written.tweet_id == tweet, written.position > 0))
        earlier = sa.update(generation_outcomes).where(ended.tweet_id == tweet)
        connection.execute(earlier.values(outcome="deferred", updated_at=datetime.now(UTC) - HOUR))
