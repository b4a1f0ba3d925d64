"""The asset ``review_numbers``: what Dagster shows and plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.defs.build import build_defs
from viral_assets.hours import HOUR, floor_hour
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.home import make_home, tweets_of


def materialized(days: int = 30) -> dict[str, dg.MetadataValue[Any]]:
    defs = build_defs()
    result = defs.resolve_job_def("daily_numbers").execute_in_process(
        run_config={"ops": {"review_numbers": {"config": {"days": days}}}}
    )
    (event,) = result.asset_materializations_for_node("review_numbers")
    return dict(event.metadata)


@pytest.mark.slow
def test_it_plots_numbers_and_draws_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    hour = floor_hour(datetime.now(UTC)) - HOUR
    with make_home(tmp_path) as home:
        monkeypatch.setenv("VIRAL_ASSETS_START", f"{hour:%Y-%m-%d-%H:%M}")
        home.drop("tweets.json", tweets_of(hour))
        home.run(1, start=hour)
        one = home.rows("comment_suggestions").iloc[0]["tweet_id"]
        home.execute(
            sa.update(comment_suggestions).where(comment_suggestions.c.tweet_id == one).values(status="posted")
        )
        shown = materialized()
    plotted = {name: value.value for name, value in shown.items() if isinstance(value.value, int | float)}
    assert plotted["tweets"] == 4
    assert plotted["tweets posted"] == plotted["tweets approved"] == plotted["tweets decided about"] == 1
    assert plotted["approval (%)"] == 100
    assert plotted["cost per posted reply (USD)"] == 0
    for name in ("day by day", "approval by score", "approval by topic", "approval by type", "requests by day"):
        text = str(shown[name].value)
        address = text.split("](<")[1].removesuffix(">)")
        ElementTree.fromstring(unquote(address).removeprefix("data:image/svg+xml,"))


def test_without_decisions_there_is_no_rate_rather_than_none_approved(tmp_path: Path) -> None:
    with make_home(tmp_path):
        shown = materialized(days=1)
    assert shown["tweets"].value == 0
    assert "approval (%)" not in shown
    assert "cost per posted reply (USD)" not in shown


def test_its_schedule_is_off_until_somebody_wants_it() -> None:
    schedule = build_defs().get_repository_def().get_schedule_def("numbers_schedule")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert schedule.job_name == "daily_numbers"
