"""The scores of a window of tweets for one project: the parts of this package put together.

Choosing among the scored tweets is in ``selection``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from viral_assets.context import Context
from viral_assets.projects.model import Project
from viral_assets.safety.around import FlagsByRow, SafetyDetectors, with_flags_around
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.flags import find_flags
from viral_assets.safety.handling import handle
from viral_assets.safety.resemblance import Embed, Resemblance
from viral_assets.scoring import components, gate, why
from viral_assets.scoring.languages import Languages, not_understood
from viral_assets.scoring.similarity import Vectors, cosines
from viral_assets.scoring.total import DECIMALS, labels, total
from viral_assets.text.language import languages_of
from viral_assets.text.phrases import FloatArray, TextColumn
from viral_assets.vocabulary import GATE_PASSED

SCORE_COLUMNS = (
    "project",
    "tweet_id",
    "window_start",
    "velocity",
    "relevance",
    "openness",
    "author_quality",
    "total",
    "label",
    "topic",
    "gate",
    "why",
    "unsafe",
    "flags",
)

# Scored at once: large enough for the arrays to pay, small enough for their texts to take little memory.
_BLOCK = 16_384


def score_window(
    tweets: pd.DataFrame,
    vectors: Vectors,
    topic_vectors: Mapping[str, Vectors],
    project: Project,
    calibration: components.CosineCalibration,
    *,
    languages: Languages = None,
    resemblance: Resemblance | None = None,
    closer_look: CloserLook | None = None,
    contexts: Mapping[str, Context] | None = None,
    embed: Embed | None = None,
) -> pd.DataFrame:
    """Score tweets for one project.

    A tweet's row depends on the tweet, the project and the embedder only: not on the other tweets, on their order,
    or on the time of day. Scores are between 0 and 1, and rounded to six decimals.

    What nobody knows is not 0. An author whose followers are unknown counts as one of middling audience (see
    :func:`~viral_assets.scoring.components.audience`), neither rewarded nor punished for it. An unknown count of likes,
    replies or retweets adds nothing to the velocity, which is then a lower bound; where all three are unknown there is
    no velocity (NaN), and the total is the weighted mean of the other components. Between two snapshots only what both
    know is compared.

    Args:
        tweets: rows of the table ``tweets``: tweet_id, window_start, created_at, collected_at, text, author_handle,
            author_followers, author_verified, lang, is_retweet, is_promoted, like_count, reply_count, retweet_count.
            Where there are ``earlier_collected_at``, ``earlier_like_count``, ``earlier_reply_count`` and
            ``earlier_retweet_count`` (absent where a tweet was seen once), velocity is what came since then.
        vectors: (n, d), the embedding of each row's text, in the same order.
        topic_vectors: (d,) by label, see :func:`~viral_assets.scoring.topics.topic_vectors`.
        project: weights, thresholds, lists and languages, and what it makes of sensitive tweets.
        calibration: of the embedder that made the vectors.
        languages: that it knows; None for all. Of a tweet in another one nobody knows the relevance: it counts as 0,
            and the gate and the explanation say why.
        resemblance: what sensitive tweets sound like to that embedder; without, phrases alone tell.
        closer_look: at the tweets that pass the gate, instead of that.
        contexts: by tweet, what it stands in; of tweets that pass the gate, that is looked at like the tweet.
        embed: makes vectors for that, by the embedder of ``vectors``; without, phrases alone tell.

    Returns:
        :data:`SCORE_COLUMNS`, one row per tweet in the given order, with a new index.

    Raises:
        ConfigurationError: tweets and topics were embedded by different embedders.
    """
    if len(tweets) != len(vectors):
        raise ValueError(f"{len(tweets)} tweets need as many vectors, not {len(vectors)}")
    names = list(topic_vectors)
    topic_matrix = np.stack([topic_vectors[name] for name in names])
    blocks = [
        _score_block(
            tweets.iloc[start : start + _BLOCK],
            vectors[start : start + _BLOCK],
            names,
            topic_matrix,
            project,
            calibration,
            languages,
            SafetyDetectors(embed, resemblance, closer_look),
            contexts or {},
        )
        for start in range(0, max(1, len(tweets)), _BLOCK)
    ]
    scores: dict[str, Any] = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    frame = pd.DataFrame({"tweet_id": tweets["tweet_id"].array, "window_start": tweets["window_start"].array, **scores})
    return frame.assign(project=project.name)[list(SCORE_COLUMNS)]


def _score_block(
    tweets: pd.DataFrame,
    vectors: Vectors,
    topics: list[str],
    topic_matrix: Vectors,
    project: Project,
    calibration: components.CosineCalibration,
    languages: Languages,
    detectors: SafetyDetectors,
    contexts: Mapping[str, Context],
) -> dict[str, npt.NDArray[Any]]:
    column = TextColumn(tweets["text"].tolist())
    handles = components.normalised_handles(tweets["author_handle"].tolist())
    likes, replies, retweets = (_numbers(tweets[f"{name}_count"]) for name in ("like", "reply", "retweet"))
    known_followers = _numbers(tweets["author_followers"])
    followers = components.audience(known_followers)
    age = components.age_minutes(_instants(tweets["created_at"]), _instants(tweets["collected_at"]))

    gained = components.gained((likes, replies, retweets), *_earlier(tweets, age))
    velocity = _rounded(components.velocity(gained.likes, gained.replies, gained.retweets, followers, gained.minutes))
    nearest = components.relevance(cosines(vectors, topic_matrix), calibration)
    unknown = not_understood(tweets["lang"], column.texts, project, languages)
    relevance = components.Relevance(_rounded(np.where(unknown, 0.0, nearest.score)), nearest.topic)
    written_in = languages_of(tweets["lang"].tolist(), column.texts)
    passes = gate.apply_gate(tweets, column, handles, relevance.score, project, unknown)
    flags: FlagsByRow = find_flags(column, written_in, vectors, detectors.resemblance)
    passing = np.flatnonzero(passes == GATE_PASSED)
    if detectors.closer_look is not None:
        others = {row: found for row, found in flags.items() if passes[row] != GATE_PASSED}
        flags = {**others, **detectors.closer_look.flags_of(column, written_in, passing)}
    if contexts:
        ids = tweets["tweet_id"].tolist()
        known = {row: contexts[ids[row]] for row in passing.tolist() if ids[row] in contexts}
        flags = with_flags_around(flags, known, detectors)
    safety = handle(flags, len(column), project.safety.handlings())
    openness = components.openness(column, written_in)
    opened = _rounded(openness.score)
    quality = _rounded(
        components.author_quality(
            handles, followers, tweets["author_verified"].to_numpy(dtype=np.bool_), project.sources
        )
    )
    totals = total(velocity, relevance.score, opened, quality, project.weights)
    return {
        "velocity": velocity,
        "relevance": relevance.score,
        "openness": opened,
        "author_quality": quality,
        "total": totals,
        "label": labels(totals, relevance.score, project.thresholds, project.weights),
        "topic": np.array(topics, dtype=np.object_)[relevance.topic],
        "gate": np.where((passes == GATE_PASSED) & (safety.unsafe != ""), gate.NOT_SAFE, passes),
        "why": np.array(
            why.explanations(likes, age, gained, relevance, topics, openness, known_followers, unknown),
            dtype=np.object_,
        ),
        "unsafe": safety.unsafe,
        "flags": safety.flags,
    }


def _earlier(
    tweets: pd.DataFrame, age: FloatArray
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], FloatArray, FloatArray]:
    """The counts of the snapshot before the last one, the age, and the minutes between the two; NaN for none."""
    nothing = np.full(len(tweets), np.nan)
    if "earlier_collected_at" not in tweets:
        return (nothing, nothing, nothing), age, nothing
    likes, replies, retweets = (_numbers(tweets[f"earlier_{name}_count"]) for name in ("like", "reply", "retweet"))
    passed = _instants(tweets["collected_at"]) - _instants(tweets["earlier_collected_at"])
    minutes = passed.astype("timedelta64[us]").astype(np.float64) / 60e6
    return (likes, replies, retweets), age, np.where(np.isnat(passed), np.nan, minutes)


def _rounded(values: FloatArray) -> FloatArray:
    return np.clip(np.round(values, DECIMALS), 0.0, 1.0)


def _numbers(values: pd.Series) -> FloatArray:
    """Counts, NaN where unknown; a negative one is 0."""
    numbers: FloatArray = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.maximum(numbers, 0.0)


def _instants(values: pd.Series) -> npt.NDArray[np.datetime64]:
    return pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
