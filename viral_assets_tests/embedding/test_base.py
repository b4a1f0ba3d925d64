"""How cosines are read, and which words are embedded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.embedding import EMBEDDERS, Calibration, build_embedder
from viral_assets.embedding.base import prepared, unit_rows
from viral_assets.errors import ConfigurationError

CALIBRATION = Calibration(zero=0.1, one=0.5, near_duplicate=0.9)


def test_a_calibrated_similarity_is_0_where_unrelated_and_1_where_the_same() -> None:
    found = CALIBRATION.calibrated([[-1, 0.1, 0.3], [0.5, 0.9, 1.0]])
    assert np.allclose(found, [[0.0, 0.0, 0.5], [1.0, 1.0, 1.0]])


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_calibration_keeps_the_order(one: float, other: float) -> None:
    low, high = CALIBRATION.calibrated(sorted([one, other]))
    assert 0 <= low <= high <= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Too much\n screen   time", "Too much screen time"),
        ("RT @a: see https://t.co/x @b", "see"),
        ("mail a@b.c", "mail a@b.c"),
        ("cafe\u0301", "café"),
        ("broken \ud800 text", "broken ? text"),
        ("https://t.co/a", ""),
        ("x" * 30_000, "x" * 25_000),
    ],
)
def test_what_says_nothing_about_the_subject_is_not_embedded(text: str, words: str) -> None:
    assert prepared(text) == words


def test_rows_get_length_1_and_zeros_stay_zeros() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert np.allclose(rows, [[0.6, 0.8], [0.0, 0.0]])


def test_every_embedder_can_be_built_by_name() -> None:
    for name in EMBEDDERS:
        embedder = build_embedder(name, api_key="a-key")
        assert embedder.calibration.zero < embedder.calibration.one <= embedder.calibration.near_duplicate
        assert str(embedder.dimensions) in embedder.model
        assert embedder.languages is None or "en" in embedder.languages


def test_a_wrong_name_or_a_missing_key_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="no embedder 'bert'; VIRAL_ASSETS_EMBEDDER is auto, wordllama, m"):
        build_embedder("bert")
    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY"):
        build_embedder("gemini", api_key=None)
