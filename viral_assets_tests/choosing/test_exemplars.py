"""Exemplars that say what another topic says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from viral_assets.choosing.exemplars import MARGIN, stray_exemplars, unread_texts
from viral_assets.projects.model import Project
from viral_assets.scoring.similarity import Vectors
from viral_assets_tests.scoring.examples import project

WORDS = ("bread", "cake", "soup")


def embed(texts: Sequence[str]) -> Vectors:
    """How often each word stands in a text, at length 1; zeros where none does."""
    counts = np.array([[text.count(word) for word in WORDS] for text in texts], dtype=np.float32)
    lengths = np.linalg.norm(counts, axis=1, keepdims=True)
    rows: Vectors = np.divide(counts, lengths, out=np.zeros_like(counts), where=lengths > 0)
    return rows


def of(bread: Sequence[str], cake: Sequence[str] = ()) -> Project:
    nodes = [("bread", bread), ("cake", cake)]
    return project(
        taxonomy=[{"label": label, "description": label, "exemplars": list(texts)} for label, texts in nodes]
    )


def test_an_exemplar_of_another_topic_is_told_with_both_cosines() -> None:
    (stray,) = stray_exemplars(of(["bread", "cake cake cake bread"], ["cake"]), embed)
    assert (stray.topic, stray.exemplar, stray.nearest) == ("bread", "cake cake cake bread", "cake")
    assert stray.own == pytest.approx(1 / np.sqrt(10))
    assert stray.cosine == pytest.approx(3 / np.sqrt(10))


def test_an_exemplar_does_not_speak_for_itself() -> None:
    """It is half of what its topic is, and would be nearer to that than to any other."""
    (stray,) = stray_exemplars(of(["cake cake bread"]), embed)
    assert stray.own == pytest.approx(1 / np.sqrt(5))


def test_exemplars_in_their_place_and_alike_ones_are_not_told() -> None:
    assert stray_exemplars(of(["bread bread cake", "bread"], ["cake cake bread", "cake"]), embed) == []
    assert stray_exemplars(of(["bread cake"]), embed) == []


@pytest.mark.parametrize(("more", "told"), [(0.8 * MARGIN, False), (1.2 * MARGIN, True)])
def test_neighbours_are_told_apart_from_a_margin_on(more: float, told: bool) -> None:
    angle = np.pi / 4 + np.arcsin(more / np.sqrt(2))
    between = np.array([np.cos(angle), np.sin(angle), 0], dtype=np.float32)

    def bent(texts: Sequence[str]) -> Vectors:
        return np.stack([between if text == "between" else row for text, row in zip(texts, embed(texts), strict=True)])

    assert bool(stray_exemplars(of(["between"]), bent)) is told


def test_what_the_embedder_cannot_read_is_told_as_that_and_not_as_a_stray() -> None:
    broken = of(["bread", "ரொட்டி"], ["cake"])
    assert stray_exemplars(broken, embed) == []
    assert [(each.topic, each.text) for each in unread_texts(broken, embed)] == [("bread", "ரொட்டி")]


def test_a_single_topic_has_no_strays() -> None:
    alone = project(taxonomy=[{"label": "bread", "description": "bread", "exemplars": ["cake"]}])
    assert stray_exemplars(alone, embed) == []
