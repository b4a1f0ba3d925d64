"""Embeddings, kept by model and by the hash of the text: no text is embedded twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.tables import embeddings

_STORED = np.dtype("<f4")
_LOOKUP_ROWS = 5_000
# A vector has some kilobytes, and PostgreSQL gets it as text of twice that.
_WRITE_ROWS = 1_000


def read_vectors(connection: sa.Connection, model: str, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The known vectors among ``hashes``, read-only float32 of shape (d,)."""
    stored = embeddings.c
    query = sa.select(stored.text_sha256, stored.vector).where(stored.model == model)
    return {
        content_hash: np.frombuffer(vector, dtype=_STORED)
        for part in _slices(hashes)
        for content_hash, vector in connection.execute(query.where(one_of(connection, stored.text_sha256, part)))
    }


def write_vectors(connection: sa.Connection, model: str, hashes: Sequence[str], matrix: NDArray[np.float32]) -> None:
    """Keep one row of ``matrix`` (n, d) for each of the n ``hashes``. What is known already stays as it is.

    Raises:
        ValueError: there are not as many rows as hashes, or a row holds something that is not a finite number.
    """
    if matrix.ndim != 2 or len(matrix) != len(hashes):
        raise ValueError(f"{len(hashes)} hashes and a matrix of shape {matrix.shape} do not fit")
    if not np.isfinite(matrix).all():
        raise ValueError("a vector holds a value that is not a finite number")
    stored = np.ascontiguousarray(matrix, dtype=_STORED)
    for at in range(0, len(hashes), _WRITE_ROWS):
        rows = zip(hashes[at : at + _WRITE_ROWS], stored[at : at + _WRITE_ROWS], strict=True)
        insert_ignore(
            connection,
            embeddings,
            [
                {"model": model, "text_sha256": content_hash, "vector": vector.tobytes()}
                for content_hash, vector in rows
            ],
        )


def _slices(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    distinct = list(dict.fromkeys(hashes))
    return (distinct[at : at + _LOOKUP_ROWS] for at in range(0, len(distinct), _LOOKUP_ROWS))
