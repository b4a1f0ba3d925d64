"""The IO manager on both databases, for one hour and for a range."""

from __future__ import annotations

from datetime import datetime

import dagster as dg
import pandas as pd
import pytest

from viral_assets.defs.assets.partitions import hourly_asset, partition_tags
from viral_assets.defs.resources.window_io_manager import WindowIOManager
from viral_assets.hours import HOUR, HourRange
from viral_assets.store.engine import Database
from viral_assets_tests.home import FIRST


def rows(*hours: datetime, project: str = "baking") -> pd.DataFrame:
    """One opportunity for each hour."""
    return pd.DataFrame(
        [
            {
                "project": project,
                "tweet_id": f"{hour:%d%H}",
                "window_start": hour,
                "rank": 1,
                "total": 0.5,
                "label": "yellow",
                "topic": "bread",
                "why": "because",
            }
            for hour in hours
        ],
        columns=["project", "tweet_id", "window_start", "rank", "total", "label", "topic", "why"],
    )


class Harness:
    """Assets that hand on what they are given, run for real."""

    def __init__(self, manager: WindowIOManager) -> None:
        self._manager = manager
        self.loaded = pd.DataFrame()

    def write_and_read(self, frame: pd.DataFrame, window: HourRange) -> pd.DataFrame:
        @hourly_asset(io_manager_key="windows")
        def comment_opportunities():  # type: ignore[no-untyped-def]
            return frame

        @hourly_asset()
        def reader(comment_opportunities) -> None:  # type: ignore[no-untyped-def]
            self.loaded = comment_opportunities

        dg.materialize(
            [comment_opportunities, reader], tags=partition_tags(window), resources={"windows": self._manager}
        )
        return self.loaded


DAY = HourRange(FIRST, FIRST + 24 * HOUR)


def test_what_one_asset_returns_the_next_one_reads(database: Database) -> None:
    frame = rows(FIRST, FIRST + 3 * HOUR)
    loaded = Harness(WindowIOManager(database)).write_and_read(frame, DAY)
    assert loaded["tweet_id"].tolist() == frame["tweet_id"].tolist()
    assert loaded["window_start"].tolist() == frame["window_start"].tolist()


@pytest.mark.slow
def test_hours_are_replaced_and_others_are_left_alone(database: Database) -> None:
    harness = Harness(WindowIOManager(database))
    harness.write_and_read(rows(FIRST, FIRST + HOUR, FIRST + 2 * HOUR), DAY)
    harness.write_and_read(rows(), HourRange(FIRST + HOUR, FIRST + 2 * HOUR))
    loaded = harness.write_and_read(rows(FIRST), HourRange(FIRST, FIRST + HOUR))
    assert loaded["tweet_id"].tolist() == [f"{FIRST:%d%H}"]
    with database.read() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM comment_opportunities").scalar()
    assert left == 2


@pytest.mark.slow
def test_a_run_for_one_project_neither_reads_nor_replaces_the_others(database: Database) -> None:
    Harness(WindowIOManager(database)).write_and_read(rows(FIRST, project="garden"), DAY)
    loaded = Harness(WindowIOManager(database, ["baking"])).write_and_read(rows(FIRST + HOUR), DAY)
    assert set(loaded["project"]) == {"baking"}
    everything = Harness(WindowIOManager(database)).write_and_read(rows(FIRST), DAY)
    assert len(everything) == 1


def test_rows_of_other_hours_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="do not belong"):
        Harness(WindowIOManager(database)).write_and_read(rows(FIRST - HOUR), DAY)
