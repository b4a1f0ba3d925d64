"""Tweets that say what was said before, in the same words or in other ones, and so are passed over.

Two texts are near-duplicates when their words are the same but for links, handles and case, or when the cosine of
their vectors is at least the embedder's ``Calibration.near_duplicate``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np

from viral_assets.scoring.similarity import Vectors, cosines, have_near_duplicates
from viral_assets.text.phrases import BoolArray, IntArray, normalised

# Candidates are compared with what is already selected a few at a time, because the cap is usually reached early.
_CANDIDATES_AT_ONCE = 64

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecentOpportunities:
    """A project's opportunities of the days before: texts, their vectors (n, d), and the windows they belong to."""

    texts: Sequence[str]
    vectors: Vectors
    windows: Sequence[datetime]

    @classmethod
    def none(cls, dimensions: int) -> Self:
        return cls((), np.empty((0, dimensions), dtype=np.float32), ())


class EarlierOpportunities:
    """Opportunities of earlier windows, from the oldest on.

    Args:
        replaced: windows that are selected anew, whose opportunities are passed over.
    """

    def __init__(self, recent: RecentOpportunities, *, replaced: Collection[datetime]) -> None:
        self._recent = recent
        rows_of: dict[datetime, list[int]] = {}
        for row, window in enumerate(recent.windows):
            if window not in replaced:
                rows_of.setdefault(window, []).append(row)
        self._waiting = deque(sorted(rows_of.items()))

    def before(self, hour: datetime) -> Iterator[tuple[datetime, list[str], Vectors]]:
        """Window, normalised texts and vectors of those before ``hour`` that were not asked for yet."""
        while self._waiting and self._waiting[0][0] < hour:
            window, rows = self._waiting.popleft()
            yield window, [normalised(self._recent.texts[row]) for row in rows], self._recent.vectors[rows]


class SelectedTexts:
    """What was selected: texts and vectors that others are compared with.

    Windows are added in their order, so that those of the last days lie side by side in one matrix: comparing with a
    week of windows one by one takes many times as long, and copying them together for each hour a week's memory.

    Args:
        room: for so many.
    """

    def __init__(self, *, room: int, dimensions: int) -> None:
        self._window_of: dict[str, datetime] = {}
        self._windows: deque[tuple[datetime, int]] = deque()
        self._vectors = np.empty((room, dimensions), dtype=np.float32)
        self._hour = self._since = _LONG_AGO
        self._first = self._now = self._count = 0

    def begin(self, hour: datetime, *, since: datetime) -> None:
        """Candidates are of ``hour`` from now on, and compared with windows from ``since`` on."""
        while self._windows and self._windows[0][0] < since:
            self._first += self._windows.popleft()[1]
        self._hour, self._since, self._now = hour, since, self._count

    def add(self, window: datetime, phrases: Collection[str], vectors: Vectors) -> None:
        # Texts of links and handles only have nothing in common.
        self._window_of.update((text, window) for text in phrases if text)
        self._vectors[self._count : self._count + len(vectors)] = vectors
        self._count += len(vectors)
        self._windows.append((window, len(vectors)))

    def known_before(self, phrases: Sequence[str], vectors: Vectors, similarity: float) -> BoolArray:
        """Which normalised texts (n,) say what was said before the hour: in the same words, or by a vector near enough.
        Those in the words of the hour itself are among them.
        """
        same = np.array([self._window_of.get(text, _LONG_AGO) >= self._since for text in phrases], dtype=np.bool_)
        return same | have_near_duplicates(vectors, self._vectors[self._first : self._now], similarity)

    def known_now(self, text: str, vector: Vectors, similarity: float) -> bool:
        """Whether a normalised text, with the only row of ``vector``, says what was said in the hour."""
        if self._window_of.get(text) == self._hour:
            return True
        return bool(have_near_duplicates(vector, self._vectors[self._now : self._count], similarity)[0])


def take_distinct(
    candidates: IntArray,
    texts: Sequence[str],
    vectors: Vectors,
    seen: SelectedTexts,
    *,
    hour: datetime,
    room: int,
    similarity: float,
    objection: Callable[[int], str],
    take: Callable[[int], None],
) -> tuple[IntArray, dict[int, str]]:
    """Take candidates in their order while there is room, passing over those that say what was said before.

    Args:
        objection: what else is against a row, given what was taken before it; empty for nothing. It is asked first.
        take: is told of each row that is taken.

    Returns:
        The rows taken, which ``seen`` has afterwards, and those passed over with the reason.
    """
    taken: list[int] = []
    passed_over: dict[int, str] = {}
    for start in range(0, len(candidates), _CANDIDATES_AT_ONCE):
        if len(taken) >= room:
            break
        rows = candidates[start : start + _CANDIDATES_AT_ONCE]
        phrases = [normalised(texts[row]) for row in rows]
        known = seen.known_before(phrases, vectors[rows], similarity)
        for row, text, is_known in zip(rows.tolist(), phrases, known.tolist(), strict=True):
            if len(taken) >= room:
                break
            vector = vectors[row : row + 1]
            if reason := objection(row):
                passed_over[row] = reason
            elif is_known or seen.known_now(text, vector, similarity):
                passed_over[row] = "duplicate"
            else:
                taken.append(row)
                seen.add(hour, [text], vector)
                take(row)
    return np.array(taken, dtype=np.int64), passed_over


def closest(
    phrase: str, vector: Vectors, phrases: Sequence[str], vectors: Vectors, similarity: float
) -> tuple[int, float | None] | None:
    """Which of some texts a text repeats: the first in its words, else the nearest that is near enough.

    Args:
        phrase: the normalised text.
        vector: its only row (1, d).
        phrases: (n,), normalised too.
        vectors: (n, d), theirs.

    Returns:
        Its number, and the cosine, None where the words are the same; None if it repeats none.
    """
    if phrase and phrase in phrases:
        return phrases.index(phrase), None
    if not have_near_duplicates(vector, vectors, similarity)[0]:
        return None
    nearness = cosines(vector, vectors)[0]
    number = int(nearness.argmax())
    return number, float(nearness[number])
