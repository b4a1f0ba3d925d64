"""Which accepted suggestion a new one nearly repeats, found in a time that hardly grows with their number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Indel

from viral_assets.generation.drafting.words import words_of

NEAR_DUPLICATE = 0.92
"""Share of words (in order) two texts must have in common: of 12 words each none may differ, of 25 one may.

Texts that follow one pattern and differ in substance stay: numbers, codes and names with an underscore must all be
the same before two texts count as near-duplicates.
"""

_FACT = re.compile(r"[\d_]")


class AcceptedTexts:
    """Remembers texts, and finds the near-duplicates of others among them.

    What is compared are strings of one character a word. How many of a text's words a near-duplicate may lack follows
    from both lengths; only texts that lack no more of them are compared (the idea of "prefix filtering" by length,
    Bayardo et al., Scaling Up All Pairs Similarity Search, 2007, for all words instead of the rarest).
    """

    def __init__(self) -> None:
        self._characters = _Characters()
        self._texts: list[str] = []
        self._coded: list[str] = []
        self._groups: dict[tuple[str, ...], dict[int, _SameLength]] = {}
        self._last_read = ("", "", [""])

    def add(self, text: str) -> None:
        coded, different = self._read(text)
        by_length = self._groups.setdefault(_facts(text), {})
        by_length.setdefault(len(coded), _SameLength()).add(different, len(self._texts))
        self._texts.append(text)
        self._coded.append(coded)

    def near_duplicate_of(self, text: str) -> str | None:
        """The accepted text that is most nearly the same, if there is one; of several the first."""
        by_length = self._groups.get(_facts(text))
        if by_length is None:
            return None
        known = len(self._characters)
        coded, different = self._read(text)
        # Words that were in no text before, all of them lack.
        new = len(self._characters) - known
        candidates = [
            number
            for length, may_lack in _lengths_alike(len(coded))
            if may_lack >= new and (group := by_length.get(length)) is not None
            for number in group.lacking(different, may_lack)
        ]
        if not candidates:
            return None
        candidates.sort()
        found = process.extractOne(
            coded,
            [self._coded[number] for number in candidates],
            scorer=Indel.normalized_similarity,
            score_cutoff=NEAR_DUPLICATE,
        )
        return self._texts[candidates[found[2]]] if found else None

    def _read(self, text: str) -> tuple[str, list[str]]:
        """A text as a string of one character a word, and its different characters. What is found to be no duplicate
        is added next."""
        if text != self._last_read[0]:
            coded = self._characters.of(text)
            self._last_read = text, coded, _newest_first(coded)
        return self._last_read[1:]


class _Characters(dict[str, str]):
    """A character for each word, the later the word was first seen, the higher."""

    def of(self, text: str) -> str:
        return "".join(map(self.__getitem__, words_of(text)))

    def __missing__(self, word: str) -> str:
        # From 0x10000 on there are no surrogates; a run never comes near a million different words.
        character = self[word] = chr(0x10000 + len(self) % 0x100000)
        return character


class _SameLength:
    """Texts of as many words with the same facts, and which of them have a word.

    Sets of texts are integers with a bit for each text: what would be a loop over thousands is one operation.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._with: dict[str, int] = {}

    def add(self, different: Sequence[str], number: int) -> None:
        texts, this = self._with, 1 << len(self._numbers)
        for character in different:
            texts[character] = texts.get(character, 0) | this
        self._numbers.append(number)

    def lacking(self, different: Sequence[str], may_lack: int) -> Iterator[int]:
        """The numbers of the texts that lack no more of these words, of which the rarest had better come first."""
        having = list(filter(None, map(self._with.get, different)))
        # What none of them has, all of them lack.
        may_lack -= len(different) - len(having)
        if may_lack < 0:
            return
        # Whoever lacks no more than so many has one of the first, of which there is one more: most often nobody.
        having_one = 0
        for texts in having[: may_lack + 1]:
            having_one |= texts
        # few[n] are those that lack n words at most, of the words so far; with the rarest first, soon none.
        few = [having_one] * (may_lack + 1)
        for texts in having:
            if not few[-1]:
                return
            for allowed in range(may_lack, 0, -1):
                few[allowed] = few[allowed] & texts | few[allowed - 1]
            few[0] &= texts
        for position in _bit_positions(few[-1]):
            yield self._numbers[position]


def _newest_first(coded: str) -> list[str]:
    """The different words, those first that were seen first the latest, as they are the rarest; a text without words
    is found by the empty one."""
    return sorted(set(coded), reverse=True) or [""]


@lru_cache(maxsize=256)
def _lengths_alike(words: int) -> tuple[tuple[int, int], ...]:
    """How many words a near-duplicate of a text of so many may have, and how many of the text's it may lack then.

    What both have in the same order is at least :data:`NEAR_DUPLICATE` of the mean of both lengths.
    """
    alike = []
    for other in range(2 * words + 1):
        in_both = NEAR_DUPLICATE * (words + other) / 2 - 1e-9
        if in_both <= min(words, other):
            alike.append((other, math.floor(words - in_both)))
    return tuple(alike)


def _bit_positions(bits: int) -> Iterator[int]:
    """Where an integer has its ones, from the lowest."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@lru_cache(maxsize=1024)
def _facts(text: str) -> tuple[str, ...]:
    words = words_of(text)
    # Few texts have any.
    if not _FACT.search(" ".join(words)):
        return ()
    return tuple(sorted({word for word in words if _FACT.search(word)}))
