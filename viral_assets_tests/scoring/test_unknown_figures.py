"""Scores of tweets of which nobody has counted everything: unknown is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from viral_assets.scoring import SCORE_COLUMNS
from viral_assets.vocabulary import UNKNOWN_AUDIENCE
from viral_assets_tests.scoring.examples import frame, project, score, tweet
from viral_assets_tests.scoring.test_two_snapshots import EARLIER_COUNTS

UNCOUNTED: dict[str, Any] = dict.fromkeys(("like_count", "reply_count", "retweet_count"))


def scored(**changes: Any) -> dict[str, Any]:
    return dict(zip(SCORE_COLUMNS, score(frame(tweet(**changes))).iloc[0], strict=True))


def test_an_author_whose_followers_are_unknown_is_neither_punished_nor_rewarded() -> None:
    unknown, small, middling, large = (
        scored(author_followers=followers) for followers in (None, 0, UNKNOWN_AUDIENCE, 1_000_000)
    )
    for component in ("velocity", "author_quality", "total"):
        assert unknown[component] == middling[component]
    assert large["velocity"] < unknown["velocity"] < small["velocity"]
    assert small["author_quality"] < unknown["author_quality"] < large["author_quality"]


@pytest.mark.parametrize("count", UNCOUNTED)
def test_a_count_that_is_unknown_makes_velocity_a_lower_bound(count: str) -> None:
    known, unknown = scored(), scored(**{count: None})
    assert 0 < unknown["velocity"] < known["velocity"]


def test_without_any_count_there_is_no_velocity_and_the_others_make_the_total() -> None:
    found = scored(**UNCOUNTED)
    assert np.isnan(found["velocity"])
    weights = project().weights
    others = {name: getattr(weights, name) for name in ("relevance", "openness", "author_quality")}
    expected = sum(weight * found[name] for name, weight in others.items()) / sum(others.values())
    assert found["total"] == pytest.approx(expected, abs=1e-6)
    assert scored(**dict.fromkeys(UNCOUNTED, 0))["velocity"] == 0


def test_a_project_that_weighs_velocity_alone_has_no_score_for_what_nobody_counted() -> None:
    alone = project(weights={"velocity": 1, "relevance": 0, "openness": 0, "author_quality": 0})
    found = score(frame(tweet(**UNCOUNTED)), of=alone).iloc[0]
    assert (found["total"], found["label"]) == (0, "red")


def test_why_says_what_is_unknown() -> None:
    words = scored(**UNCOUNTED, author_followers=None, text="Done")["why"]
    assert words.startswith("likes unknown · ")
    assert words.endswith(" · followers unknown")


def looked_at_twice(before: tuple[float, float, float], **changes: Any) -> dict[str, Any]:
    tweets = frame(tweet(**changes))
    tweets["earlier_collected_at"] = tweets["collected_at"] - pd.Timedelta(minutes=20)
    for name, number in zip(EARLIER_COUNTS, before, strict=True):
        tweets[name] = number
    return dict(zip(SCORE_COLUMNS, score(tweets).iloc[0], strict=True))


def test_two_looks_compare_only_what_both_know() -> None:
    assert looked_at_twice((10, np.nan, np.nan))["why"].startswith("20 more likes in 20 min")
    all_known, one_known = looked_at_twice((10, 5, 4)), looked_at_twice((10, np.nan, np.nan))
    assert one_known["velocity"] == all_known["velocity"], "nothing but likes came in between"


def test_two_looks_that_share_no_count_are_one() -> None:
    assert looked_at_twice((np.nan,) * 3) == scored()


def test_likes_that_cannot_be_compared_are_not_said_to_have_grown() -> None:
    assert looked_at_twice((np.nan, 1, 1))["why"].startswith("30 likes in the first ")
