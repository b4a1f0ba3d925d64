"""Looking for words in a whole column of texts at once. What the words mean is elsewhere (``components``, ``gate``).

A call of a regular expression per text costs more than the search itself, so the texts of a column are joined, with a
separator no pattern crosses, and searched in one go.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_SEPARATOR = "\0"
# One character each, so that positions stay what they are: a line break separates words as a space does, and
# phones write ’ where people type '.
_SAME_AS = str.maketrans({"\n": " ", "\t": " ", "\r": " ", "’": "'", "‘": "'"})

# Zero-width characters and soft hyphens: invisible, and a known way past keyword lists.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")

LINK = r"(?:https?://|www\.)\S*"
_LINK_OR_HANDLE = re.compile(rf"{LINK}|(?<![\w@＠])[@＠]\w+", re.IGNORECASE)
_RETWEET_MARK = re.compile(r"^\s*RT\s+@\w+:")
_WORD = re.compile(r"[^\W_]+")

# Scripts written without spaces, or (Hangul) with particles attached: a word in them has no edge to look for.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def fold(text: str) -> str:
    """The text as searches see it: compatibility forms unified (NFKC), case folded, invisible characters gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return text.casefold()


def without_links_and_handles(text: str) -> str:
    """What the author says: the text without links, handles and the ``RT @handle:`` of an old-style retweet."""
    return " ".join(_LINK_OR_HANDLE.sub(" ", _RETWEET_MARK.sub("", text, count=1)).split())


def normalised(text: str) -> str:
    """Two texts with the same result say the same thing: only letters and digits count, links and handles do not.

    A text without any (emoji only) is compared as it is.
    """
    said = fold(without_links_and_handles(text))
    return " ".join(_WORD.findall(said)) or said


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern for folded phrases, for :meth:`TextColumn.find`: each after a space, and not going on as a word.

    The search skips from space to space, and there is one alternative per first letter, which makes it several times
    faster than a list of phrases between word boundaries.
    """
    rests: dict[str, list[str]] = {}
    for phrase in sorted(phrases, reverse=True):
        rests.setdefault(phrase[0], []).append(re.escape(phrase[1:]))
    alternatives = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())
    return re.compile(rf" (?:{alternatives})(?!\w)")


class TextColumn:
    """A column of texts to search.

    Args:
        texts: as they are stored; ``folded`` has them as :func:`fold` gives them, in the same order.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.folded = [text.casefold() if text.isascii() else fold(text) for text in texts]
        # Every text begins with a space, so that a pattern may begin with one.
        self._blob = " " + f"{_SEPARATOR} ".join(self.folded)
        if self._blob.count(_SEPARATOR) > max(0, len(texts) - 1):
            self._blob = " " + f"{_SEPARATOR} ".join(text.replace(_SEPARATOR, " ") for text in self.folded)
        for code, same in _SAME_AS.items():
            self._blob = self._blob.replace(chr(code), same)
        lengths = np.fromiter(map(len, self.folded), dtype=np.int64, count=len(texts))
        self._ends = np.cumsum(lengths + 2)

    def __len__(self) -> int:
        return len(self.texts)

    def find(self, pattern: re.Pattern[str]) -> tuple[IntArray, list[str]]:
        """The row and the phrase (without the space before it) of each match of a :func:`phrase_pattern`."""
        positions: list[int] = []
        phrases: list[str] = []
        for match in pattern.finditer(self._blob):
            positions.append(match.start())
            phrases.append(match.group()[1:])
        return self._rows(positions), phrases

    def contains(self, phrases: Sequence[str]) -> BoolArray:
        """Which texts contain one of the phrases as whole words, whatever the case and the spaces between them."""
        found = np.zeros(len(self), dtype=np.bool_)
        found[self._rows([position for phrase in phrases for position in self._occurrences(phrase)])] = True
        return found

    def _rows(self, positions: Sequence[int]) -> IntArray:
        return np.searchsorted(self._ends, np.array(positions, dtype=np.int64), side="right")

    def _occurrences(self, phrase: str) -> Iterator[int]:
        words = fold(phrase).translate(_SAME_AS).split()
        if not words:
            return
        whole = re.compile(r"\s+".join(map(re.escape, words)))
        position = self._blob.find(words[0])
        while position >= 0:
            match = whole.match(self._blob, position)
            if match is not None and self._stands_alone(match.start(), match.end()):
                yield position
            position = self._blob.find(words[0], position + 1)

    def _stands_alone(self, start: int, end: int) -> bool:
        blob = self._blob
        return not (_one_word(blob[start - 1], blob[start]) or _one_word(blob[end - 1], blob[end : end + 1]))


def _one_word(before: str, after: str) -> bool:
    """Whether two neighbours belong to one word."""
    return _in_spaced_word(before) and _in_spaced_word(after)


def _in_spaced_word(character: str) -> bool:
    return (
        character != ""
        and (character.isalnum() or unicodedata.category(character).startswith("M"))
        and UNSPACED.match(character) is None
    )
