"""One number, one colour, and the reason in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.projects.model import Thresholds, Weights
from viral_assets.scoring.total import labels, total
from viral_assets.text.amounts import percent, short_count
from viral_assets_tests.scoring.examples import HOUR, frame, pointing, project, score, tweet

share = st.floats(0, 1)


@given(st.lists(share, min_size=4, max_size=4), st.lists(share, min_size=4, max_size=4).filter(any))
def test_the_total_lies_between_the_components(parts: list[float], weights: list[float]) -> None:
    weighed = Weights(velocity=weights[0], relevance=weights[1], openness=weights[2], author_quality=weights[3])
    velocity, relevance, openness, author_quality = (np.array([part]) for part in parts)
    found = total(velocity, relevance, openness, author_quality, weighed)[0]
    assert min(parts) - 1e-6 <= found <= max(parts) + 1e-6


def test_only_the_proportions_of_the_weights_matter() -> None:
    a, b, c, d = (np.array([value]) for value in (0.9, 0.5, 0.3, 0.1))
    halves = Weights(velocity=0.25, relevance=0.25, openness=0, author_quality=0)
    wholes = Weights(velocity=1, relevance=1, openness=0, author_quality=0)
    assert total(a, b, c, d, halves) == total(a, b, c, d, wholes) == pytest.approx(0.7)


def test_a_total_on_the_threshold_has_its_colour() -> None:
    totals = np.array([0.0, 0.399999, 0.4, 0.599999, 0.6, 1.0])
    found = labels(totals, np.ones(6), Thresholds(yellow=0.4, green=0.6), Weights())
    assert found.tolist() == ["red", "red", "yellow", "yellow", "green", "green"]


def test_nothing_is_green_below_the_relevance_that_green_takes() -> None:
    totals, relevance = np.full(4, 0.95), np.array([0.0, 0.34, 0.499999, 0.5])
    assert labels(totals, relevance, Thresholds(), Weights()).tolist() == ["yellow", "yellow", "yellow", "green"]
    stricter = Thresholds(green_relevance=0.6)
    assert labels(totals, relevance, stricter, Weights()).tolist() == ["yellow"] * 4


def test_a_project_that_gives_relevance_no_weight_does_without_it_for_green_too() -> None:
    weights = Weights(velocity=1, relevance=0, openness=0, author_quality=0)
    assert labels(np.array([0.95]), np.array([0.0]), Thresholds(), weights).tolist() == ["green"]


def why(*, at: float = 0.5, **changes: Any) -> str:
    return str(score(frame(tweet(**changes)), at=at)["why"].item())


def after(minutes: float, **changes: Any) -> str:
    created_at = HOUR + timedelta(minutes=5)
    return why(created_at=created_at, collected_at=created_at + timedelta(minutes=minutes), text="Done", **changes)


def test_why_reads_like_a_person_would_put_it() -> None:
    created_at = HOUR + timedelta(minutes=5)
    words = why(
        created_at=created_at,
        collected_at=created_at + timedelta(minutes=30),
        like_count=600,
        text="Is six hours too much?",
        author_followers=12_345,
        at=0.4,
    )
    assert words == "600 likes in the first 30 min · screen time (75 %) · asks a question · 12K followers"


def test_every_sign_of_openness_is_named() -> None:
    words = why(text="Anyone else? I think it is too much")
    assert "asks a question · invites replies · hedges" in words


@pytest.mark.parametrize(
    ("minutes", "likes", "words"),
    [
        (60, 61, "61 likes in the first 60 min"),
        (55, 1_019, "1K likes in the first 55 min"),
        (9.5, 5, "5 likes in the first 10 min"),
        (0, 5, "5 likes in the first minute"),
        (0, 1, "1 like in the first minute"),
        (10 * 60, 3, "3 likes in the first 10 h"),
        (90, 1, "1 like in the first 90 min"),
        (24 * 60 * 365, 40, "40 likes in the first 365 d"),
        (5, 0, "no likes yet"),
        (500, 0, "no likes yet"),
    ],
)
def test_likes_are_told_with_the_time_they_had(minutes: float, likes: int, words: str) -> None:
    """A rate beside the count and the age of the tweet now would be a third number that fits neither."""
    assert after(minutes, like_count=likes).split(" · ")[0] == words


def test_of_followers_that_nobody_knows_it_says_so() -> None:
    assert why(author_followers=None).endswith(" · followers unknown")
    assert why(author_followers=0).endswith(" · 0 followers")
    assert why(author_followers=1).endswith(" · 1 follower")


def test_a_tweet_near_no_topic_is_said_to_be_off_topic() -> None:
    assert why(at=0.1, text="Done", like_count=0) == "no likes yet · off topic · 10K followers"


@given(st.floats(0, 1), st.integers(0, 10**18), st.integers(0, 10**18), st.integers(0, 10**8))
def test_every_number_in_why_is_the_tweets(at: float, likes: int, followers: int, seconds: int) -> None:
    created_at = HOUR
    scored = score(
        frame(
            tweet(
                created_at=created_at,
                collected_at=created_at + timedelta(seconds=seconds),
                like_count=likes,
                author_followers=followers,
                text="Done",
            )
        ),
        np.stack([pointing(at)]),
        of=project(),
    ).iloc[0]
    said_likes, said_topic, said_followers = scored["why"].split(" · ")
    shown = percent(scored["relevance"])
    assert said_topic == (f"screen time ({shown} %)" if shown else "off topic")
    assert said_followers == f"{short_count(min(followers, 999_000_000_000))} follower" + "s" * (followers != 1)
    if likes == 0:
        assert said_likes == "no likes yet"
    else:
        number = short_count(min(likes, 999_000_000_000))
        assert said_likes.startswith(f"{number} like" + "s" * (likes != 1) + " in the first ")
