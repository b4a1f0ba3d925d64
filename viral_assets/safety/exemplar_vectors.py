"""The vectors of the exemplars by the embedders that come with the package, and what is learnt from them, made
beforehand by ``scripts/exemplar_vectors.py``: it takes seconds, for which every process would wait.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from viral_assets.safety.resemblance import (
    ExemplarModel,
    Resemblance,
    Vectors,
    all_exemplars,
    exemplar_texts,
    learn,
    learn_resemblance,
)

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
    """The classifier for an embedder: the one made beforehand where there is one, else of its own vectors."""
    made = _made_beforehand(embedder.model)
    if made is None:
        return learn_resemblance(embedder.embed, embedder.languages)
    return Resemblance(*made, embedder.languages)


def exemplars_to_embed(model: str) -> list[str]:
    """All exemplars, where nothing was made of them beforehand for this model; else none."""
    return all_exemplars() if _made_beforehand(model) is None else []


def write_beforehand(folder: Path, model: str, vectors: Vectors) -> Path:
    """Keep what is learnt of the exemplars' vectors by a model; as half floats, which is near enough."""
    path = folder / f"{model}.npz"
    half = vectors.astype(np.float16)
    learnt = learn(half.astype(np.float32))
    np.savez(
        path,
        content=np.frombuffer(_content(), dtype=np.uint8),
        vectors=half,
        weights=learnt.weights,
        middle=learnt.middle,
        width=learnt.width,
        threshold=learnt.threshold,
        plain=learnt.plain,
    )
    return path


@cache
def _made_beforehand(model: str) -> tuple[Vectors, ExemplarModel] | None:
    """None where there is no file for a model, or one of other exemplars."""
    file = importlib.resources.files("viral_assets.safety").joinpath(FOLDER, f"{model}.npz")
    if not file.is_file():
        return None
    with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
        if stored["content"].tobytes() != _content():
            return None
        levels = (float(stored[name]) for name in ("width", "threshold", "plain"))
        learnt = ExemplarModel(stored["weights"], stored["middle"], *levels)
        return stored["vectors"].astype(np.float32), learnt


def _content() -> bytes:
    """What the exemplars are known by in a file."""
    return hashlib.sha256(repr(exemplar_texts()).encode()).digest()
