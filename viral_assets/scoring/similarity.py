"""Cosines between sets of vectors. What they mean depends on the embedder and is not known here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viral_assets.errors import ConfigurationError

Vectors = npt.NDArray[np.float32]

ROUGHNESS = 1e-4
"""More than two ways to add up the products of some thousand float32 numbers of unit vectors can differ."""


def cosines(left: Vectors, right: Vectors) -> Vectors:
    """Dot products (n, m) of unit vectors, left (n, d) and right (m, d).

    A pair's product does not depend on the pairs around it, to the last bit. A matrix product through BLAS would be
    no faster for few topics and picks its order of summation by the shape of the whole matrix, so a tweet's score
    would depend on how many others are scored with it.

    Raises:
        ConfigurationError: the vectors come from different embedders.
    """
    _check_dimensions(left, right)
    products: Vectors = np.einsum("nd,md->nm", np.ascontiguousarray(left), np.ascontiguousarray(right), optimize=False)
    return products


def have_near_duplicates(left: Vectors, right: Vectors, least: float) -> npt.NDArray[np.bool_]:
    """Which of the left unit vectors (n, d) have a cosine of at least ``least`` with some right one (m, d).

    As :func:`cosines` would tell, and many times faster for many: a matrix product through BLAS decides, and only
    pairs that are closer to ``least`` than its last bits may be wrong are looked at again.

    Raises:
        ConfigurationError: the vectors come from different embedders.
    """
    if not len(left) or not len(right):
        return np.zeros(len(left), dtype=np.bool_)
    _check_dimensions(left, right)
    rough = left @ right.T
    best = rough.max(axis=1)
    alike: npt.NDArray[np.bool_] = best >= least + ROUGHNESS
    for row in np.flatnonzero(~alike & (best >= least - ROUGHNESS)).tolist():
        close = right[rough[row] >= least - ROUGHNESS]
        alike[row] = bool((cosines(left[row : row + 1], close) >= least).any())
    return alike


def _check_dimensions(left: Vectors, right: Vectors) -> None:
    if left.shape[1] != right.shape[1]:
        raise ConfigurationError(
            f"vectors of {left.shape[1]} and of {right.shape[1]} dimensions cannot be compared; "
            "embed tweets and topics with the same embedder"
        )
