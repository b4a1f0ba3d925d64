"""What a second run, a run for one project and a run with other options do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, hour_key
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.home import BAKING, FIRST, GARDEN, Home, make_home, tweet, tweets_of

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """With tweets of two hours in the inbox."""
    with make_home(tmp_path) as made:
        made.drop("tweets.json", [*tweets_of(FIRST), *tweets_of(FIRST + HOUR)])
        yield made


def test_a_second_run_makes_no_request_and_changes_nothing(home: Home) -> None:
    first = home.run(2)
    suggestions = home.rows("comment_suggestions", "tweet_id")
    second = home.run(2)
    assert first.requests > 0
    assert (second.requests, second.saved, second.already_done) == (0, 0, first.opportunities)
    assert len(home.rows("llm_requests", "granted_at")) == first.requests
    assert home.rows("comment_suggestions", "tweet_id").equals(suggestions)
    assert second.failed_checks == ()


def test_an_hour_that_gets_more_tweets_is_topped_up(home: Home) -> None:
    first = home.run(1, max_candidates=4)
    before = home.rows("comment_suggestions", "tweet_id")
    late = tweet(40, FIRST, "Which flour makes the softest bread crumb, and does the crust suffer?", likes=9000)
    home.drop("late.json", [late])
    second = home.run(1, max_candidates=5)
    assert (first.opportunities, second.opportunities, second.already_done) == (4, 5, 4)
    after = home.rows("comment_suggestions", "tweet_id")
    assert len(after) == len(before) + 3
    assert after[after["tweet_id"] != late["id"]].reset_index(drop=True).equals(before)


def test_what_a_person_decided_survives_a_forced_run(home: Home) -> None:
    home.run(1)
    suggestion = home.rows("comment_suggestions").iloc[0]
    decided = sa.and_(
        comment_suggestions.c.tweet_id == suggestion["tweet_id"],
        comment_suggestions.c.suggestion_type == suggestion["suggestion_type"],
    )
    home.execute(sa.update(comment_suggestions).where(decided).values(text="My own words.", status="edited"))
    forced = home.run(1, force=True)
    assert forced.requests > 0
    assert forced.failed_checks == ()
    after = home.rows("comment_suggestions")
    kept = after[after["status"] == "edited"]
    assert kept["text"].tolist() == ["My own words."]


def test_a_run_for_one_project_leaves_the_others_alone(tmp_path: Path) -> None:
    with make_home(tmp_path, projects={"baking": BAKING, "garden": GARDEN}) as home:
        tomatoes = tweet(30, FIRST, "When do you water tomatoes on a balcony, morning or evening?")
        home.drop("tweets.json", [*tweets_of(FIRST), tomatoes])
        both = home.run(1)
        scores = home.rows("tweet_scores", "project")
        assert set(scores["project"]) == {"baking", "garden"}
        one = home.run(1, projects=["garden"])
        assert one.opportunities < both.opportunities
        assert home.rows("tweet_scores", "project")["project"].value_counts().to_dict() == {"baking": 5, "garden": 5}
        run = home.instance.get_run_by_id(one.run_ids[0])
        assert run is not None
        assert run.tags["viral_assets/projects"] == "garden"


@pytest.mark.slow
def test_minima_and_cap_can_be_set_for_one_run(home: Home) -> None:
    options: list[tuple[dict[str, Any], int]] = [
        ({"min_followers": 1_000_000}, 0),
        ({"min_likes": 1_000_000}, 0),
        ({"min_views": 1}, 4),  # of which nobody knows the views, and which pass
        ({"max_candidates": 1}, 1),
        ({"min_followers": 0}, 4),
    ]
    for option, left in options:
        assert home.run(1, dry_run=True, **option).opportunities == left, option


def test_tweets_of_which_nobody_counted_anything_are_worth_a_reply_all_the_same(home: Home) -> None:
    hour = FIRST + 10 * HOUR
    home.drop("uncounted.json", [{**tweet, "public_metrics": {}, "author": {"id": "7"}} for tweet in tweets_of(hour)])
    summary = home.run(1, start=hour, dry_run=True)
    assert (summary.opportunities, summary.failed_checks) == (4, ())
    assert home.shown("tweets", hour)["followers unknown"] == 4
    assert home.shown("comment_opportunities", hour)["looked at"] == 4
    counts = home.rows("selection_counts")
    assert counts[["reason", "tweets"]].to_numpy().tolist() == [["chosen", 4]]
    scores = home.rows("tweet_scores")
    assert scores["why"].str.endswith("followers unknown").all()
    assert scores["velocity"].isna().all()


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(home: Home) -> None:
    summary = home.run(2, dry_run=True)
    assert summary.estimate is not None
    assert summary.estimate.requests > 0
    assert summary.opportunities == len(home.rows("comment_opportunities")) > 4
    assert (summary.requests, summary.saved, summary.failed_checks) == (0, 0, ())
    assert home.rows("comment_suggestions").empty
    assert home.rows("llm_requests", "granted_at").empty
    assert home.materializations("comment_suggestions") == {}


def test_an_hour_without_any_tweet_is_materialized_and_its_checks_pass(home: Home) -> None:
    summary = home.run(1, start=FIRST + 20 * HOUR)
    assert (summary.opportunities, summary.requests, summary.failed_checks) == (0, 0, ())
    assert list(home.materializations("suggestion_digest")) == [hour_key(FIRST + 20 * HOUR)]


def test_hours_before_the_configured_first_one_can_be_run(home: Home) -> None:
    long_ago = FIRST.replace(year=2024)
    home.drop("old.json", tweets_of(long_ago))
    summary = home.run(1, start=long_ago)
    assert summary.opportunities == 4
    assert list(home.materializations("comment_suggestions")) == [hour_key(long_ago)]
