"""From components to one number and a colour. The components are in ``components``, the words for them in ``why``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from viral_assets.projects.model import Thresholds, Weights
from viral_assets.text.phrases import FloatArray
from viral_assets.vocabulary import GREEN, RED, YELLOW

DECIMALS = 6
"""Scores are stored with as many: more would only show how the last bit was rounded."""


def total(
    velocity: FloatArray, relevance: FloatArray, openness: FloatArray, author_quality: FloatArray, weights: Weights
) -> FloatArray:
    """The weighted mean (n,) of the components, in 0..1; only the proportions of the weights matter.

    Where the velocity is unknown (NaN), it is the mean of the three others, and 0 where those have no weight.
    """
    unmeasured = np.isnan(velocity)
    weighed = (
        weights.velocity * np.where(unmeasured, 0.0, velocity)
        + weights.relevance * relevance
        + weights.openness * openness
        + weights.author_quality * author_quality
    )
    others = weights.relevance + weights.openness + weights.author_quality
    summed = weights.velocity + weights.relevance + weights.openness + weights.author_quality
    divisor = np.where(unmeasured & (others > 0), others, summed)
    return np.clip(np.round(weighed / divisor, DECIMALS), 0.0, 1.0)


def labels(
    totals: FloatArray, relevance: FloatArray, thresholds: Thresholds, weights: Weights
) -> npt.NDArray[np.object_]:
    """Green and yellow from their thresholds on, red below; green also takes its share of relevance, since likes alone
    could carry a tweet there."""
    colours = np.array([RED, YELLOW, GREEN], dtype=np.object_)
    green = totals >= thresholds.green
    if weights.relevance > 0:
        green &= relevance >= thresholds.green_relevance
    return colours[(totals >= thresholds.yellow).astype(np.int64) + green]
