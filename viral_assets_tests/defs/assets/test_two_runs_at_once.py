"""Nobody is pestered by two runs that choose at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.hours import HOUR
from viral_assets.queries import engaged
from viral_assets.store import windows
from viral_assets.store.engine import Database
from viral_assets.store.exclusive import exclusively
from viral_assets.store.tables import comment_opportunities, comment_suggestions, generation_outcomes
from viral_assets_tests.home import FIRST, Home, make_home, tweet

# Whole runs of Dagster.
pytestmark = pytest.mark.slow

LATER = FIRST + 2 * HOUR


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """With two tweets of one author, in different hours."""
    with make_home(tmp_path) as made:
        one = tweet(1, FIRST, "How long do you let a sourdough loaf rest before you cut the crust?")
        other = tweet(1, LATER, "Bread baking question: steam in the oven or a lid on the pot, what gives more crust?")
        made.drop("tweets.json", [one, other | {"author": one["author"]}])
        yield made


def hours_chosen(home: Home) -> list[datetime]:
    return [hour.to_pydatetime() for hour in home.rows("comment_opportunities")["window_start"]]


def test_from_its_look_at_the_others_to_its_own_choice_a_run_is_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: dict[str, bool] = {}

    def is_alone(database: Database) -> bool:
        try:
            with exclusively(database, "choosing", patience_seconds=0.1):
                return False
        except DatabaseUnavailableError:
            return True

    def look(*arguments: Any, **named: Any) -> Any:
        alone.setdefault("looks", is_alone(home.database))
        return read_engaged(*arguments, **named)

    def put(connection: sa.Connection, table: sa.Table, *arguments: Any, **named: Any) -> Any:
        alone.setdefault(f"puts {table.name}", is_alone(home.database))
        return replace_window(connection, table, *arguments, **named)

    read_engaged, replace_window = engaged.read_engaged, windows.replace_window
    monkeypatch.setattr(engaged, "read_engaged", look)
    monkeypatch.setattr(windows, "replace_window", put)
    home.run(1)
    assert alone["looks"]
    assert alone["puts comment_opportunities"]
    assert not alone["puts tweet_scores"]
    assert not is_alone(home.database)


def test_what_another_run_has_just_chosen_and_asks_about_has_its_authors_turn(home: Home) -> None:
    home.run(1, start=LATER)
    # As that run has it while it waits for its answers.
    home.execute(sa.delete(comment_suggestions))
    home.execute(sa.delete(generation_outcomes))
    home.run(1)
    assert hours_chosen(home) == [LATER]
    # It was killed long ago.
    home.execute(sa.update(comment_opportunities).values(chosen_at=datetime.now(UTC) - 2 * HOUR))
    home.run(1)
    assert hours_chosen(home) == [FIRST, LATER]
    home.run(1, start=LATER)
    assert hours_chosen(home) == [FIRST]
    assert set(home.rows("comment_suggestions")["window_start"]) == {FIRST}
