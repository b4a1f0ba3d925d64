"""The checks in Dagster: every hour has its own, and a row deleted by hand is found in the hour it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.definitions import build_defs
from viral_assets.hours import HOUR, hour_key
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

HOURS = 4
WRONG_HOUR = FIRST + 2 * HOUR


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Four hours, finished."""
    with make_home(tmp_path) as made:
        made.drop("tweets.json", [each for number in range(HOURS) for each in tweets_of(FIRST + number * HOUR)])
        made.summaries.append(made.run(HOURS))
        yield made


def _delete_one_suggestion(home: Home) -> str:
    rows = home.rows("comment_suggestions")
    row = rows[rows["window_start"] == WRONG_HOUR].iloc[0]
    home.execute(
        sa.delete(comment_suggestions).where(
            comment_suggestions.c.tweet_id == row["tweet_id"],
            comment_suggestions.c.suggestion_type == row["suggestion_type"],
        )
    )
    return str(row["tweet_id"])


def test_a_deleted_suggestion_fails_exactly_the_check_of_its_hour_in_a_run_over_several(home: Home) -> None:
    assert home.summaries[0].failed_checks == ()
    tweet_id = _delete_one_suggestion(home)
    summary = home.run(HOURS)
    failed = [each for each in home.evaluations(summary.run_ids[0]) if not each.passed]
    assert [(each.check_name, each.partition) for each in failed] == [
        ("every_opportunity_ends", hour_key(WRONG_HOUR)),
        ("every_opportunity_ends", None),
    ]
    hour, whole = failed
    assert tweet_id in str(hour.description)
    assert tweet_id in str(hour.metadata["what is wrong"].value)
    assert whole.metadata["failed hours"].value == hour_key(WRONG_HOUR)
    assert len(summary.failed_checks) == 1
    assert hour_key(WRONG_HOUR) in summary.failed_checks[0]


def test_a_deleted_suggestion_fails_the_check_of_its_hour_in_a_run_over_that_hour(home: Home) -> None:
    tweet_id = _delete_one_suggestion(home)
    summary = home.run(1, start=WRONG_HOUR)
    failed = [each for each in home.evaluations(summary.run_ids[0]) if not each.passed]
    assert [(each.check_name, each.partition) for each in failed] == [("every_opportunity_ends", hour_key(WRONG_HOUR))]
    assert tweet_id in str(failed[0].description)
    assert home.run(1, start=FIRST).failed_checks == ()


def test_writing_the_hour_again_repairs_it(home: Home) -> None:
    _delete_one_suggestion(home)
    assert home.run(1, start=WRONG_HOUR, force=True).failed_checks == ()


def test_the_latest_status_of_each_hour_can_be_asked_for(home: Home) -> None:
    _delete_one_suggestion(home)
    home.run(HOURS)
    key = dg.AssetCheckKey(dg.AssetKey("comment_suggestions"), "every_opportunity_ends")
    records = home.instance.event_log_storage.get_asset_check_partition_info([key])
    hours = [info for info in records if info.partition_key]
    assert all(info.is_current for info in hours)
    statuses = {info.partition_key: info.latest_execution_status.value for info in hours}
    assert statuses == {
        hour_key(FIRST + number * HOUR): "FAILED" if FIRST + number * HOUR == WRONG_HOUR else "SUCCEEDED"
        for number in range(HOURS)
    }


def test_checks_can_be_run_alone(home: Home) -> None:
    """The UI offers it, for an hour somebody is unsure about."""
    _delete_one_suggestion(home)
    asset = dg.AssetKey("comment_suggestions")
    definitions = build_defs()
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=set(), asset_check_selection={dg.AssetCheckKey(asset, "every_opportunity_ends")}
    )
    result = job.execute_in_process(
        instance=home.instance, tags={"dagster/partition": hour_key(WRONG_HOUR)}, raise_on_error=True
    )
    assert [each.passed for each in result.get_asset_check_evaluations()] == [False]
