"""What the categories sound like to an embedder: learnt from the tweets in ``exemplars.yml``, whichever embedder it is.

Embedders differ in what their cosines mean, so nothing here is a cosine from which on something holds. A linear
classifier (ridge regression, one against the rest) is fitted to the exemplars' vectors, and how far an ordinary tweet
can come is read off the ordinary exemplars, each judged by a classifier that has not seen it (the leave-one-out
residuals of a ridge regression have a closed form: Allen, The Relationship between Variable Selection and Data
Augmentation and a Method for Prediction, Technometrics 1974).
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import yaml

from viral_assets.vocabulary import SENSITIVE_CATEGORIES

Vectors = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], Vectors]

ORDINARY = "ordinary"
"""Beside the categories: tweets that are none of them."""

CATEGORIES = tuple(SENSITIVE_CATEGORIES)

SMOOTHING = 3.0
"""Of the regression, in mean squared distances of the exemplars from their middle: embedders differ in how far apart
they set texts."""

FALSE_ALARMS = 0.08
"""Share of the ordinary exemplars that may resemble some category."""

DECIMALS = 6
"""Closer than that, two machines may differ."""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """A classifier of vectors of one embedder, and what it was made of.

    Args:
        directions: (categories, d), and ``offsets`` (categories,): the score is their product and sum.
        threshold: the score from which on a tweet resembles a category.
        exemplars: texts and vectors (m, d) by category, to show what a tweet is like.
        languages: codes of those that the embedder knows; None for all.
    """

    directions: Vectors
    offsets: FloatArray
    threshold: float
    exemplars: dict[str, tuple[tuple[str, ...], Vectors]]
    languages: Collection[str] | None

    def scores(self, vectors: Vectors) -> FloatArray:
        """How much each of the vectors (n, d) resembles each category: (n, categories), 0 where it begins to count
        and 1 where it could be an exemplar."""
        # As in `scoring.similarity`: a text's score does not depend on the texts around it, to the last bit.
        products = np.einsum("nd,cd->nc", np.ascontiguousarray(vectors), self.directions, optimize=False)
        raw = products.astype(np.float64) + self.offsets
        scores: FloatArray = np.round((raw - self.threshold) / (1.0 - self.threshold), DECIMALS)
        return scores

    def nearest(self, category: str, vector: Vectors) -> str:
        """The exemplar of a category that is most like a vector (d,)."""
        texts, vectors = self.exemplars[category]
        return texts[int(np.argmax(np.einsum("md,d->m", vectors, vector, optimize=False)))]


def learn_resemblance(embed: Embed, languages: Collection[str] | None) -> Resemblance:
    """The classifier for an embedder.

    Args:
        embed: texts to unit rows; a caching one embeds only what changed.
        languages: codes of those that it knows; None for all.
    """
    exemplars = exemplar_texts()
    texts = [text for several in exemplars.values() for text in several]
    vectors = embed(texts)
    kinds = [kind for kind, several in exemplars.items() for _ in several]
    wanted = np.array([[1.0 if kind == category else -1.0 for category in CATEGORIES] for kind in kinds])
    directions, offsets, unseen = _ridge(vectors.astype(np.float64), wanted)
    ordinary = np.array([kind == ORDINARY for kind in kinds])
    by_kind = {
        category: (exemplars[category], vectors[[kind == category for kind in kinds]]) for category in CATEGORIES
    }
    return Resemblance(
        directions=np.ascontiguousarray(directions, dtype=np.float32),
        offsets=offsets,
        threshold=float(np.quantile(unseen[ordinary].max(axis=1), 1.0 - FALSE_ALARMS)),
        exemplars=by_kind,
        languages=languages,
    )


@cache
def exemplar_texts() -> dict[str, tuple[str, ...]]:
    """The exemplars of each category, and the ordinary ones."""
    source = importlib.resources.files("viral_assets.safety").joinpath("exemplars.yml")
    loaded = yaml.safe_load(source.read_text(encoding="utf-8"))
    return {kind: tuple(texts) for kind, texts in loaded.items()}


def all_exemplars() -> list[str]:
    """Every text that is embedded for :func:`learn_resemblance`."""
    return [text for several in exemplar_texts().values() for text in several]


def _ridge(vectors: FloatArray, wanted: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Directions (categories, d), offsets (categories,), and what each row would have got had it not been seen."""
    middle = vectors.mean(axis=0)
    spread = float(((vectors - middle) ** 2).sum(axis=1).mean())
    rows = np.hstack([vectors - middle, np.ones((len(vectors), 1))])
    penalty = SMOOTHING * spread * np.eye(rows.shape[1])
    penalty[-1, -1] = 1e-6
    inverse = np.linalg.inv(rows.T @ rows + penalty)
    weights = inverse @ rows.T @ wanted
    leverage = ((rows @ inverse) * rows).sum(axis=1)
    unseen = wanted - (wanted - rows @ weights) / (1.0 - leverage)[:, np.newaxis]
    return weights[:-1].T, weights[-1] - middle @ weights[:-1], unseen
