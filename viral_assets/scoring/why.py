"""The score in words: ``600 likes in the first 30 min · screen time (84 %) · asks a question · 12K followers``.

Every part is true as it stands: numbers are rounded down, likes are told with the time they had when they were counted
(a rate would contradict the count and the age that a card shows beside it), and of likes and followers that nobody
knows it says so. The parts are looked up in small tables, since few distinct ones exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from viral_assets.scoring.components import Openness, Relevance, VelocityCounts
from viral_assets.text.amounts import UNITS, short_count
from viral_assets.text.phrases import BoolArray, FloatArray, IntArray

Words = npt.NDArray[np.object_]

SEPARATOR = " · "

_MINUTES_A_DAY = 24 * 60
_LARGEST = 999_000_000_000


def explanations(
    likes: FloatArray,
    age: FloatArray,
    gained: VelocityCounts,
    relevance: Relevance,
    topics: Sequence[str],
    openness: Openness,
    followers: FloatArray,
    not_understood: BoolArray,
) -> list[str]:
    """One line (n,) per tweet.

    Args:
        likes: counts (n,), NaN where unknown.
        age: minutes (n,) from the post to the moment the likes were counted.
        gained: since the look before; said instead where there was one, as the velocity is made of it.
        relevance: of the texts; the percentage shown is its score.
        topics: their labels.
        openness: of the texts.
        followers: counts (n,), NaN where unknown.
        not_understood: (n,) whose language the embedder does not know.
    """
    about = _topics(relevance, topics)
    about[not_understood] = "relevance unknown: language not known to the embedder"
    parts = (_spread(likes, age, gained), about, _openness(openness), _followers(followers))
    return [f"{a} · {b}{c}{d}" for a, b, c, d in zip(*(part.tolist() for part in parts), strict=True)]


def _spread(likes: FloatArray, age: FloatArray, gained: VelocityCounts) -> Words:
    words = _first_likes(likes, age)
    twice = np.flatnonzero(gained.two_snapshots & ~np.isnan(gained.likes))
    if len(twice):
        counts = _whole(gained.likes[twice])
        numbers = _lookup(_shown_digits(counts), lambda count: f"{short_count(count)} more {_likes_of(count)}")
        durations = _lookup(_shown_minutes(gained.minutes[twice]), _duration)
        words[twice] = [f"{number} in {duration}" for number, duration in zip(numbers, durations, strict=True)]
    return words


def _likes_of(count: int) -> str:
    return "like" if count == 1 else "likes"


def _first_likes(likes: FloatArray, age: FloatArray) -> Words:
    counts = _whole(np.nan_to_num(likes))
    numbers = _lookup(_shown_digits(counts), lambda count: _number_of(count, "like"))
    durations = _lookup(_shown_minutes(age), lambda minutes: "minute" if minutes == 1 else _duration(minutes))
    words: Words = numbers + " in the first " + durations
    words[counts == 0] = "no likes yet"
    words[np.isnan(likes)] = "likes unknown"
    return words


def _number_of(count: int, noun: str) -> str:
    return f"{short_count(count)} {noun}{'' if count == 1 else 's'}"


def _shown_minutes(age: FloatArray) -> IntArray:
    """Rounded up to what :func:`_duration` shows, so that what happened did happen within it."""
    unit = np.select([age > 2 * _MINUTES_A_DAY, age > 2 * 60], [_MINUTES_A_DAY, 60], default=1)
    minutes: IntArray = (np.ceil(age / unit) * unit).astype(np.int64)
    return minutes


def _duration(minutes: int) -> str:
    for unit, name in ((_MINUTES_A_DAY, "d"), (60, "h")):
        if minutes > 2 * unit:
            return f"{minutes // unit} {name}"
    return f"{minutes} min"


def _topics(relevance: Relevance, topics: Sequence[str]) -> Words:
    # As ``text.amounts.percent`` does it.
    percent = np.floor(np.round(relevance.score * 100, 4)).astype(np.int64)
    table = np.array([f"{topic} ({share} %)" for topic in topics for share in range(101)], dtype=np.object_)
    words: Words = table[relevance.topic * 101 + percent]
    words[percent == 0] = "off topic"
    return words


def _openness(openness: Openness) -> Words:
    signs = ("asks a question", "invites replies", "hedges")
    table = np.array(
        ["".join(SEPARATOR + sign for bit, sign in enumerate(signs) if row >> bit & 1) for row in range(8)],
        dtype=np.object_,
    )
    words: Words = table[openness.asks + 2 * openness.invites + 4 * openness.hedges]
    return words


def _followers(followers: FloatArray) -> Words:
    counts = _whole(np.nan_to_num(followers))
    words = _lookup(_shown_digits(counts), lambda count: SEPARATOR + _number_of(count, "follower"))
    words[np.isnan(followers)] = SEPARATOR + "followers unknown"
    return words


def _whole(numbers: FloatArray) -> IntArray:
    return np.minimum(numbers, _LARGEST).astype(np.int64)


def _shown_digits(numbers: IntArray) -> IntArray:
    """The numbers with the digits :func:`short_count` drops set to 0, so that few distinct ones remain."""
    step = np.ones_like(numbers)
    for unit, _ in reversed(UNITS):
        step[numbers >= unit] = unit // 10
        step[numbers >= 10 * unit] = unit
    return numbers // step * step


def _lookup(numbers: IntArray, name: Callable[[int], str]) -> Words:
    distinct, rows = np.unique(numbers, return_inverse=True)
    table = np.array([name(number) for number in distinct.tolist()], dtype=np.object_)
    words: Words = table[rows]
    return words
