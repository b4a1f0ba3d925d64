"""Decisions made by people whose weights are known."""

from __future__ import annotations

import numpy as np

from viral_assets.learning.judged_tweets import Decisions
from viral_assets.projects.model import Project, TaxonomyNode, Voice, Weights
from viral_assets.vocabulary import COMPONENTS

PROJECT = Project(
    name="demo",
    taxonomy=(TaxonomyNode(label="bread", description="Baking bread at home"),),
    voice=Voice(persona="A patient home baker"),
)


def decisions_by(weights: Weights, *, count: int = 400, certainty: float = 12.0, seed: int = 0) -> Decisions:
    """Half of the tweets are worth a reply, the more likely the higher they score with ``weights``; with a certainty
    of 0, whatever they score."""
    random = np.random.default_rng(seed)
    components = np.round(random.beta(1.5, 1.5, (count, len(COMPONENTS))), 6)
    vector = np.array([getattr(weights, name) for name in COMPONENTS])
    totals = components @ (vector / vector.sum())
    chances = 1 / (1 + np.exp(-certainty * (totals - (np.median(totals) if count else 0))))
    return Decisions(tuple(f"{number:05}" for number in range(count)), components, random.random(count) < chances)
