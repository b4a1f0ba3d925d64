"""The cache between an embedder and whoever wants vectors: no text is embedded twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from viral_assets.embedding.base import Calibration, Embedder, Vectors
from viral_assets.errors import ViralAssetsError
from viral_assets.store.engine import Database
from viral_assets.store.vectors import as_stored, read_vectors, write_vectors
from viral_assets.text.amounts import how_many
from viral_assets.text.hashing import text_hash

_ROWS_AT_ONCE = 1_000


@dataclass(slots=True)
class CacheStats:
    """Texts asked for: found (the same text twice included), and embedded now."""

    hits: int = 0
    computed: int = 0


class CachedEmbedder:
    """An embedder that remembers in the database, by model and hash of the text.

    Args:
        embedder: computes what is not known yet.
        database: keeps it. Every ``embedder.batch_size`` new vectors are one transaction, so that a failure costs no
            more than one batch.
    """

    def __init__(self, embedder: Embedder, database: Database) -> None:
        self._embedder = embedder
        self._database = database
        self.stats = CacheStats()

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    @property
    def languages(self) -> frozenset[str] | None:
        return self._embedder.languages

    @property
    def calibration(self) -> Calibration:
        return self._embedder.calibration

    @property
    def batch_size(self) -> int:
        return self._embedder.batch_size

    def reads(self, text: str) -> bool:
        """Whether the embedder makes anything but zeros of a text; it is asked itself, whatever is remembered."""
        return bool(self._embedder.embed([text]).any())

    def embed(self, texts: Sequence[str], hashes: Sequence[str] | None = None) -> Vectors:
        """Unit rows (n, d), one per text in the given order.

        Args:
            texts: may repeat.
            hashes: their :func:`~viral_assets.text.hashing.text_hash`, where they are known already.

        Raises:
            ProviderError: a service that embeds does not; what it embedded before is kept.
            QuotaExhaustedError: it may not be asked any more today; likewise.
            DatabaseUnavailableError: the cache cannot be read or written.
        """
        if hashes is None:
            hashes = [text_hash(text) for text in texts]
        matrix = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            self._fill(matrix[rows], texts[rows], hashes[rows])
        return matrix

    def _fill(self, matrix: Vectors, texts: Sequence[str], hashes: Sequence[str]) -> None:
        vectors = self._known(hashes)
        unknown = {
            content_hash: text for text, content_hash in zip(texts, hashes, strict=True) if content_hash not in vectors
        }
        self.stats.computed += len(unknown)
        self.stats.hits += len(texts) - len(unknown)
        new = list(unknown)
        for start in range(0, len(new), self.batch_size):
            batch = new[start : start + self.batch_size]
            computed = as_stored(self._embedder.embed([unknown[content_hash] for content_hash in batch]))
            self._keep(batch, computed)
            vectors.update(zip(batch, computed, strict=True))
        for row, content_hash in enumerate(hashes):
            matrix[row] = vectors[content_hash]

    def _known(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        with self._database.read() as connection:
            return read_vectors(connection, self.model, hashes)

    def _keep(self, hashes: Sequence[str], matrix: Vectors) -> None:
        with self._database.begin() as connection:
            write_vectors(connection, self.model, hashes, matrix)


class NotEmbeddedError(ViralAssetsError):
    """A text has no vector yet, and making one would have to be paid for."""


class UnsavedEmbedder(CachedEmbedder):
    """One that reads what the database remembers and writes nothing: new vectors stay in memory until they are
    forgotten.

    Args:
        embedder: computes what is not known yet.
        database: what it remembers; None where there is none yet.
        paid: a text that is not known is an error instead of a request.
    """

    def __init__(self, embedder: Embedder, database: Database | None, *, paid: bool = False) -> None:
        self._embedder = embedder
        self._remembered, self._paid = database, paid
        self._unsaved: dict[str, Vectors] = {}
        self.stats = CacheStats()

    def forget(self) -> None:
        """Let go of the vectors that are in memory only."""
        self._unsaved.clear()

    def _known(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        known = {each: self._unsaved[each] for each in hashes if each in self._unsaved}
        asked = [each for each in hashes if each not in known]
        if asked and self._remembered is not None:
            with self._remembered.read() as connection:
                known |= read_vectors(connection, self.model, asked)
        if self._paid and (missing := len({*hashes} - {*known})):
            raise NotEmbeddedError(f"{how_many(missing, 'text has', 'texts have')} no vector by {self.model} yet")
        return known

    def _keep(self, hashes: Sequence[str], matrix: Vectors) -> None:
        self._unsaved.update(zip(hashes, matrix, strict=True))
