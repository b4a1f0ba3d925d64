"""The asset ``reply_outcomes``: real Dagster, real tweepy, a local server that speaks X's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from viral_assets.defs.build import build_defs
from viral_assets.hours import floor_hour
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, source_requests
from viral_assets_tests.home import BAKING, Home, make_home
from viral_assets_tests.posted.examples import CHARGER, id_at, remember
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer, post
from viral_assets_tests.store.rows import stored

POSTED_AT = floor_hour(datetime.now(UTC)) - timedelta(hours=30)
TWEETED_AT = POSTED_AT - timedelta(minutes=30)
TWEET = id_at(TWEETED_AT)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    refers: dict[str, Any] = {"referenced_tweets": [{"type": "replied_to", "id": TWEET}]}
    with (
        XApiServer([post(POSTED_AT, text=CHARGER, **refers)]) as server,
        make_home(tmp_path, projects={"baking": BAKING}) as made,
    ):
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        monkeypatch.setenv("X_API_BASE_URL", server.url)
        monkeypatch.setenv("VIRAL_ASSETS_X_ACCOUNT", "@mara_writes_here")
        yield made


def run_job() -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return (
            build_defs().resolve_job_def("follow_replies").execute_in_process(instance=instance, raise_on_error=False)
        )


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_a_run_marks_what_was_posted_and_says_what_it_cost() -> None:
    database = Database(load_settings().resolved_database_url)
    database.ensure_ready()
    remember(database, tweet_id=TWEET, created_at=TWEETED_AT)
    result = run_job()
    assert result.success
    (event,) = result.asset_materializations_for_node("reply_outcomes")
    said = {name: value.value for name, value in event.metadata.items()}
    assert (said["marked as posted"], said["counts kept"], said["requests"]) == (1, 1, 2)
    assert said["cost (USD, about)"] == pytest.approx(0.025)
    assert [row["status"] for row in stored(database, comment_suggestions)].count("posted") == 1
    assert {row["run_id"] for row in stored(database, source_requests)} == {result.run_id}
    database.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_without_an_account_a_run_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRAL_ASSETS_X_ACCOUNT")
    result = run_job()
    assert not result.success
    failures = [event for event in result.all_events if event.is_step_failure]
    assert "VIRAL_ASSETS_X_ACCOUNT" in str(failures[0].step_failure_data)


def test_it_runs_by_itself_only_where_somebody_switched_it_on() -> None:
    schedule = build_defs().get_repository_def().get_schedule_def("outcomes_schedule")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedule.job_name == "follow_replies"
