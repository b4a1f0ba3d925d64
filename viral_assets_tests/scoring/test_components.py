"""The four components, each row by row between 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from viral_assets.projects.model import Sources
from viral_assets.scoring.components import (
    age_minutes,
    author_quality,
    normalised_handles,
    openness,
    relevance,
    velocity,
)
from viral_assets.text.phrases import FloatArray, TextColumn
from viral_assets_tests.scoring.examples import CALIBRATION

count = st.integers(0, 10**18)
minutes = st.floats(1, 1e7)


def column(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def speed(
    likes: float = 0, replies: float = 0, retweets: float = 0, followers: float = 10_000, age: float = 30
) -> float:
    return float(velocity(*(column(value) for value in (likes, replies, retweets, followers, age)))[0])


def test_velocity_is_the_formula_of_the_design() -> None:
    engagement = (30 + 2 * 5 + 1.5 * 4) / 30
    expected = 2 / (1 + np.exp(-2.0 * engagement / np.log10(10_000))) - 1
    assert speed(30, 5, 4) == pytest.approx(expected)


def test_the_steepness_is_as_documented() -> None:
    assert speed(likes=60, age=60) == pytest.approx(0.24, abs=0.01)
    assert speed(likes=300, age=60) == pytest.approx(0.85, abs=0.01)


@given(count, count, count, count, minutes)
def test_velocity_lies_between_0_and_1(likes: int, replies: int, retweets: int, followers: int, age: float) -> None:
    assert 0 <= speed(likes, replies, retweets, followers, age) <= 1


@given(count, count, count, count, minutes, st.sampled_from(["likes", "replies", "retweets"]), count)
def test_more_engagement_never_lowers_velocity(
    likes: int, replies: int, retweets: int, followers: int, age: float, what: str, more: int
) -> None:
    before = {"likes": likes, "replies": replies, "retweets": retweets}
    after = before | {what: before[what] + more}
    assert speed(**after, followers=followers, age=age) >= speed(**before, followers=followers, age=age)


@given(count, count, minutes, st.floats(0, 1e7))
def test_the_same_engagement_in_more_time_never_raises_velocity(
    likes: int, followers: int, age: float, later: float
) -> None:
    assert speed(likes, followers=followers, age=age + later) <= speed(likes, followers=followers, age=age)


@given(count, count, count, minutes)
def test_a_larger_audience_never_raises_velocity(likes: int, followers: int, more: int, age: float) -> None:
    assert speed(likes, followers=followers + more, age=age) <= speed(likes, followers=followers, age=age)


def test_age_is_at_least_a_minute_even_where_the_clock_ran_backwards() -> None:
    created = np.array(["2026-11-21T20:00:00"] * 4, dtype="datetime64[us]")
    collected = created + np.array([0, -3_600, 59, 90], dtype="timedelta64[s]")
    assert_allclose(age_minutes(created, collected), [1, 1, 1, 1.5])


def test_relevance_rewards_nearness_and_clarity() -> None:
    cosines = np.array([[0.6, 0.1, 0.0], [0.46, 0.46, 0.1], [0.14, 0.18, 0.34], [0.0, 0.0, -0.1]], dtype=np.float32)
    found = relevance(cosines, CALIBRATION)
    assert_allclose(found.score, [1.0, 0.72, 0.8 * 0.6 + 0.2 * 0.4, 0.0], atol=1e-6)
    assert found.topic.tolist() == [0, 0, 2, 0]


def test_the_nearest_topic_is_found_where_all_are_equally_far_or_near() -> None:
    found = relevance(np.array([[0.01, 0.05], [0.7, 0.8]], dtype=np.float32), CALIBRATION)
    assert found.topic.tolist() == [1, 1]
    assert_allclose(found.score, [0.0, 0.8])


def test_with_one_topic_the_margin_is_the_similarity() -> None:
    assert_allclose(relevance(np.array([[0.38]], dtype=np.float32), CALIBRATION).score, [0.7], atol=1e-6)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=8))
def test_relevance_lies_between_0_and_1_and_names_a_best_topic(cosines: list[float]) -> None:
    found = relevance(np.array([cosines], dtype=np.float32), CALIBRATION)
    assert 0 <= found.score[0] <= 1 + 1e-12
    assert cosines[found.topic[0]] == max(cosines)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=8), st.floats(0, 1, width=32))
def test_nearer_to_the_best_topic_is_never_less_relevant(cosines: list[float], nearer: float) -> None:
    best = cosines.index(max(cosines))
    after = [cosine + nearer * (number == best) for number, cosine in enumerate(cosines)]
    before, later = relevance(np.array([cosines, after], dtype=np.float32), CALIBRATION).score
    assert later >= before


@pytest.mark.parametrize(
    ("text", "asks", "invites", "hedges"),
    [
        ("How much is too much?", True, False, False),
        ("Really?! That much", True, False, False),
        ("どう思いますか？", True, False, False),
        ("ما رأيك؟", True, False, False),
        ("Anyone else up at 3am", False, True, False),
        ("so... ANY TIPS for a tired parent", False, True, False),
        ("What’s your bedtime rule", False, True, False),
        ("I think phones\nruin sleep", False, False, True),
        ("Not sure, maybe we should ban them. How do you do it?", True, True, True),
        ("Our new app is out now", False, False, False),
        ("Read https://example.com/?q=1 now", False, False, False),
        ("mightily tired, anyonesque", False, False, False),
        ("", False, False, False),
    ],
)
def test_openness_is_found_where_it_is(text: str, asks: bool, invites: bool, hedges: bool) -> None:
    found = openness(TextColumn(["something before", text, "something after"]))
    assert (found.asks[1], found.invites[1], found.hedges[1]) == (asks, invites, hedges)
    assert found.score[1] == pytest.approx(1 - 0.4**asks * 0.6**invites * 0.7**hedges)
    assert found.score[0] == found.score[2] == 0


def quality(handle: str = "someone", followers: float = 0, verified: bool = False) -> float:
    lists = Sources(allow_handles=frozenset({"@Friend", "both"}), block_handles=frozenset({"Foe", "both"}))
    return float(author_quality(normalised_handles([handle]), column(followers), np.array([verified]), lists)[0])


def test_lists_decide_author_quality_whatever_the_case_and_the_at_sign() -> None:
    assert quality("@FRIEND") == quality("friend") == 1
    assert quality("foe", followers=10**9, verified=True) == quality("@Foe") == 0
    assert quality("both") == 0, "blocking wins"


def test_followers_and_a_check_mark_count_in_moderation() -> None:
    assert quality() == quality(followers=100) == pytest.approx(0.3)
    assert quality(followers=1_000_000) == quality(followers=10**12) == pytest.approx(0.8)
    assert quality(followers=10_000, verified=True) == pytest.approx(0.3 + 0.25 + 0.1)


@given(count, count, st.booleans())
def test_more_followers_never_lower_author_quality(followers: int, more: int, verified: bool) -> None:
    assert quality(followers=followers + more, verified=verified) >= quality(followers=followers, verified=verified)
