"""What an embedder is, and how to read its cosines. The embedders themselves are in ``wordllama`` and ``gemini``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

# Long posts have up to 25,000 characters; no embedder is handed more.
_MAX_CHARACTERS = 25_000

_LINK_OR_HANDLE = re.compile(r"(?:https?://|www\.)\S*|(?<![\w@])@\w+", re.IGNORECASE)
_RETWEET_MARK = re.compile(r"^\s*RT\s+@\w+:")
_HASHTAG = re.compile(r"#(\w+)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the cosines of one embedder are to be read; raw cosines of different models are not comparable.

    Args:
        zero: from here down, two texts have nothing to do with each other.
        one: from here up, they are about the same thing.
        near_duplicate: from here up, they say the same thing.
    """

    zero: float
    one: float
    near_duplicate: float

    def calibrated(self, cosines: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Similarities between 0 and 1, in the shape of ``cosines``."""
        stretched = (np.asarray(cosines, dtype=np.float64) - self.zero) / (self.one - self.zero)
        return np.clip(stretched, 0.0, 1.0)


class Embedder(Protocol):
    """Texts to vectors. The vector of a text does not depend on the texts around it."""

    @property
    def model(self) -> str:
        """Key of the cache: everything that makes vectors comparable (name, version, dimensions, task)."""

    @property
    def dimensions(self) -> int:
        """Length d of a vector."""

    @property
    def languages(self) -> frozenset[str] | None:
        """Codes of the languages it knows; None for all that people write."""

    @property
    def calibration(self) -> Calibration:
        """How its cosines are to be read."""

    @property
    def batch_size(self) -> int:
        """How many texts to embed before what they cost (time or money) is worth saving."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, d); a row of zeros for a text with nothing to embed.

        Raises:
            ProviderError: a service that embeds does not.
            QuotaExhaustedError: it may not be asked any more today.
        """


def prepared(text: str) -> str:
    """The words to embed: links, handles and the mark of an old-style retweet say nothing about the subject.

    Equal texts up to Unicode normalisation (NFC), which share a cache entry, come out equal.
    """
    if not text.isascii():
        # A lone surrogate is no character, and tokenizers take UTF-8.
        text = unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode("utf-8")
    text = text[:_MAX_CHARACTERS]
    if "@" in text or "://" in text or "www." in text.lower():
        text = _LINK_OR_HANDLE.sub(" ", _RETWEET_MARK.sub("", text))
    return " ".join(text.split())


def split_hashtags(words: str) -> str:
    """``#ScreenTime`` as two words."""
    return _HASHTAG.sub(lambda hashtag: _HUMP.sub(" ", hashtag[1]), words) if "#" in words else words


def unit_rows(matrix: Vectors) -> Vectors:
    """The rows (n, d) at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    rows: Vectors = np.divide(matrix, lengths, out=np.zeros_like(matrix, dtype=np.float32), where=lengths > 0)
    return rows
