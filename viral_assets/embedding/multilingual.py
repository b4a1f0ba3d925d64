"""The embedder for other languages than English: the multilingual Universal Sentence Encoder, offline, without a key.

Its weights and its tokenizer come with the package of the extra ``multilingual`` (``use_weights``; how they are loaded
is in ``use_tables``); the arithmetic is in ``use_encoder``. It puts texts that say the same in different languages
close together, so that topics described in one language find tweets in another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from viral_assets.embedding.base import Calibration, Vectors, prepared, split_hashtags
from viral_assets.embedding.use_tokenizer import Tokenizer
from viral_assets.embedding.use_weights import UseWeights, resources

DIMENSIONS = 512

LANGUAGES = frozenset(("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"))
"""It was trained on these (https://tfhub.dev/google/universal-sentence-encoder-multilingual/3)."""

# The beginning of X's longest posts says what they are about, and costs no more than ten tweets.
_CHARACTERS_READ = 2_000

_LOCK = threading.Lock()


class MultilingualEmbedder:
    """Universal Sentence Encoder, multilingual, version 3, with 512 dimensions. Safe between threads.

    Loaded when the first text is embedded, once for a process: 100 MB, of which processes share most.

    Raises:
        ConfigurationError: its package is not installed.
    """

    # The last part counts changes in how texts are prepared.
    model = f"use-multilingual-3-{DIMENSIONS}-1"
    dimensions = DIMENSIONS
    languages = LANGUAGES
    batch_size = 1024
    # The same for all its languages, whose cosines lie alike (benchmarks/relevance.py shows them). With topics in
    # English, tweets on other subjects had a cosine of 0.14 in the median and of 0.16 to 0.25 at 90 % in each of the
    # fifteen, sentences of news in four of them 0.16 to 0.19 at 90 %, and tweets about a topic 0.47 to 0.55 in the
    # median. Copies with a word or two changed have 0.84 and more, others on the same subject at most 0.75, and a tweet
    # and its translation 0.83 at 95 %.
    calibration = Calibration(zero=0.20, one=0.50, near_duplicate=0.82)

    def __init__(self) -> None:
        resources()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, 512); zeros for a text without words, or without any that is written in a script it knows.

        Raises:
            ConfigurationError: the files of its package are not the known ones.
        """
        from viral_assets.embedding.use_encoder import encode

        with _LOCK:
            model = _model()
        rows: list[int] = []

        def known() -> Iterator[list[int]]:
            for row, text in enumerate(texts):
                if pieces := model.pieces(_words(text)):
                    rows.append(row)
                    yield pieces

        found = encode(model.weights, known())
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        vectors[rows] = found
        return vectors


@dataclass(frozen=True, slots=True)
class _Model:
    weights: UseWeights
    tokenizer: Tokenizer
    says_nothing: frozenset[int]

    def pieces(self, text: str) -> list[int]:
        """Numbers of the pieces, with the marks of beginning and end; none where no piece says anything."""
        if not any(map(str.isalnum, text)):
            return []
        pieces = self.tokenizer.encode(text)
        return [] if self.says_nothing.issuperset(pieces) else pieces


@cache
def _model() -> _Model:
    from viral_assets.embedding.use_tables import load_model

    weights, tokenizer = load_model()
    # Of a character of no known script it makes: a space, the unknown, and the two marks.
    return _Model(weights, tokenizer, frozenset(tokenizer.encode("\U0001f6d8")))


def _words(text: str) -> str:
    """What is shouted is read as said: the model's pieces know case, and a text in capitals had a cosine of 0.4 with
    itself in the median.
    """
    words = split_hashtags(prepared(text))[:_CHARACTERS_READ]
    return words.lower() if _is_shouted(words) else words


def _is_shouted(words: str) -> bool:
    """More than half of the letters are capitals."""
    return 2 * sum(map(str.isupper, words)) > sum(map(str.isalpha, words))
