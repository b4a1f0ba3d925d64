"""What is wrong with tweets, vectors, scores and opportunities of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from viral_assets.defs.checks.opportunities import OpportunityHour, opportunities_out_of_order
from viral_assets.defs.checks.scores import ScoreHour, scores_out_of_range
from viral_assets.defs.checks.tweets import TweetHour, malformed_tweets
from viral_assets.defs.checks.vectors import VectorHour, vectors_missing_or_wrong
from viral_assets.store.tables import tweets

HOUR = datetime(2026, 3, 2, 6, tzinfo=UTC)

GOOD_TWEET: dict[str, Any] = {
    "tweet_id": "1001",
    "window_start": HOUR,
    "created_at": HOUR + timedelta(minutes=10),
    "collected_at": HOUR + timedelta(minutes=50),
    "author_id": None,
    "author_handle": "baker",
    "author_name": None,
    "author_followers": None,
    "author_verified": False,
    "text": "bread",
    "text_sha256": "a" * 64,
    "lang": None,
    "is_retweet": False,
    "is_reply": True,
    "is_quote": False,
    "is_promoted": False,
    "like_count": 0,
    "reply_count": 1,
    "retweet_count": 2,
    "quote_count": 3,
    "view_count": None,
    "bookmark_count": None,
    "conversation_id": None,
}


def tweet_hour(*rows: dict[str, Any]) -> TweetHour:
    names = [column.name for column in tweets.c]
    return TweetHour(
        HOUR, pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    )


def test_good_tweets_pass_as_either_database_gives_them() -> None:
    from_sqlite = {
        **GOOD_TWEET,
        "window_start": "2026-03-02 06:00:00.000000",
        "created_at": "2026-03-02 06:10:00.000000",
        "collected_at": "2026-03-02 06:50:00.000000",
        **dict.fromkeys(("author_verified", "is_retweet", "is_reply", "is_quote", "is_promoted"), 1),
    }
    assert malformed_tweets(tweet_hour(GOOD_TWEET)) == []
    assert malformed_tweets(tweet_hour(GOOD_TWEET | {"like_count": None, "retweet_count": None})) == [], "unknown"
    assert malformed_tweets(tweet_hour(from_sqlite)) == []
    assert malformed_tweets(tweet_hour()) == []


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("tweet_id", " ", "tweet_id is empty"),
        ("author_handle", None, "author_handle is missing"),
        ("text", None, "text is missing"),
        ("text", 7, "text is no text"),
        ("like_count", "many", "like_count is no whole number"),
        ("like_count", 1.5, "like_count is no whole number"),
        ("like_count", -1, "like_count is negative"),
        ("view_count", -5, "view_count is negative"),
        ("author_followers", -5, "author_followers is negative"),
        ("is_reply", "yes", "is_reply is no yes or no"),
        ("created_at", HOUR - timedelta(microseconds=1), "created_at is not in the hour of 2026-03-02 06:00"),
        ("created_at", HOUR + timedelta(hours=1), "created_at is not in the hour"),
        ("created_at", "yesterday", "created_at is not in the hour"),
        ("collected_at", HOUR, "collected_at is no time after created_at"),
    ],
)
def test_a_wrong_value_is_named_with_its_tweet_and_spares_its_neighbours(column: str, value: Any, problem: str) -> None:
    second = {**GOOD_TWEET, "tweet_id": "1002"}
    wrong = {**GOOD_TWEET, column: value}
    found = malformed_tweets(tweet_hour(second, wrong, second))
    assert [violation.tweet_id for violation in found] == [wrong["tweet_id"]]
    assert problem in found[0].problem
    assert "ingest its file again" in found[0].problem


def test_vectors_of_length_one_pass_and_so_does_an_empty_hour() -> None:
    assert vectors_missing_or_wrong(VectorHour()).passed
    good = VectorHour((("1", "a"), ("2", "a")), norms={"a": 1.0000001}, reported=1)
    assert vectors_missing_or_wrong(good).passed
    assert vectors_missing_or_wrong(good).numbers["coverage"] == 1.0


@pytest.mark.parametrize("norm", [0.5, 1.01, 0.0, float("nan"), float("inf")])
def test_a_vector_of_another_length_is_found(norm: float) -> None:
    check_result = vectors_missing_or_wrong(VectorHour((("1", "a"), ("2", "b")), norms={"a": norm, "b": 1.0}))
    assert [violation.tweet_id for violation in check_result.violations] == ["1"]
    assert "text_sha256 a" in check_result.violations[0].problem


def test_a_text_without_words_has_no_direction() -> None:
    assert vectors_missing_or_wrong(VectorHour((("1", "a"),), frozenset({"a"}), {"a": 0.0}, 1)).passed


def test_a_lost_vector_is_found_but_a_tweet_that_came_later_is_not_held_against_the_hour() -> None:
    lost = VectorHour((("1", "a"), ("2", "b")), norms={"a": 1.0}, reported=2)
    assert [violation.tweet_id for violation in vectors_missing_or_wrong(lost).violations] == ["2"]
    came_later = VectorHour((("1", "a"), ("2", "b")), norms={"a": 1.0}, reported=1)
    assert vectors_missing_or_wrong(came_later).passed
    assert vectors_missing_or_wrong(came_later).numbers["coverage"] == 0.5


def scores(**changes: Any) -> ScoreHour:
    good = dict.fromkeys(("velocity", "relevance", "openness", "author_quality", "total"), 0.5)
    rows = [
        {"project": "baking", "tweet_id": "1", "label": "green", **good},
        {"project": "baking", "tweet_id": "2", "label": "red", **good, **changes},
    ]
    return ScoreHour(pd.DataFrame(rows), frozenset({"1", "2"}))


def test_scores_from_zero_to_one_pass_and_so_does_an_empty_hour() -> None:
    assert scores_out_of_range(scores(total=0.0, velocity=1.0)) == []
    assert scores_out_of_range(ScoreHour(scores().rows.iloc[:0], frozenset())) == []


@pytest.mark.parametrize("unknown", [None, np.nan])
def test_a_velocity_that_nobody_could_measure_is_right(unknown: float | None) -> None:
    assert scores_out_of_range(scores(velocity=unknown)) == []


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, np.inf, -np.inf, None])
def test_a_score_that_cannot_be_is_named(value: float | None) -> None:
    found = scores_out_of_range(scores(relevance=value))
    assert [violation.tweet_id for violation in found] == ["2"]
    assert found[0].problem.startswith("relevance is ")


def test_an_unknown_label_and_a_score_without_a_tweet_are_found() -> None:
    assert "the label is blue" in scores_out_of_range(scores(label="blue"))[0].problem
    assert "no such tweet" in scores_out_of_range(scores(tweet_id="3"))[0].problem


def ranked(*ranks: int, project: str = "baking") -> list[dict[str, Any]]:
    return [{"project": project, "tweet_id": f"{project}-{rank}-{n}", "rank": rank} for n, rank in enumerate(ranks)]


def opportunity_hour(rows: list[dict[str, Any]]) -> OpportunityHour:
    return OpportunityHour(rows, frozenset((row["project"], row["tweet_id"]) for row in rows))


def test_ranks_count_for_each_project_by_itself() -> None:
    rows = [*ranked(2, 1, 3), *ranked(1, project="garden")]
    assert opportunities_out_of_order(opportunity_hour(rows)) == []
    assert opportunities_out_of_order(OpportunityHour()) == []


@pytest.mark.parametrize(("ranks", "wrong"), [((1, 3), "baking-3-1"), ((1, 1), "baking-1-1"), ((2, 3), "baking-2-0")])
def test_a_gap_is_a_deleted_row_and_a_tie_one_put_in(ranks: tuple[int, ...], wrong: str) -> None:
    found = opportunities_out_of_order(opportunity_hour(ranked(*ranks)))
    assert [violation.tweet_id for violation in found] == [wrong]
    assert "materialize comment_opportunities" in found[0].problem


def test_an_opportunity_without_a_score_is_found() -> None:
    found = opportunities_out_of_order(OpportunityHour(ranked(1), frozenset()))
    assert "has no score" in found[0].problem
