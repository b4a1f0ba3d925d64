"""Comparing many vectors quickly decides as comparing each pair does."""

from __future__ import annotations

import numpy as np
import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.scoring.similarity import Vectors, cosines, have_near_duplicates


def unit(rows: int, *, seed: int, dimensions: int = 256) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def test_whoever_has_one_alike_is_found() -> None:
    right = unit(500, seed=1)
    left = np.concatenate([unit(3, seed=2), right[40:42]])

    assert have_near_duplicates(left, right, 0.85).tolist() == [False, False, False, True, True]


def test_the_last_bit_decides_and_does_not_depend_on_the_company() -> None:
    left, right = unit(40, seed=3), unit(300, seed=4)
    exact = cosines(left, right).max(axis=1)
    for row, cosine in enumerate(exact):
        above = float(np.nextafter(cosine, np.float32(2)))
        assert have_near_duplicates(left, right, float(cosine))[row]
        assert not have_near_duplicates(left, right, above)[row]
        assert have_near_duplicates(left[row : row + 1], right, float(cosine)).tolist() == [True]


def test_nobody_is_like_nobody() -> None:
    none = unit(0, seed=5)
    assert have_near_duplicates(unit(2, seed=6), none, 0.0).tolist() == [False, False]
    assert have_near_duplicates(none, unit(2, seed=6), 0.0).tolist() == []


def test_vectors_of_different_embedders_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="256 and of 8 dimensions"):
        have_near_duplicates(unit(2, seed=7), unit(2, seed=8, dimensions=8), 0.9)
