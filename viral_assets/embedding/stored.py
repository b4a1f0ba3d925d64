"""The vectors that are stored already, for those who only look: nothing is embedded, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from viral_assets.embedding.base import Embedder, Vectors
from viral_assets.store.vectors import read_vectors


class StoredVectors:
    """What the database remembers of an embedder."""

    def __init__(self, embedder: Embedder) -> None:
        self._model, self._dimensions = embedder.model, embedder.dimensions
        self.near_duplicate = embedder.calibration.near_duplicate
        """The cosine from which two texts say the same thing."""

    def read(self, connection: sa.Connection, hashes: Sequence[str]) -> Vectors:
        """Unit rows (n, d), one per hash in the given order; zeros, which are like nothing, for what is not stored."""
        known = read_vectors(connection, self._model, hashes)
        matrix = np.zeros((len(hashes), self._dimensions), dtype=np.float32)
        for row, content_hash in enumerate(hashes):
            if content_hash in known:
                matrix[row] = known[content_hash]
        return matrix


def stored_vectors(name: str, api_key: str | None) -> StoredVectors:
    """Those of the embedder of that name.

    Raises:
        ConfigurationError: it is not installed, or it needs a key.
    """
    from viral_assets.embedding import build_embedder

    return StoredVectors(build_embedder(name, api_key=api_key))
