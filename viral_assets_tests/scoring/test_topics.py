"""One vector per topic, from all that a project says about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viral_assets.embedding.base import Vectors
from viral_assets.scoring import topic_vectors
from viral_assets_tests.scoring.examples import project

TAXONOMY = [
    {"label": "sleep", "description": "phones in bed", "exemplars": ["cannot sleep", "scrolling again"]},
    {"label": "focus", "description": "deep work"},
]


def test_a_topic_is_the_mean_direction_of_its_texts() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return np.eye(len(texts), dtype=np.float32)

    found = topic_vectors(project(taxonomy=TAXONOMY), embed)
    assert asked == ["sleep. phones in bed", "cannot sleep", "scrolling again", "focus. deep work"]
    assert list(found) == ["sleep", "focus"]
    assert np.allclose(found["sleep"], np.array([1, 1, 1, 0]) / np.sqrt(3))
    assert np.allclose(found["focus"], [0, 0, 0, 1])
    assert found["sleep"].dtype == np.float32


def test_texts_without_any_words_make_a_topic_near_nothing() -> None:
    found = topic_vectors(project(taxonomy=TAXONOMY), lambda texts: np.zeros((len(texts), 4), dtype=np.float32))
    assert not found["sleep"].any()
