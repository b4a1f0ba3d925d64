"""Embeddings, kept by model and by the hash of the text: no text is embedded twice.

Each number has 16 bits, which halves the table: a cosine of two such vectors is off by less than 0.0005 at worst, and
by some 0.00002 as a rule. Whoever has embedded a text goes on with the numbers as they are stored (:func:`as_stored`),
so that it is scored the same whether or not it was known. Rows from before have 32 bits, and are read as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.tables import embeddings

_STORED, _HALF = np.dtype("<f4"), np.dtype("<f2")
_HALF_MARK = b"h"
"""Before numbers of 16 bits: no vector of 32 bits has an odd number of bytes."""

_LOOKUP_ROWS = 5_000
# A vector has some kilobytes, and PostgreSQL gets it as text of twice that.
_WRITE_ROWS = 1_000


def read_vectors(connection: sa.Connection, model: str, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The known vectors among ``hashes``, read-only float32 of shape (d,)."""
    stored = embeddings.c
    query = sa.select(stored.text_sha256, stored.vector).where(stored.model == model)
    return {
        content_hash: _read(vector)
        for part in _slices(hashes)
        for content_hash, vector in connection.execute(query.where(one_of(connection, stored.text_sha256, part)))
    }


def write_vectors(connection: sa.Connection, model: str, hashes: Sequence[str], matrix: NDArray[np.float32]) -> None:
    """Keep one row of ``matrix`` (n, d) for each of the n ``hashes``, as :func:`as_stored` says. What is known already
    stays as it is.

    Raises:
        ValueError: there are not as many rows as hashes, or a row holds something that is not a finite number.
    """
    if matrix.ndim != 2 or len(matrix) != len(hashes):
        raise ValueError(f"{len(hashes)} hashes and a matrix of shape {matrix.shape} do not fit")
    if not np.isfinite(matrix).all():
        raise ValueError("a vector holds a value that is not a finite number")
    halves = _halves(matrix)
    stored, mark = (np.ascontiguousarray(matrix, dtype=_STORED), b"") if halves is None else (halves, _HALF_MARK)
    for at in range(0, len(hashes), _WRITE_ROWS):
        rows = zip(hashes[at : at + _WRITE_ROWS], stored[at : at + _WRITE_ROWS], strict=True)
        insert_ignore(
            connection,
            embeddings,
            [
                {"model": model, "text_sha256": content_hash, "vector": mark + vector.tobytes()}
                for content_hash, vector in rows
            ],
        )


def as_stored(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (n, d) with the numbers that are read again once they were written."""
    halves = _halves(matrix)
    return matrix if halves is None else halves.astype(np.float32)


def _halves(matrix: NDArray[np.float32]) -> NDArray[np.float16] | None:
    """None where a number is too large for 16 bits, which none of a vector of length 1 is."""
    if matrix.size and np.abs(matrix).max() > np.finfo(np.float16).max:
        return None
    return np.ascontiguousarray(matrix, dtype=_HALF)


def _read(vector: bytes) -> NDArray[np.float32]:
    if len(vector) % 2 == 0:
        return np.frombuffer(vector, dtype=_STORED)
    numbers = np.frombuffer(vector, dtype=_HALF, offset=len(_HALF_MARK)).astype(np.float32)
    numbers.setflags(write=False)
    return numbers


def _slices(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    distinct = list(dict.fromkeys(hashes))
    return (distinct[at : at + _LOOKUP_ROWS] for at in range(0, len(distinct), _LOOKUP_ROWS))
