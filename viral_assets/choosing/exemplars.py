"""Exemplars that do not say what their topic says: pure functions on the vectors of a taxonomy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from viral_assets.projects.model import Project
from viral_assets.scoring.similarity import Vectors, cosines
from viral_assets.scoring.topics import Embed, topic_texts, topic_vectors

MARGIN = 0.05
"""Of cosines. Neighbouring topics share words, and by less than this nothing tells which of them a text is about."""


@dataclass(frozen=True, slots=True)
class StrayExemplar:
    """An exemplar that is nearer to another topic than to its own, with its cosines to both."""

    topic: str
    exemplar: str
    own: float
    nearest: str
    cosine: float


@dataclass(frozen=True, slots=True)
class UnreadText:
    """A text of a topic that the embedder can make nothing of."""

    topic: str
    text: str


def stray_exemplars(project: Project, embed: Embed) -> list[StrayExemplar]:
    """The exemplars that are nearer to another topic, in the order of the project file.

    An exemplar is part of what its own topic is, and would always be near to it: it is compared with its topic as that
    is without it. A difference below :data:`MARGIN` is none.

    Args:
        embed: texts to unit rows.
    """
    whole = topic_vectors(project, embed)
    labels = list(whole)
    matrix = np.stack([whole[label] for label in labels])
    found: list[StrayExemplar] = []
    for own, node in enumerate(project.taxonomy):
        rows = embed(topic_texts(node))
        for at, exemplar in enumerate(node.exemplars, 1):
            if not rows[at].any():
                continue
            compared = matrix.copy()
            compared[own] = _mean(np.delete(rows, at, axis=0))
            (near,) = cosines(rows[at : at + 1], compared)
            best = int(near.argmax())
            if near[best] - near[own] >= MARGIN:
                found.append(StrayExemplar(node.label, exemplar, float(near[own]), labels[best], float(near[best])))
    return found


def unread_texts(project: Project, embed: Embed) -> Iterator[UnreadText]:
    """The descriptions and exemplars of which the embedder makes zeros: nothing is ever near to them."""
    for node in project.taxonomy:
        texts = topic_texts(node)
        for text, row in zip(texts, embed(texts), strict=True):
            if not row.any():
                yield UnreadText(node.label, text)


def _mean(rows: Vectors) -> Vectors:
    mean = rows.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    unit: Vectors = (mean / length if length > 0 else mean).astype(np.float32)
    return unit
