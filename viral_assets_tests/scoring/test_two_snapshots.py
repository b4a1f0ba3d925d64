"""Velocity of a tweet that was looked at twice: what came in between, not the average since it was posted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.scoring import SCORE_COLUMNS
from viral_assets.scoring.components import MINUTES_BETWEEN_SNAPSHOTS, gained, velocity
from viral_assets_tests.scoring.examples import frame, score, tweet

count = st.integers(0, 10**9)
EARLIER_COUNTS = ("earlier_like_count", "earlier_reply_count", "earlier_retweet_count")


def looked_at_twice(*, before: tuple[int, int, int] | None, apart: float, **changes: Any) -> dict[str, Any]:
    """The scores of one tweet that was seen ``apart`` minutes before with counts ``before``."""
    tweets = frame(tweet(**changes))
    seen = tweets["collected_at"] - timedelta(minutes=apart)
    tweets["earlier_collected_at"] = seen if before else pd.DatetimeIndex(["NaT"], tz="UTC")
    for name, number in zip(EARLIER_COUNTS, before or [np.nan] * 3, strict=True):
        tweets[name] = number
    return dict(zip(SCORE_COLUMNS, score(tweets).iloc[0], strict=True))


def test_what_came_between_two_looks_counts() -> None:
    scored = looked_at_twice(before=(10, 5, 4), apart=20, like_count=30)
    likes, followers, minutes = (np.array([value]) for value in (20.0, 10_000.0, 20.0))
    expected = velocity(likes, np.zeros(1), np.zeros(1), followers, minutes)[0]
    assert scored["velocity"] == pytest.approx(expected, abs=1e-6)
    assert scored["why"].startswith("20 more likes in 20 min · ")


def test_a_tweet_that_has_stopped_spreading_has_no_velocity() -> None:
    scored = looked_at_twice(before=(900, 50, 40), apart=30, like_count=900, reply_count=50, retweet_count=40)
    assert scored["velocity"] == 0
    assert scored["why"].startswith("0 more likes in 30 min · ")


def test_likes_that_were_taken_back_are_no_negative_velocity() -> None:
    assert looked_at_twice(before=(99, 9, 9), apart=30, like_count=30)["velocity"] == 0


def test_one_like_more_is_singular() -> None:
    assert looked_at_twice(before=(29, 5, 4), apart=30, like_count=30)["why"].startswith("1 more like in 30 min")


@pytest.mark.parametrize("apart", [0.0, 1.0, MINUTES_BETWEEN_SNAPSHOTS - 0.01])
def test_looks_too_close_to_each_other_are_one(apart: float) -> None:
    assert looked_at_twice(before=(10, 5, 4), apart=apart) == looked_at_twice(before=None, apart=apart)


def test_a_tweet_seen_once_scores_as_it_did_before_there_were_second_looks() -> None:
    once = dict(zip(SCORE_COLUMNS, score(frame(tweet())).iloc[0], strict=True))
    assert looked_at_twice(before=None, apart=30) == once


def test_each_row_has_its_own_looks() -> None:
    tweets = frame(*(tweet(number) for number in range(1, 4)))
    tweets["earlier_collected_at"] = tweets["collected_at"] - pd.to_timedelta(["20min", "NaT", "5min"])
    for name in EARLIER_COUNTS:
        tweets[name] = [10.0, np.nan, 10.0]
    alone = [score(tweets.iloc[[row]]) for row in range(3)]
    together = score(tweets)
    assert together["velocity"].tolist() == [each["velocity"].iloc[0] for each in alone]
    assert together["velocity"].iloc[1] == together["velocity"].iloc[2] != together["velocity"].iloc[0]


@given(count, count, st.floats(MINUTES_BETWEEN_SNAPSHOTS, 1e6), st.floats(1, 1e6))
def test_nothing_that_was_gained_is_negative_or_unknown(now: int, before: int, apart: float, age: float) -> None:
    ones = np.ones(1)
    result = gained((now * ones, 0 * ones, ones), (before * ones, ones, ones), age * ones, apart * ones)
    for values in (result.likes, result.replies, result.retweets):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert result.likes[0] == max(now - before, 0)
    assert result.minutes[0] == apart
