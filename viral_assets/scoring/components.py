"""The four numbers a score is made of, each between 0 and 1, for a whole column of tweets at once.

How they are weighed is in ``total``; whether a tweet is for the project at all, in ``gate``. Every function works row
by row: a value depends on its own row only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from viral_assets.projects.model import Sources
from viral_assets.scoring.similarity import Vectors
from viral_assets.scoring.welcome import signs
from viral_assets.text.phrases import LINK, BoolArray, FloatArray, IntArray, Phrases, TextColumn
from viral_assets.vocabulary import UNKNOWN_AUDIENCE

VELOCITY_STEEPNESS = 2.0
"""With it, an account of 10,000 followers has a velocity of 0.24 at 60 likes an hour and of 0.85 at 300."""

REPLY_WEIGHT, RETWEET_WEIGHT = 2.0, 1.5
"""Next to a like, which counts as 1."""

MINUTES_BETWEEN_SNAPSHOTS = 10.0
"""Two snapshots closer than this say more about chance than about the tweet."""

MIN_FOLLOWERS = 100
"""Below this, a small audience is no longer held in a tweet's favour."""

BEST_SHARE, MARGIN_SHARE = 0.8, 0.2

# Each sign of openness leaves this share of the remaining distance to 1.
_ASKING, _INVITING, _HEDGING = 0.4, 0.6, 0.7

_NEUTRAL_AUTHOR, _FOLLOWERS_SHARE, _VERIFIED_SHARE = 0.3, 0.5, 0.1
_MANY_FOLLOWERS = 1_000_000

_LINK = re.compile(LINK)

# English, as the default language of a project; a question mark counts in every language. Others are in `welcome`.
_INVITATIONS = (
    *("am i the only", "anybody", "anyone", "change my mind", "convince me", "curious", "hot take", "is it just me"),
    *("let me know", "recommend", "recommendations", "tell me", "thoughts on", "unpopular opinion", "what's your"),
    *("who else", "wondering", "your thoughts"),
    *(f"any {noun}" for noun in ("advice", "idea", "ideas", "recommendations", "suggestions", "thoughts", "tips")),
    *(f"how do {who}" for who in ("i", "we", "you")),
    *(f"looking for {noun}" for noun in ("advice", "ideas", "recommendations", "suggestions", "tips")),
    *(f"what {verb} you" for verb in ("do", "would")),
)
_HEDGES = (
    *("feel like", "feels like", "i guess", "i suppose", "i think", "i wonder", "imho", "imo", "maybe", "might"),
    *("not sure", "perhaps", "possibly", "probably"),
)
_OPEN_PHRASES = Phrases([*_INVITATIONS, *_HEDGES])


class CosineCalibration(Protocol):
    """Turns an embedder's cosines into similarities between 0 (unrelated) and 1 (the same subject)."""

    def calibrated(self, cosines: npt.ArrayLike) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Openness:
    """What a text does to make a reply welcome, (n,) each; ``score`` is made of the three others."""

    asks: BoolArray
    invites: BoolArray
    hedges: BoolArray
    score: FloatArray


@dataclass(frozen=True, slots=True)
class Relevance:
    """``score`` (n,) in 0..1 and ``topic`` (n,), the index of the nearest topic."""

    score: FloatArray
    topic: IntArray


def age_minutes(created_at: npt.NDArray[np.datetime64], collected_at: npt.NDArray[np.datetime64]) -> FloatArray:
    """Minutes from the post to the moment its metrics were seen, at least 1.

    Never measured from now: a past window scores today as it did then.
    """
    minutes = (collected_at - created_at).astype("timedelta64[us]").astype(np.float64) / 60e6
    return np.maximum(minutes, 1.0)


@dataclass(frozen=True, slots=True)
class VelocityCounts:
    """What velocity is measured from, (n,) each: counts that came within so many minutes, NaN where unknown.

    Since the earlier of two snapshots of a tweet where there were two, else since it was posted.
    """

    likes: FloatArray
    replies: FloatArray
    retweets: FloatArray
    minutes: FloatArray
    two_snapshots: BoolArray


def gained(
    counts: tuple[FloatArray, FloatArray, FloatArray],
    earlier: tuple[FloatArray, FloatArray, FloatArray],
    age: FloatArray,
    since_earlier: FloatArray,
) -> VelocityCounts:
    """How a tweet does now rather than on average: the difference between its last two snapshots, where there are two.

    Both are of the past and stay what they are, so that a window scores the same on any day until a new
    one is collected.

    Args:
        counts: likes, replies and retweets (n,) as they were last seen; NaN where they never were.
        earlier: the same as they were seen before; NaN where they were not.
        age: minutes (n,) from the post to the last snapshot, at least 1.
        since_earlier: minutes (n,) between the two snapshots; NaN where there was one.
    """
    # Counts shrink a little when likes are taken back or accounts go: that is no engagement, and no negative one.
    differences = [np.maximum(now - before, 0.0) for now, before in zip(counts, earlier, strict=True)]
    two = (since_earlier >= MINUTES_BETWEEN_SNAPSHOTS) & ~np.isnan(differences).all(axis=0)
    likes, replies, retweets = (
        np.where(two, difference, now) for difference, now in zip(differences, counts, strict=True)
    )
    return VelocityCounts(likes, replies, retweets, np.where(two, since_earlier, age), two)


def velocity(
    likes: FloatArray, replies: FloatArray, retweets: FloatArray, followers: FloatArray, age: FloatArray
) -> FloatArray:
    """Engagement a minute, relative to what the size of the audience lets expect. See :func:`gained` for of what.

    ``2·sigmoid(k·e / log10(max(100, followers))) - 1`` with ``e`` = (likes + 2·replies + 1.5·retweets) / minutes of
    age, which is ``tanh`` of half the argument and so cannot overflow.

    A count that nobody knows adds nothing: with the others, the velocity is a lower bound. Where all three are unknown
    nothing was measured, and the velocity is NaN.

    Args:
        likes, replies, retweets: counts (n,), not negative; NaN where unknown.
        followers: (n,), see :func:`audience`.
        age: minutes (n,) within which they came, at least 1.
    """
    known = np.nan_to_num(likes) + REPLY_WEIGHT * np.nan_to_num(replies) + RETWEET_WEIGHT * np.nan_to_num(retweets)
    engagement = np.where(np.isnan([likes, replies, retweets]).all(axis=0), np.nan, known) / age
    return np.tanh(VELOCITY_STEEPNESS * engagement / np.log10(np.maximum(followers, MIN_FOLLOWERS)) / 2)


def audience(followers: FloatArray) -> FloatArray:
    """Followers (n,), :data:`~viral_assets.vocabulary.UNKNOWN_AUDIENCE` where they are unknown (NaN).

    As 0, an unknown author would get the greatest velocity for few likes, and the least quality.
    """
    return np.where(np.isnan(followers), UNKNOWN_AUDIENCE, followers)


def relevance(cosines: Vectors, calibration: CosineCalibration) -> Relevance:
    """How near a text is to its topic, and how clearly it is that one and no other: 0.8·best + 0.2·margin.

    Args:
        cosines: to each topic, (n, topics). The nearest topic is the one with the largest, also where calibration
            makes no difference any more. With one topic, the margin is the similarity itself.
        calibration: of the embedder the cosines come from.
    """
    topic = np.argmax(cosines, axis=1)
    best = calibration.calibrated(cosines[np.arange(len(cosines)), topic])
    margin = best
    if cosines.shape[1] > 1:
        margin = best - calibration.calibrated(np.partition(cosines, -2, axis=1)[:, -2])
    return Relevance(BEST_SHARE * best + MARGIN_SHARE * margin, topic)


def openness(column: TextColumn, languages: Sequence[str | None] = ()) -> Openness:
    """Whether the author asks, invites an answer or shows doubt: 1 - 0.4^asks · 0.6^invites · 0.7^hedges.

    Args:
        languages: of the texts (n,), as :func:`~viral_assets.text.language.languages_of` gives them. A text in another
            language than English is searched for the signs of its own too.
    """
    asks = np.array([("?" in text or "؟" in text) and _asks(text) for text in column.folded], dtype=np.bool_)
    rows, phrases = column.find(_OPEN_PHRASES)
    is_hedge = np.array([phrase in _HEDGES for phrase in phrases], dtype=np.bool_)
    invites, hedges = (np.zeros(len(column), dtype=np.bool_) for _ in range(2))
    invites[rows[~is_hedge]] = True
    hedges[rows[is_hedge]] = True
    by_sign = {"asks": asks, "invites": invites, "hedges": hedges}
    for row, sign in signs(column, languages):
        by_sign[sign][row] = True
    closed = np.where(asks, _ASKING, 1.0) * np.where(invites, _INVITING, 1.0) * np.where(hedges, _HEDGING, 1.0)
    return Openness(asks, invites, hedges, 1.0 - closed)


def _asks(folded: str) -> bool:
    """Folding made every kind of question mark one of two. One that is part of a link does not ask."""
    without_links = _LINK.sub(" ", folded) if "://" in folded or "www." in folded else folded
    return "?" in without_links or "؟" in without_links


def normalised_handles(handles: Sequence[str]) -> list[str]:
    """Handles as project files are read: lower case, without ``@``."""
    return [handle.strip().lstrip("@").lower() for handle in handles]


def author_quality(handles: Sequence[str], followers: FloatArray, verified: BoolArray, lists: Sources) -> FloatArray:
    """1 for an allowed author, 0 for a blocked one, in between a moderate bonus for followers and a verified account.

    Args:
        handles: (n,), as :func:`normalised_handles` gives them.
        followers: (n,), see :func:`audience`; 100 add nothing, a million adds 0.5.
        verified: (n,); adds 0.1, because a check mark can be bought.
        lists: the project's lists; blocking wins.
    """
    size = np.log10(np.maximum(followers, MIN_FOLLOWERS) / MIN_FOLLOWERS) / np.log10(_MANY_FOLLOWERS / MIN_FOLLOWERS)
    quality: FloatArray = _NEUTRAL_AUTHOR + _FOLLOWERS_SHARE * np.minimum(size, 1.0) + _VERIFIED_SHARE * verified
    quality[listed(handles, lists.allow_handles)] = 1.0
    quality[listed(handles, lists.block_handles)] = 0.0
    return quality


def listed(handles: Sequence[str], names: Collection[str]) -> BoolArray:
    """Which of the handles (n,) are among the names."""
    if not names:
        return np.zeros(len(handles), dtype=np.bool_)
    return np.array([handle in names for handle in handles], dtype=np.bool_)
