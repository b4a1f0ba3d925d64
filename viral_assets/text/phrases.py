"""Looking for words in a whole column of texts at once. What the words mean is elsewhere (``components``, ``gate``).

A call of a regular expression per text costs more than the search itself, so the texts of a column are joined, with a
separator no phrase crosses, and searched in one go. They are joined as UTF-8: a single emoji makes a ``str`` of a
million characters four times as large, and bytes can be looked at by numpy.
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

_SEPARATOR = b"\0"
_SPACE = ord(" ")
# A line break separates words as a space does.
_SPACES = bytes.maketrans(b"\t\n\r", b"   ")

# The most bytes of one character, and the bytes that continue one.
_LONGEST = 4
_CONTINUATION = range(0x80, 0xC0)

# Five bits tell letters apart; other characters share theirs, and are told apart by the phrase itself.
_LETTER_BITS = 31
_PREFIX = 4
_SHORTEST = 2

# Bytes with which a word goes on; an accented Latin letter begins with one of the last of these in UTF-8.
_GOES_ON = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz") | {*range(0xC3, 0xCB)}

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
    """The text as searches see it: compatibility forms unified (NFKC), case folded, invisible characters gone, and an
    apostrophe the same whether it was typed on a phone or a keyboard.
    """
    if not text.isascii():
        if not text.isprintable():
            text = _INVISIBLE.sub("", text)
        text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
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


def _joined(encoded: Sequence[bytes]) -> bytes:
    """Every text begins with a space. What follows the last one is for looking ahead."""
    return b"".join([b" ", (_SEPARATOR + b" ").join(encoded), _SEPARATOR, bytes(_LONGEST)])


class Phrases:
    """Words and phrases to look for in columns of texts, many at a time.

    Args:
        phrases: as :func:`fold` gives them, in a script that is written with spaces; none of a single letter.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        # Of two phrases with one beginning, the longer one is tried first.
        encoded = sorted((phrase.encode() for phrase in phrases), reverse=True)
        self._candidates = _Candidates(encoded)
        prefixes = b"".join(phrase[:_PREFIX].ljust(_PREFIX, b"\0") for phrase in encoded)
        codes = _prefix_codes(np.frombuffer(prefixes, np.uint8), np.arange(0, len(prefixes), _PREFIX))
        self._begins = np.zeros(1 << 5 * _PREFIX, dtype=np.bool_)
        for phrase, code in zip(encoded, codes.tolist(), strict=True):
            # What follows a phrase that is shorter than the prefix may be anything.
            self._begins[code : code + (1 << 5 * max(0, _PREFIX - len(phrase)))] = True

    def among(self, joined: bytes, characters: npt.NDArray[np.uint8]) -> Iterator[tuple[int, str]]:
        """Position and phrase of each that follows a space and does not go on as a word."""
        starts = np.flatnonzero(characters[: -_PREFIX - 1] == _SPACE) + 1
        for start in starts[self._begins[_prefix_codes(characters, starts)]].tolist():
            for phrase, text in self._candidates[joined[start : start + _PREFIX]]:
                if joined.startswith(phrase, start) and joined[start + len(phrase)] not in _GOES_ON:
                    yield start, text
                    break


class _Candidates(dict[bytes, list[tuple[bytes, str]]]):
    """The phrases that a text with some beginning may have there, in their order, put together when a text has it.

    A thousand tried one after the other are slow, and a regular expression of each few, which is a little faster for
    texts by the hundred thousand, takes longer to compile than an hour's texts take to be searched.
    """

    def __init__(self, phrases: Sequence[bytes]) -> None:
        super().__init__()
        self._begin_alike: dict[bytes, list[bytes]] = {}
        for phrase in phrases:
            self._begin_alike.setdefault(phrase[:_SHORTEST], []).append(phrase)

    def __missing__(self, beginning: bytes) -> list[tuple[bytes, str]]:
        found = [
            (phrase, phrase.decode())
            for phrase in self._begin_alike.get(beginning[:_SHORTEST], ())
            if phrase.startswith(beginning) or beginning.startswith(phrase)
        ]
        return self.setdefault(beginning, found) if found else found


def _prefix_codes(characters: npt.NDArray[np.uint8], starts: IntArray) -> npt.NDArray[np.uint32]:
    codes = np.zeros(len(starts), dtype=np.uint32)
    for offset in range(_PREFIX):
        codes <<= np.uint32(5)
        codes |= characters[starts + offset] & np.uint8(_LETTER_BITS)
    return codes


class TextColumn:
    """A column of texts to search.

    Args:
        texts: as they are stored; ``folded`` has them as :func:`fold` gives them, in the same order.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.folded = [text.casefold() if text.isascii() else fold(text) for text in texts]
        encoded = [text.encode("utf-8", "surrogatepass") for text in self.folded]
        joined = _joined(encoded)
        if joined.count(_SEPARATOR) > len(texts) + _LONGEST:
            joined = _joined([text.replace(_SEPARATOR, b" ") for text in encoded])
        self._joined = joined.translate(_SPACES)
        self._characters = np.frombuffer(self._joined, dtype=np.uint8)
        self._ends = np.flatnonzero(self._characters[:-_LONGEST] == ord(_SEPARATOR))

    def __len__(self) -> int:
        return len(self.texts)

    def find(self, phrases: Phrases) -> tuple[IntArray, list[str]]:
        """The row and the phrase of each occurrence."""
        rows, _, found = self.find_spans(phrases)
        return rows, found

    def find_spans(self, phrases: Phrases) -> tuple[IntArray, IntArray, list[str]]:
        """The row, the place and the phrase of each occurrence. Places are counted in bytes, as phrases are long."""
        found = list(phrases.among(self._joined, self._characters))
        places = np.array([place for place, _ in found], dtype=np.int64)
        return self._rows(places), places, [phrase for _, phrase in found]

    def part(self, rows: IntArray) -> TextColumn:
        """The texts of these rows, in their order; the column itself where they are all there are."""
        return self if len(rows) == len(self) else TextColumn([self.texts[row] for row in rows.tolist()])

    def contains(self, phrases: Iterable[str]) -> BoolArray:
        """Which texts contain one of the phrases as whole words, whatever the case and the spaces between them."""
        found = np.zeros(len(self), dtype=np.bool_)
        found[self._rows([position for phrase in phrases for position in self._occurrences(phrase)])] = True
        return found

    def _rows(self, positions: Sequence[int] | IntArray) -> IntArray:
        return np.searchsorted(self._ends, np.array(positions, dtype=np.int64))

    def _occurrences(self, phrase: str) -> Iterator[int]:
        """Where a phrase of any length in any script stands alone.

        It takes more care than :class:`Phrases`, for what a project wants to keep out.
        """
        words = fold(phrase).encode("utf-8", "surrogatepass").split()
        if not words:
            return
        whole = re.compile(rb"\s+".join(map(re.escape, words)))
        first, last = words[0].decode("utf-8", "ignore")[:1], words[-1].decode("utf-8", "ignore")[-1:]
        position = self._joined.find(words[0])
        while position >= 0:
            match = whole.match(self._joined, position)
            if match is not None:
                before, after = self._neighbours(match.start(), match.end())
                if not (_one_word(before, first) or _one_word(last, after)):
                    yield position
            position = self._joined.find(words[0], position + 1)

    def _neighbours(self, start: int, end: int) -> tuple[str, str]:
        """The characters before and after."""
        before = start - 1
        while self._joined[before] in _CONTINUATION:
            before -= 1
        return (
            self._joined[before:start].decode("utf-8", "ignore"),
            self._joined[end : end + _LONGEST].decode("utf-8", "ignore")[:1],
        )


def _one_word(before: str, after: str) -> bool:
    """Whether two neighbours belong to one word."""
    return _in_spaced_word(before) and _in_spaced_word(after)


def _in_spaced_word(character: str) -> bool:
    return (
        character != ""
        and (character.isalnum() or unicodedata.category(character).startswith("M"))
        and UNSPACED.match(character) is None
    )
