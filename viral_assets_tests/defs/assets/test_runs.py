"""What a second run, a run for one project and a run with other options do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, hour_key
from viral_assets.store.tables import comment_suggestions, metadata
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
def by_the_same_author(*tweets: dict[str, Any]) -> list[dict[str, Any]]:
    return [each | {"author": tweets[0]["author"]} for each in tweets]


def test_an_author_is_suggested_once_in_a_week_whatever_the_runs(home: Home) -> None:
    texts = ("Why is my sourdough crust so pale, what do you all do?", "Does bread need salt to rise, anybody tried?")
    home.drop(
        "same.json", by_the_same_author(*(tweet(50 + at, FIRST + at * HOUR, text) for at, text in enumerate(texts)))
    )
    both = home.run(2)
    together = home.rows("comment_opportunities", "tweet_id").drop(columns="chosen_at")
    assert both.failed_checks == ()
    (author,) = {each for each in together["from_handle"] if each.endswith("_50")}
    assert (together["from_handle"] == author).sum() == 1
    left_out = home.rows("selection_counts").set_index(["window_start", "reason"])["tweets"]
    assert left_out[FIRST + HOUR, "author"] == 1
    for table in ("comment_opportunities", "comment_suggestions", "generation_outcomes"):
        home.execute(sa.delete(metadata.tables[table]))
    for hour in (FIRST, FIRST + HOUR):
        home.run(1, start=hour)
    assert home.rows("comment_opportunities", "tweet_id").drop(columns="chosen_at").equals(together)


def test_one_whose_suggestions_are_all_rejected_makes_room_for_another_of_the_author(home: Home) -> None:
    first, second = by_the_same_author(
        tweet(50, FIRST, "Why is my sourdough crust so pale, what do you all do?", likes=9000),
        tweet(51, FIRST + HOUR, "Does bread need salt to rise, anybody tried without?"),
    )
    home.drop("same.json", [first, second])
    home.run(1)
    of_first = comment_suggestions.c.tweet_id == first["id"]
    home.execute(sa.update(comment_suggestions).where(of_first).values(status="rejected"))
    home.run(1, start=FIRST + HOUR)
    assert {first["id"], second["id"]} <= set(home.rows("comment_opportunities")["tweet_id"])


def test_a_day_takes_what_the_project_answers_in_a_day(tmp_path: Path) -> None:
    with make_home(tmp_path, projects={"baking": BAKING + "engagement: {replies_per_day: 8}\n"}) as home:
        hours = [FIRST + number * HOUR for number in range(3)]
        home.drop("tweets.json", [each for hour in hours for each in tweets_of(hour)])
        for hour in hours:
            home.run(1, start=hour)
        # They are the eighth, ninth and tenth of the day's 24 hours: 8 / 3, 9 / 3 and 10 / 3 replies, rounded up.
        taken = home.rows("comment_opportunities")["window_start"].value_counts()
        assert [taken.get(hour, 0) for hour in hours] == [3, 0, 1]
        counts = home.rows("selection_counts")
        assert counts.loc[counts["reason"] == "day_cap", "tweets"].sum() == 8


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
    home.drop(
        "uncounted.json",
        [
            {**tweet, "public_metrics": {}, "author": {"id": str(number)}}
            for number, tweet in enumerate(tweets_of(hour), 7)
        ],
    )
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
