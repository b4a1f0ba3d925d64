"""Whether new weights would have been better: on decisions that came after those they were learnt from.

The decisions are cut by time. The first part teaches only; each following block is forecast by what was learnt from
everything before it, with the new weights and, in the same way, with the present ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from viral_assets.learning.fit import SEED, fit_curve, fit_weights, log_losses, totals_of
from viral_assets.learning.judged_tweets import BoolArray, Decisions, FloatArray
from viral_assets.projects.model import Weights

TEACHING_SHARE = 0.4
BLOCKS = 4
LEAST_OF_A_KIND = 5
"""Good and bad decisions needed before a block can be forecast."""

RESAMPLES = 1_000
BEST_SHARE = 1 / 3
"""Of each block: how many of its best tweets were worth a reply."""


@dataclass(frozen=True, slots=True)
class MeasureComparison:
    """One measure with present and new weights; ``low`` and ``high`` bound the gain (95 %, bootstrap)."""

    old: float
    new: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """On held-back decisions. Gains are positive where the new weights are better.

    ``auc``: the chance that of two tweets the one worth a reply has the higher score. ``log_loss``: how surprised the
    forecast was; smaller is better. ``best``: the share worth a reply among the best third.
    """

    held_back: int
    auc: MeasureComparison
    log_loss: MeasureComparison
    best: MeasureComparison

    @property
    def convincing(self) -> bool:
        """Both the forecasts and the order of tweets got better, by more than chance explains."""
        return self.log_loss.low > 0 and self.auc.low > 0


@dataclass(frozen=True, slots=True)
class _Forecasts:
    """By block, of held-back decisions: whether they were good, and the chances that old and new weights gave them."""

    good: BoolArray
    old: FloatArray
    new: FloatArray
    block: npt.NDArray[np.int64]


def evaluate(decisions: Decisions, present: Weights) -> Evaluation | None:
    """Learn and forecast block by block; None where the decisions cannot be cut so that both kinds are held back."""
    forecasts = _forecasts(decisions, present)
    if forecasts is None:
        return None
    old_measures, new_measures = (
        Measures.of(chances, forecasts.good, forecasts.block) for chances in (forecasts.old, forecasts.new)
    )

    def measured(times: FloatArray) -> tuple[FloatArray, FloatArray]:
        return old_measures(times), new_measures(times)

    random, count = np.random.default_rng(SEED), len(forecasts.good)
    drawn = [
        measured(np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64))
        for _ in range(RESAMPLES)
    ]
    # A sample with one kind only says nothing of the order.
    gains = np.array([new - old for old, new in drawn if np.isfinite(new).all()])
    bounds = np.percentile(gains, [2.5, 97.5], axis=0)
    old, new = measured(np.ones(count))
    auc, loss, best = (
        MeasureComparison(float(o), float(n), float(n - o), float(low), float(high))
        for o, n, low, high in zip(old, new, *bounds, strict=True)
    )
    # Losses were turned round so that more is better everywhere.
    loss = MeasureComparison(-loss.old, -loss.new, loss.gain, loss.low, loss.high)
    return Evaluation(len(forecasts.good), auc, loss, best)


def _forecasts(decisions: Decisions, present: Weights) -> _Forecasts | None:
    start = int(len(decisions) * TEACHING_SHARE)
    edges = np.linspace(start, len(decisions), BLOCKS + 1).astype(int)
    blocks = []
    for number, (first, end) in enumerate(pairwise(edges)):
        components, good = decisions.components[:first], decisions.good[:first]
        if first == end or min(good.sum(), (~good).sum()) < LEAST_OF_A_KIND:
            continue
        new = fit_weights(components, good, present)
        ahead = decisions.components[first:end]
        chances = [
            fit_curve(totals_of(components, weights), good)(totals_of(ahead, weights)) for weights in (present, new)
        ]
        blocks.append((decisions.good[first:end], *chances, np.full(end - first, number)))
    if not blocks:
        return None
    forecasts = _Forecasts(*(np.concatenate(column) for column in zip(*blocks, strict=True)))
    return forecasts if forecasts.good.any() and not forecasts.good.all() else None


@dataclass(frozen=True, slots=True)
class Measures:
    """AUC, minus log loss and the share of the best third of the forecasts, of which each counts a number of times: a
    sample needs no order of its own then. Arrays are (n,), in the order of the forecasts but where said otherwise."""

    good: FloatArray
    losses: FloatArray
    rank: npt.NDArray[np.int64]
    """From 0, the same for the same chance."""
    order: npt.NDArray[np.int64]
    """Block by block, the best first."""
    block: npt.NDArray[np.int64]
    """In that order."""

    @classmethod
    def of(cls, chances: FloatArray, good: BoolArray, block: npt.NDArray[np.int64]) -> Measures:
        _, rank = np.unique(chances, return_inverse=True)
        order = np.lexsort((-chances, block))
        return cls(good.astype(np.float64), log_losses(chances, good), rank, order, block[order])

    def __call__(self, times: FloatArray) -> FloatArray:
        return np.array([self._auc(times), -float(times @ self.losses) / times.sum(), self._best(times)])

    def _auc(self, times: FloatArray) -> float:
        """Of all pairs of a good and a bad one, in how many the good one has the higher chance; half of those with the
        same."""
        goods, bads = (np.bincount(self.rank, times * kind) for kind in (self.good, 1.0 - self.good))
        pairs = goods.sum() * bads.sum()
        return float(goods @ (np.cumsum(bads) - bads / 2) / pairs) if pairs else float("nan")

    def _best(self, times: FloatArray) -> float:
        ordered = times[self.order]
        sizes = np.bincount(self.block, ordered)
        before = np.cumsum(ordered) - ordered - (np.cumsum(sizes) - sizes)[self.block]
        taken = np.clip(np.ceil(sizes * BEST_SHARE)[self.block] - before, 0, ordered)
        return float(taken @ self.good[self.order] / taken.sum())
