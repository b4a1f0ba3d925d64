"""The laws every score obeys, whatever the tweet."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from viral_assets.errors import ConfigurationError
from viral_assets.scoring import SCORE_COLUMNS, score_window
from viral_assets.scoring.gate import GATE_RESULTS
from viral_assets.scoring.score import _BLOCK
from viral_assets.scoring.similarity import Vectors
from viral_assets.store.tables import tweet_scores
from viral_assets_tests.laws import tried_on
from viral_assets_tests.scoring.examples import (
    CALIBRATION,
    DIMENSIONS,
    HOUR,
    any_tweets,
    frame,
    pointing,
    project,
    score,
    topics,
    tweet,
)

NUMBERS = ["velocity", "relevance", "openness", "author_quality", "total"]
Case = tuple[pd.DataFrame, Vectors]


def test_the_columns_are_those_of_the_table() -> None:
    assert list(SCORE_COLUMNS) == list(tweet_scores.c.keys())
    assert list(score(frame(tweet())).columns) == list(SCORE_COLUMNS)


@tried_on(1 / 3)
@given(any_tweets())
def test_every_score_is_finite_and_between_0_and_1_but_for_what_nobody_counted(case: Case) -> None:
    scored = score(*case)
    assert len(scored) == len(case[0])
    uncounted = case[0][["like_count", "reply_count", "retweet_count"]].isna().all(axis=1).to_numpy()
    assert (scored["velocity"].isna() == uncounted).all()
    scored["velocity"] = scored["velocity"].fillna(0.0)
    assert np.isfinite(scored[NUMBERS].to_numpy()).all()
    assert ((scored[NUMBERS] >= 0) & (scored[NUMBERS] <= 1)).all(axis=None)
    assert set(scored["label"]) <= {"red", "yellow", "green"}
    assert set(scored["gate"]) <= set(GATE_RESULTS)
    assert set(scored["topic"]) <= {"screen time", "sleep", "focus"}
    assert scored["why"].str.len().gt(0).all()
    assert scored.notna().all(axis=None)


@tried_on(1 / 3)
@given(any_tweets(), st.randoms(use_true_random=False))
def test_the_order_of_the_tweets_does_not_matter(case: Case, random: np.random.Generator) -> None:
    tweets, vectors = case
    order = list(range(len(tweets)))
    random.shuffle(order)
    shuffled = score(tweets.iloc[order], vectors[order])
    assert_frame_equal(shuffled, score(tweets, vectors).iloc[order].reset_index(drop=True))


@tried_on(1 / 3)
@given(any_tweets(), st.integers(0, 12))
def test_the_same_scores_come_out_in_one_run_or_in_two(case: Case, cut: int) -> None:
    tweets, vectors = case
    parts = [score(tweets.iloc[:cut], vectors[:cut]), score(tweets.iloc[cut:], vectors[cut:])]
    whole = score(tweets, vectors)
    assert_frame_equal(pd.concat([part for part in parts if len(part)] or parts, ignore_index=True), whole)


def test_a_tweet_at_the_edge_of_a_block_scores_as_it_does_alone() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((_BLOCK + 3, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tweets = frame(*(tweet(number, like_count=number) for number in range(len(vectors))))
    whole = score(tweets, vectors)
    for row in (0, _BLOCK - 1, _BLOCK, _BLOCK + 2):
        alone = score(tweets.iloc[[row]], vectors[[row]])
        assert_frame_equal(alone, whole.iloc[[row]].reset_index(drop=True))


@given(st.integers(1, 70), st.integers(1, 9), st.sampled_from([2, 255, 256, 257, 768]))
def test_a_similarity_does_not_depend_on_its_neighbours(rows: int, columns: int, dimensions: int) -> None:
    from viral_assets.scoring.similarity import cosines

    rng = np.random.default_rng(rows * 1000 + columns)
    left = rng.standard_normal((rows, dimensions)).astype(np.float32)
    right = rng.standard_normal((columns, dimensions)).astype(np.float32)
    whole = cosines(left, right)
    alone = [[float(cosines(left[i : i + 1], right[j : j + 1])[0, 0]) for j in range(columns)] for i in range(rows)]
    assert whole.tolist() == alone
    assert np.allclose(whole, left @ right.T, atol=1e-3)


def test_an_empty_window_has_no_scores_and_all_columns() -> None:
    scored = score(frame(), np.empty((0, DIMENSIONS), dtype=np.float32))
    assert list(scored.columns) == list(SCORE_COLUMNS)
    assert len(scored) == 0
    assert scored["total"].dtype == np.float64


def test_ages_are_measured_to_the_time_of_collection() -> None:
    early = tweet(created_at=HOUR, collected_at=HOUR + timedelta(minutes=5))
    late = tweet(created_at=HOUR, collected_at=HOUR + timedelta(hours=5))
    fast, slow = score(frame(early, late))["velocity"]
    assert fast > slow


def test_the_topic_is_the_nearest_one_even_where_none_is_near() -> None:
    scored = score(frame(tweet(1), tweet(2)), np.stack([pointing(0.1, 0.4, 0.2), pointing(0.01, 0.05, 0.0)]))
    assert scored["topic"].tolist() == ["sleep", "sleep"]
    assert scored["relevance"].tolist() == pytest.approx([0.8 * 0.75 + 0.2 * 0.5, 0], abs=1e-6)


def test_a_mended_weight_or_threshold_changes_total_and_label() -> None:
    only_open = project(
        weights={"velocity": 0, "relevance": 0, "openness": 1, "author_quality": 0},
        thresholds={"yellow": 0.2, "green": 0.59},
    )
    scored = score(frame(tweet(1, text="Really?"), tweet(2, text="Really")), of=only_open)
    assert scored["total"].tolist() == [0.6, 0.0]
    assert scored["label"].tolist() == ["green", "red"]


def test_vectors_of_another_embedder_are_refused() -> None:
    of = project()
    with pytest.raises(ConfigurationError, match="5 and of 8 dimensions"):
        score_window(frame(tweet()), np.ones((1, 5), dtype=np.float32), topics(of), of, CALIBRATION)
