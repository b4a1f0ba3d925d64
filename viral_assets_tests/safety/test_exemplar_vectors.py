"""The vectors of the exemplars that come with the package are those of its embedders."""

from __future__ import annotations

import numpy as np
import pytest

from viral_assets.embedding.base import Embedder
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.exemplar_vectors import exemplars_to_embed, resemblance_of
from viral_assets.safety.resemblance import CATEGORIES, all_exemplars, learn_resemblance

EMBEDDERS = (WordLlamaEmbedder(), MultilingualEmbedder())


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda each: each.model)
def test_they_are_up_to_date(embedder: Embedder) -> None:
    """Where this fails: ``.venv/bin/python scripts/exemplar_vectors.py``."""
    assert exemplars_to_embed(embedder.model) == []
    made, own = resemblance_of(embedder), learn_resemblance(embedder.embed, embedder.languages)
    assert made.threshold == pytest.approx(own.threshold, abs=0.002)
    for category in CATEGORIES:
        (texts, vectors), (own_texts, own_vectors) = made.exemplars[category], own.exemplars[category]
        assert texts == own_texts
        assert np.abs(vectors - own_vectors).max() < 0.001, "half floats"


def test_an_embedder_that_does_not_come_with_the_package_embeds_them_itself() -> None:
    assert exemplars_to_embed("another") == all_exemplars()
