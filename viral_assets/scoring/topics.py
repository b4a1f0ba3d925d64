"""From a project's taxonomy to one vector per topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from viral_assets.projects.model import Project, TaxonomyNode
from viral_assets.scoring.similarity import Vectors

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]


def topic_texts(node: TaxonomyNode) -> list[str]:
    """The texts that stand for a topic: what it is called and about, then each exemplar."""
    return [f"{node.label}. {node.description}", *node.exemplars]


def topic_vectors(project: Project, embed: Embed) -> dict[str, Vectors]:
    """The vector of each taxonomy node by its label, in the order of the project file.

    It is the normalised mean of the unit vectors of label + description and of every exemplar. On hand-labelled
    tweets the mean named the right topic more often (84 %) than the nearest exemplar did (80 %), which follows single
    words.

    Args:
        project: whose taxonomy.
        embed: texts to unit rows; a caching one embeds only the nodes whose texts changed.
    """
    texts = [topic_texts(node) for node in project.taxonomy]
    rows = embed([text for node_texts in texts for text in node_texts])
    vectors: dict[str, Vectors] = {}
    start = 0
    for node, node_texts in zip(project.taxonomy, texts, strict=True):
        mean = rows[start : start + len(node_texts)].mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(mean))
        vectors[node.label] = (mean / length if length > 0 else mean).astype(np.float32)
        start += len(node_texts)
    return vectors
