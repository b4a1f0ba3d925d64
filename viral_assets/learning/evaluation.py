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
class Comparison:
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
    auc: Comparison
    log_loss: Comparison
    best: Comparison

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
    random = np.random.default_rng(SEED)
    drawn = [
        _measures(forecasts, random.integers(0, len(forecasts.good), len(forecasts.good))) for _ in range(RESAMPLES)
    ]
    # A sample with one kind only says nothing of the order.
    gains = np.array([new - old for old, new in drawn if np.isfinite(new).all()])
    bounds = np.percentile(gains, [2.5, 97.5], axis=0)
    old, new = _measures(forecasts, np.arange(len(forecasts.good)))
    auc, loss, best = (
        Comparison(float(o), float(n), float(n - o), float(low), float(high))
        for o, n, low, high in zip(old, new, *bounds, strict=True)
    )
    # Losses were turned round so that more is better everywhere.
    loss = Comparison(-loss.old, -loss.new, loss.gain, loss.low, loss.high)
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


def _measures(forecasts: _Forecasts, rows: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """AUC, minus log loss and the share of the best third, with old and with new weights."""
    good, block = forecasts.good[rows], forecasts.block[rows]

    def of(chances: FloatArray) -> FloatArray:
        resampled = chances[rows]
        return np.array([_auc(resampled, good), -log_losses(resampled, good).mean(), _best(resampled, good, block)])

    return of(forecasts.old), of(forecasts.new)


def _auc(chances: FloatArray, good: BoolArray) -> float:
    goods, bads = int(good.sum()), int((~good).sum())
    if not goods or not bads:
        return float("nan")
    # Takes a second to import, and only who learns needs it.
    from scipy.stats import rankdata

    ranks = rankdata(chances)
    return float((ranks[good].sum() - goods * (goods + 1) / 2) / (goods * bads))


def _best(chances: FloatArray, good: BoolArray, block: npt.NDArray[np.int64]) -> float:
    order = np.lexsort((-chances, block))
    ordered, of_block = good[order], block[order]
    place = np.arange(len(order)) - np.searchsorted(of_block, of_block)
    sizes = np.bincount(of_block)[of_block]
    return float(ordered[place < np.ceil(sizes * BEST_SHARE)].mean())
