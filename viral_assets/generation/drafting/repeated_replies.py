"""Which accepted suggestion a new one nearly repeats, found in a time that hardly grows with their number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Indel

from viral_assets.generation.drafting.words import words_of

NEAR_DUPLICATE = 0.92
"""Share of words (in order) two texts must have in common: of 12 words each none may differ, of 25 one may.

Texts that follow one pattern and differ in substance stay: numbers, codes and names with an underscore must all be
the same before two texts count as near-duplicates.
"""

MAY_LACK = 2 * (1 - NEAR_DUPLICATE) / (2 - NEAR_DUPLICATE)
"""Share of its words that a text may have and a near-duplicate of it not: all that is left of it is in the other."""

_FACT = re.compile(r"[\d_]")


class AcceptedTexts:
    """Remembers texts, and finds the near-duplicates of others among them.

    What is compared are strings of one character a word. Of a text's words a near-duplicate may lack
    :data:`MAY_LACK`; only texts that lack no more of them are compared (the idea of "prefix filtering", Chaudhuri et
    al., A Primitive Operator for Similarity Joins in Data Cleaning, 2006, for all words instead of the rarest).
    """

    def __init__(self) -> None:
        self._characters = _Characters()
        self._groups: dict[tuple[str, ...], _SameFacts] = {}

    def add(self, text: str) -> None:
        self._groups.setdefault(_facts(text), _SameFacts()).add(self._characters.of(text), text)

    def near_duplicate_of(self, text: str) -> str | None:
        """The accepted text that is most nearly the same, if there is one; of several the first."""
        group = self._groups.get(_facts(text))
        return group.near_duplicate_of(self._characters.of(text)) if group else None


class _Characters(dict[str, str]):
    """A character for each word."""

    def of(self, text: str) -> str:
        return "".join(map(self.__getitem__, words_of(text)))

    def __missing__(self, word: str) -> str:
        # From 0x10000 on there are no surrogates; a run never comes near a million different words.
        character = self[word] = chr(0x10000 + len(self) % 0x100000)
        return character


class _SameFacts:
    """Texts with the same facts, in the order in which they came, and which of them have a word.

    Sets of texts are integers with a bit for each text: what would be a loop over thousands is one operation.
    """

    def __init__(self) -> None:
        self._coded: list[str] = []
        self._texts: list[str] = []
        self._with: dict[str, int] = {}
        self._number_with: dict[str, int] = {}

    def add(self, coded: str, text: str) -> None:
        this = 1 << len(self._texts)
        # A text without words is found by the empty one.
        for character in set(coded) or ("",):
            self._with[character] = self._with.get(character, 0) | this
            self._number_with[character] = self._number_with.get(character, 0) + 1
        self._coded.append(coded)
        self._texts.append(text)

    def near_duplicate_of(self, coded: str) -> str | None:
        candidates = list(_bit_positions(self._lacking_few(coded)))
        if not candidates:
            return None
        found = process.extractOne(
            coded,
            [self._coded[number] for number in candidates],
            scorer=Indel.normalized_similarity,
            score_cutoff=NEAR_DUPLICATE,
        )
        return self._texts[candidates[found[2]]] if found else None

    def _lacking_few(self, coded: str) -> int:
        """The texts that lack no more of the words than a near-duplicate may."""
        numbers = self._number_with
        rarest_first = sorted([(numbers.get(character, 0), character) for character in set(coded) or ("",)])
        may_lack = int(MAY_LACK * len(coded) + 1e-9)
        # Whoever lacks no more than so many has one of the rarest words, of which there is one more: most often nobody.
        having_one = 0
        for _, character in rarest_first[: may_lack + 1]:
            having_one |= self._with.get(character, 0)
        if not having_one:
            return 0
        # lacking[n] are those that lack n words at most, of the words so far; with the rarest first, soon none.
        lacking = [having_one] * (may_lack + 1)
        for _, character in rarest_first:
            with_word = self._with.get(character, 0)
            for allowed in range(len(lacking) - 1, 0, -1):
                lacking[allowed] = lacking[allowed] & with_word | lacking[allowed - 1]
            lacking[0] &= with_word
            if not lacking[-1]:
                break
        return lacking[-1]


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
