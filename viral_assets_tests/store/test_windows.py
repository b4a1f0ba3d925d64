"""An hour's rows are replaced as a whole, and only that hour's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.hours import HOUR, HourRange
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import note_forgotten
from viral_assets.store.tables import generation_outcomes, tweet_scores
from viral_assets.store.windows import read_window, replace_window
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.store.rows import DAY, empty
from viral_assets_tests.store.test_engine import run_together

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def scores(*rows: tuple[str, str, int], total: float = 0.5) -> pd.DataFrame:
    """Of (project, tweet, hours after noon)."""
    return pd.DataFrame(
        [
            {
                "project": project,
                "tweet_id": tweet_id,
                "window_start": NOON + hours * HOUR,
                **dict.fromkeys(("velocity", "relevance", "openness", "author_quality"), 0.25),
                "total": total,
                "label": "yellow",
                "topic": "screen time",
                "gate": "pass",
                "why": "1.2K likes in the first 55 min · screen time (84 %)",
            }
            for project, tweet_id, hours in rows
        ],
        columns=list(tweet_scores.c.keys()),
    )


def hours(first: int, count: int = 1) -> HourRange:
    return HourRange(NOON + first * HOUR, NOON + (first + count) * HOUR)


def replace(database: Database, window: HourRange, rows: pd.DataFrame, projects: Sequence[str] | None = None) -> int:
    with database.begin() as connection:
        return replace_window(connection, tweet_scores, window, rows, projects=projects)


def keys(database: Database, project: str | None = None) -> list[tuple[str, str, int]]:
    with database.read() as connection:
        frame = read_window(connection, tweet_scores, DAY, project=project)
    hours_after_noon = ((frame.window_start - NOON) / HOUR).astype(int)
    return list(zip(frame.project, frame.tweet_id, hours_after_noon, strict=True))


def test_only_the_window_is_replaced(database: Database) -> None:
    replace(database, hours(0, 3), scores(("a", "1", 0), ("a", "2", 1), ("a", "3", 1), ("a", "4", 2)))

    assert replace(database, hours(1), scores(("a", "3", 1), ("a", "5", 1))) == 2
    assert keys(database) == [("a", "1", 0), ("a", "3", 1), ("a", "5", 1), ("a", "4", 2)]


def test_only_the_named_projects_are_replaced(database: Database) -> None:
    replace(database, hours(0), scores(("a", "1", 0), ("b", "1", 0), ("c", "1", 0)))

    assert replace(database, hours(0), scores(("a", "2", 0)), ["a", "b"]) == 1
    assert keys(database) == [("a", "2", 0), ("c", "1", 0)]
    assert keys(database, project="c") == [("c", "1", 0)]
    assert replace(database, hours(0), scores(), []) == 0
    assert keys(database) == [("a", "2", 0), ("c", "1", 0)]


def test_a_tweet_that_was_forgotten_meanwhile_is_passed_over(database: Database) -> None:
    with database.begin() as connection:
        note_forgotten(connection, [("tweet", "2")], {}, NOON)
    assert replace(database, hours(0), scores(("a", "1", 0), ("a", "2", 0))) == 1
    assert keys(database) == [("a", "1", 0)]


def test_an_empty_window_is_a_result_too(database: Database) -> None:
    replace(database, hours(0), scores(("a", "1", 0)))

    assert replace(database, hours(0), scores()) == 0
    assert replace(database, hours(0), pd.DataFrame()) == 0
    assert keys(database) == []


def test_a_replacement_that_fails_leaves_the_window_as_it_was(database: Database) -> None:
    replace(database, hours(0), scores(("a", "1", 0)))
    bad = scores(("a", "2", 0)).assign(label="blue")

    with pytest.raises(sa.exc.IntegrityError):
        replace(database, hours(0), bad)
    assert keys(database) == [("a", "1", 0)]


@pytest.mark.parametrize(
    ("rows", "projects"),
    [
        (scores(("a", "1", 0), ("a", "2", 1)), None),
        (scores(("a", "1", -1)), None),
        (scores(("a", "1", 0), ("b", "1", 0)), ["a"]),
    ],
)
def test_rows_that_would_stay_behind_are_refused(
    sqlite_database: Database, rows: pd.DataFrame, projects: list[str] | None
) -> None:
    with pytest.raises(ValueError, match="do not belong"):
        replace(sqlite_database, hours(0), rows, projects)


def test_what_is_read_is_what_was_written(database: Database) -> None:
    rows = scores(("a", "1", 0), ("a", "2", 0), ("b", "1", 1)).assign(total=[0.1 + 0.2, 1e-300, 1.0])
    with_more = rows.assign(unknown_column=1)[["unknown_column", *reversed(rows.columns)]]
    replace(database, hours(0, 2), with_more)
    with database.read() as connection:
        found = read_window(connection, tweet_scores, hours(0, 2))
        nothing = read_window(connection, tweet_scores, hours(5))

    pd.testing.assert_frame_equal(found.astype(rows.dtypes.to_dict()), rows)
    pd.testing.assert_series_equal(nothing.dtypes, found.dtypes)


def test_every_kind_of_nothing_pandas_knows_is_nothing(database: Database) -> None:
    """None, NaN, NaT and NA all come from ordinary operations on frames."""
    for nothing in (None, np.nan, pd.NaT, pd.NA):
        rows = scores(("a", "1", 0)).astype(object)
        rows.loc[0, "why"] = nothing
        with pytest.raises(sa.exc.IntegrityError):
            replace(database, hours(0), rows)


def test_two_that_replace_one_window_at_once_do_not_collide(database: Database) -> None:
    rows = scores(*(("a", str(n), 0) for n in range(50)))

    def replace_often() -> None:
        for _ in range(5):
            replace(database, hours(0), rows)

    run_together(replace_often, 4)

    assert len(keys(database)) == 50


windows = st.tuples(st.integers(0, 5), st.integers(1, 3)).map(lambda some: hours(*some))


@pytest.mark.slow
@tried_on(1 / 4, unchecked=SHARED_FIXTURES)
@given(steps=st.lists(st.tuples(windows, st.sets(st.sampled_from("ab"), min_size=1)), max_size=6))
def test_the_last_replacement_of_an_hour_and_project_is_what_it_holds(
    database: Database, steps: list[tuple[HourRange, set[str]]]
) -> None:
    empty(database, [tweet_scores])
    model: dict[tuple[str, datetime], int] = {}
    for number, (window, projects) in enumerate(steps):
        made = [(project, str(hour.hour), int((hour - NOON) / HOUR)) for project in projects for hour in window]
        replace(database, window, scores(*made, total=number), sorted(projects))
        model |= {(project, hour): number for project in projects for hour in window}

    with database.read() as connection:
        found = read_window(connection, tweet_scores, DAY)
    assert {(row.project, row.window_start): row.total for row in found.itertuples()} == model


def test_any_table_with_windows_will_do(database: Database) -> None:
    row: dict[str, Any] = {"project": "a", "tweet_id": "1", "window_start": NOON, "outcome": "done", "reason": ""}
    row |= {"attempts": np.int32(2), "updated_at": pd.Timestamp(NOON + timedelta(seconds=1.5))}
    frame = pd.DataFrame([{**row, "provider": "offline", "run_id": "r1"}])
    with database.begin() as connection:
        assert replace_window(connection, generation_outcomes, hours(0), frame) == 1
        found = read_window(connection, generation_outcomes, hours(0))

    assert found.to_dict("records") == frame.to_dict("records")
