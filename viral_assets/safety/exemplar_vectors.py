"""The vectors of the exemplars by the embedders that come with the package, made beforehand by
``scripts/exemplar_vectors.py``: to embed them takes seconds, for which the first run of every database would wait.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Collection, Sequence
from functools import cache
from typing import Protocol

import numpy as np

from viral_assets.safety.resemblance import Resemblance, Vectors, all_exemplars, learn_resemblance

FOLDER = "vectors"


class ExemplarEmbedder(Protocol):
    """What makes vectors, and the name under which they are comparable."""

    @property
    def model(self) -> str:
        """Name of the file."""

    @property
    def languages(self) -> Collection[str] | None:
        """That it knows; None for all."""

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """Unit rows (n, d)."""


def resemblance_of(embedder: ExemplarEmbedder) -> Resemblance:
    """The classifier for an embedder: of the vectors made beforehand where there are any, else of its own."""
    if exemplars_to_embed(embedder.model):
        return learn_resemblance(embedder.embed, embedder.languages)
    known = embedder.languages
    return _made_beforehand(embedder.model, None if known is None else frozenset(known))


def exemplars_to_embed(model: str) -> list[str]:
    """All exemplars, where there are no vectors of them by this model; else none."""
    known, texts = _vectors(model), all_exemplars()
    return [] if all(text_hash(text) in known for text in texts) else texts


def text_hash(text: str) -> bytes:
    """What a text is known by in a file."""
    return hashlib.sha256(text.encode()).digest()[:16]


@cache
def _made_beforehand(model: str, languages: frozenset[str] | None) -> Resemblance:
    known = _vectors(model)
    return learn_resemblance(lambda texts: np.stack([known[text_hash(text)] for text in texts]), languages)


@cache
def _vectors(model: str) -> dict[bytes, Vectors]:
    """Vectors (d,) by :func:`text_hash`; none where there is no file for a model."""
    file = importlib.resources.files("viral_assets.safety").joinpath(FOLDER, f"{model}.npz")
    if not file.is_file():
        return {}
    with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
        vectors = stored["vectors"].astype(np.float32)
        return {bytes(of_text): vector for of_text, vector in zip(stored["hashes"], vectors, strict=True)}
