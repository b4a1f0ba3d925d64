"""Projects, tweets and vectors to score, plain or drawn at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from viral_assets.embedding.base import Calibration
from viral_assets.hours import floor_hour
from viral_assets.projects.model import Project
from viral_assets.scoring import score_window
from viral_assets.scoring.similarity import Vectors

HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
CALIBRATION = Calibration(zero=0.1, one=0.5, near_duplicate=0.9)
DIMENSIONS = 8


def project(**changes: Any) -> Project:
    given: dict[str, Any] = {
        "name": "example",
        "taxonomy": [
            {"label": "screen time", "description": "hours on the phone"},
            {"label": "sleep", "description": "phones in bed"},
            {"label": "focus", "description": "deep work"},
        ],
        "voice": {"persona": "a friend"},
    }
    return Project.model_validate(given | changes)


def tweet(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of the table ``tweets``, as far as scoring reads it: a good one, unless told otherwise."""
    created_at = changes.get("created_at", HOUR + timedelta(minutes=10))
    row: dict[str, Any] = {
        "tweet_id": str(1990000000000000000 + number),
        "window_start": floor_hour(created_at),
        "created_at": created_at,
        "collected_at": created_at + timedelta(minutes=30),
        "text": f"My screen time report says {number} hours a day",
        "author_handle": f"author_{number}",
        "author_followers": 10_000,
        "author_verified": False,
        "lang": "en",
        "is_retweet": False,
        "is_promoted": False,
        "like_count": 30,
        "reply_count": 5,
        "retweet_count": 4,
        "view_count": 2_000,
    }
    return row | changes


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """With the dtypes the store reads."""
    tweets = pd.DataFrame(list(rows), columns=list(tweet()))
    for column in ("window_start", "created_at", "collected_at"):
        tweets[column] = pd.to_datetime(tweets[column], utc=True).dt.as_unit("us")
    for column in ("author_followers", "view_count", "like_count", "reply_count", "retweet_count"):
        tweets[column] = pd.array(tweets[column].tolist(), dtype="Int64")
    for column in ("tweet_id", "text", "author_handle", "lang"):
        tweets[column] = pd.Series(tweets[column].tolist(), dtype=object)
    for column in ("is_retweet", "is_promoted", "author_verified"):
        tweets[column] = tweets[column].astype(bool)
    return tweets


def topics(of: Project) -> dict[str, Vectors]:
    """Topic number i is the unit vector of axis i."""
    axes = np.eye(DIMENSIONS, dtype=np.float32)
    return {node.label: axes[number] for number, node in enumerate(of.taxonomy)}


def pointing(*cosines: float) -> Vectors:
    """A unit vector with these cosines to the first topics, and none to the others."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[: len(cosines)] = cosines
    vector[-1] = np.sqrt(max(0.0, 1 - float(np.sum(np.square(cosines)))))
    return vector


def score(
    tweets: pd.DataFrame,
    vectors: Vectors | None = None,
    *,
    of: Project | None = None,
    at: float = 0.5,
    known: frozenset[str] | None = None,
) -> pd.DataFrame:
    """Scores of tweets that are, if no vectors are given, as near to the first topic as can be."""
    of = of or project()
    if vectors is None:
        vectors = np.tile(pointing(at), (len(tweets), 1))
    return score_window(tweets, vectors, topics(of), of, CALIBRATION, languages=known)


def gate_of(*, of: Project | None = None, at: float = 0.5, **changes: Any) -> str:
    """The verdict on one tweet."""
    return str(score(frame(tweet(**changes)), of=of, at=at)["gate"].item())


counts = st.one_of(st.integers(0, 10_000), st.integers(0, 2**31 - 1), st.integers(0, 10**18))
texts = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["anyone", "maybe", "?", "I", "think", "@you", "#tag", "https://t.co/a?b", "RT @x:", "phone", "😴", "\n"]
        ),
        max_size=20,
    ).map(" ".join),
)


@st.composite
def any_tweets(draw: st.DrawFn, *, max_size: int = 12) -> tuple[pd.DataFrame, Vectors]:
    """Valid tweets of any kind, also those no one has seen yet, with their vectors."""
    size = draw(st.integers(0, max_size))
    rows = [
        tweet(
            number,
            created_at=(created_at := HOUR + timedelta(seconds=draw(st.integers(0, 7 * 3600)))),
            collected_at=created_at + timedelta(seconds=draw(st.integers(-3600, 10**8))),
            text=draw(texts),
            author_handle=draw(st.text(max_size=20)),
            author_followers=draw(st.none() | counts),
            author_verified=draw(st.booleans()),
            lang=draw(st.sampled_from([None, "en", "es", "und", "qme", "zxx", "in", "", "EN-gb"])),
            is_retweet=draw(st.booleans()),
            like_count=draw(st.none() | counts),
            reply_count=draw(st.none() | counts),
            retweet_count=draw(st.none() | counts),
            view_count=draw(st.none() | counts),
        )
        for number in range(size)
    ]
    seed = draw(st.integers(0, 2**32 - 1))
    vectors = np.random.default_rng(seed).standard_normal((size, DIMENSIONS)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    vectors[: size // 4] = 0
    return frame(*rows), vectors
