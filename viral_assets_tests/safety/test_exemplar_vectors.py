"""The vectors of the exemplars that come with the package are those of its embedders."""

from __future__ import annotations

import numpy as np
import pytest

from viral_assets.embedding.base import Embedder
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.exemplar_vectors import exemplars_to_embed, resemblance_of
from viral_assets.safety.resemblance import all_exemplars, exemplar_texts, learn

EMBEDDERS = (WordLlamaEmbedder(), MultilingualEmbedder())


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda each: each.model)
def test_they_are_up_to_date(embedder: Embedder) -> None:
    """Where this fails: ``.venv/bin/python scripts/exemplar_vectors.py``."""
    assert exemplars_to_embed(embedder.model) == []
    made, texts = resemblance_of(embedder), all_exemplars()
    some = slice(None, None, 37)
    assert np.abs(made.vectors[some] - embedder.embed(texts[some])).max() < 0.001, "half floats"
    vectors = embedder.embed(["My dad died on Monday.", "What a lovely day."])
    assert made.nearest("grief", vectors[0]) in exemplar_texts()["grief"]


@pytest.mark.slow
@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda each: each.model)
def test_what_is_learnt_from_them_is_what_would_be_learnt_now(embedder: Embedder) -> None:
    made = resemblance_of(embedder)
    own = learn(made.vectors)
    assert own.threshold == pytest.approx(made.learnt.threshold, abs=1e-6)
    assert own.plain == pytest.approx(made.learnt.plain, abs=1e-6)
    assert np.abs(own.weights - made.learnt.weights).max() < 1e-4


def test_an_embedder_that_does_not_come_with_the_package_embeds_them_itself() -> None:
    assert exemplars_to_embed("another") == all_exemplars()


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda each: each.model)
def test_what_a_text_resembles_does_not_depend_on_the_texts_around_it(embedder: Embedder) -> None:
    made, texts = resemblance_of(embedder), all_exemplars()[::9]
    vectors = embedder.embed(texts)
    together = made.excess(vectors)
    order = np.random.default_rng(9).permutation(len(texts))
    assert np.array_equal(made.excess(vectors[order]), together[order])
    assert np.array_equal(made.excess(vectors[7:8]), together[7:8])
