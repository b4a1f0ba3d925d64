"""The check that nobody is pestered: silent about what a selection chose, and clear about what it would not have."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from hypothesis import given

from viral_assets.defs.checks.engagement import ProjectTurns, pestered
from viral_assets.defs.checks.reading import read_opportunity_hours
from viral_assets.defs.checks.results import HourCheckResult
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.projects.engagement import Engagement
from viral_assets.projects.model import Project
from viral_assets.scoring.engagement import EngagementHistory, EngagementTurn
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.scoring.examples import HOUR as FIRST
from viral_assets_tests.scoring.examples import project
from viral_assets_tests.scoring.test_engagement import World, turn_of, worlds
from viral_assets_tests.scoring.test_selection import row
from viral_assets_tests.store.rows import POSTED
from viral_assets_tests.store.test_engagement import chosen


def check(*turns: EngagementTurn, stored: int = 2, **engagement: Any) -> HourCheckResult:
    """Of the first hour, with opportunities 1, 2, ... of which these have turns."""
    rows = [{"project": "p", "tweet_id": row(number)["tweet_id"], "rank": number} for number in range(1, stored + 1)]
    counts = Counter({FIRST: stored})
    told = ProjectTurns(Engagement.model_validate(engagement), EngagementHistory(turns, counts))
    return pestered(FIRST, rows, {"p": told})


def told(result: HourCheckResult) -> list[tuple[str, str]]:
    assert result.severity == "WARN"
    return [(violation.tweet_id[-1:], violation.problem) for violation in result.violations]


@given(worlds(some_kept=False))
def test_what_was_just_selected_pesters_nobody(world: World) -> None:
    taken = [world.row_of(tweet_id) for tweet_id in world.select(world.rows).frame["tweet_id"]]
    engaged = EngagementHistory([turn_of(each) for each in taken], Counter(each["window_start"] for each in taken))
    turns = {"example": ProjectTurns(world.options.engagement, engaged)}
    for hour in {each["window_start"] for each in world.rows}:
        of_hour = [each | {"rank": rank} for rank, each in enumerate(taken) if each["window_start"] == hour]
        assert pestered(hour, of_hour, turns).violations == []


def test_the_second_of_an_author_and_the_second_of_a_conversation_are_named() -> None:
    one, two = turn_of(row(1, author_id="x")), turn_of(row(2, author_id="x"))
    ((tweet, problem),) = told(check(one, two))
    assert tweet == "2"
    assert problem == "its author was chosen or answered once in 7 days without it: materialize the hour again"
    same = turn_of(row(2, conversation_id=row(1)["tweet_id"]), stays=True)
    ((tweet, problem),) = told(check(turn_of(row(1)), same))
    assert tweet == "2"
    assert problem.startswith("another tweet of its conversation was chosen or answered: reject its suggestions")


def test_an_earlier_hour_and_a_reply_count_and_a_later_hour_does_not() -> None:
    mine = turn_of(row(1, author_id="x"))
    assert told(check(mine, turn_of(row(9, hours=-1, author_id="x")), stored=1))
    assert told(check(mine, turn_of(row(9, hours=-300, author_id="x"), replied=200, stays=True), stored=1))
    assert not told(check(mine, turn_of(row(9, hours=-300, author_id="x"), stays=True), stored=1))
    assert not told(check(mine, turn_of(row(9, hours=1, author_id="x"), stays=True), stored=1))


def test_one_that_was_turned_down_has_no_turn_and_is_no_trouble() -> None:
    assert not told(check(turn_of(row(2, author_id="x"))))


def test_a_day_over_its_cap_and_a_quiet_hour_are_named() -> None:
    assert not told(check(replies_per_day=2))
    ((tweet, problem),) = told(check(replies_per_day=1))
    assert tweet == ""
    assert problem.startswith("2 are chosen for 2026-11-21 by now, and the project answers 1: ")
    ((tweet, problem),) = told(check(quiet_days=["saturday"]))
    assert problem.startswith("2 chosen of an hour in which nobody posts: ")


def test_an_hour_without_opportunities_passes() -> None:
    assert check(stored=0, quiet_days=["saturday"]).passed


def test_it_is_read_from_the_tables(database: Database) -> None:
    picky = Project.model_validate(project().model_dump() | {"name": "p", "engagement": {"replies_per_day": 2}})
    hours = HourRange(floor_hour(POSTED), floor_hour(POSTED) + 2 * HOUR)
    chosen(database, 1, "approved", decided=1)
    chosen(database, 2, hours=1, author_id="a1")
    chosen(database, 3, "pending", hours=1)
    chosen(database, 4, "pending", hours=1, project="another")

    def found() -> list[list[tuple[str, str]]]:
        read = read_opportunity_hours(database, hours, {"p": picky})
        return [told(pestered(each.hour, each.rows, each.turns)) for each in read.values()]

    first, second = found()
    assert first == []
    assert [tweet for tweet, _ in second] == ["2", ""], "the author of 1, and a third one on a day of two"
    with database.begin() as connection:
        of_first = comment_suggestions.c.tweet_id == "1"
        connection.execute(sa.update(comment_suggestions).where(of_first).values(status="rejected"))
    assert [tweet for tweet, _ in found()[1]] == [""]
