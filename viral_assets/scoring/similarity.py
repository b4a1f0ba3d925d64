"""Cosines between sets of vectors. What they mean depends on the embedder and is not known here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viral_assets.errors import ConfigurationError

Vectors = npt.NDArray[np.float32]


def cosines(left: Vectors, right: Vectors) -> Vectors:
    """Dot products (n, m) of unit vectors, left (n, d) and right (m, d).

    A pair's product does not depend on the pairs around it, to the last bit. A matrix product through BLAS would be
    no faster for few topics and picks its order of summation by the shape of the whole matrix, so a tweet's score
    would depend on how many others are scored with it.

    Raises:
        ConfigurationError: the vectors come from different embedders.
    """
    if left.shape[1] != right.shape[1]:
        raise ConfigurationError(
            f"vectors of {left.shape[1]} and of {right.shape[1]} dimensions cannot be compared; "
            "embed tweets and topics with the same embedder"
        )
    products: Vectors = np.einsum("nd,md->nm", np.ascontiguousarray(left), np.ascontiguousarray(right), optimize=False)
    return products
