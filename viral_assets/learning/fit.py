"""From decisions to weights: a logistic regression that leans on the present weights.

The chance that a person finds a tweet worth a reply is modelled as ``sigmoid(a + b·total + Σ dᵢ·componentᵢ)``, where
``total`` is the score with the present weights. Only ``d`` is regularised: with few decisions, or with decisions that
agree with the present weights, it stays near 0 and nothing changes. What counts for a component in all is
``cᵢ = b·presentᵢ + dᵢ``; the weights are the ``cᵢ`` divided by their sum, since only their proportions matter to a
score. A component with a negative ``cᵢ`` gets the weight 0 and the others are fitted again without it.

Two things are left to people. A component with the weight 0 was switched off by somebody and stays so. And relevance,
where it counts, keeps a little weight: without any, the gate would let tweets of any subject through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from viral_assets.learning.judged_tweets import BoolArray, FloatArray
from viral_assets.projects.model import Weights
from viral_assets.vocabulary import COMPONENTS

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

LEAST_RELEVANCE = 0.05

STRENGTHS = tuple(float(strength) for strength in np.logspace(-3, 2, 11))
"""Of the data against the present weights (scikit-learn's ``C``), tried by cross-validation."""

FOLDS = 5
SEED = 20_260

_HUNDREDTHS = 100

# So large a column needs so small a coefficient that its penalty is none.
_UNPENALISED = 1_000.0


@dataclass(frozen=True, slots=True)
class Curve:
    """The chance of approval at a total: ``sigmoid(intercept + slope·total)``."""

    intercept: float
    slope: float

    def __call__(self, totals: FloatArray) -> FloatArray:
        chances: FloatArray = 1.0 / (1.0 + np.exp(-(self.intercept + self.slope * totals)))
        return chances


def totals_of(components: FloatArray, weights: Weights) -> FloatArray:
    """The scores (n,) that ``weights`` give, as ``scoring.total`` does, not rounded."""
    vector = _vector(weights)
    summed: FloatArray = components @ (vector / vector.sum())
    return summed


def fit_curve(totals: FloatArray, good: BoolArray) -> Curve:
    """What scores have meant so far."""
    model = _regression(1.0)
    model.fit(_UNPENALISED * totals[:, None], good)
    return Curve(float(model.intercept_[0]), float(model.coef_[0][0]) * _UNPENALISED)


def fit_weights(components: FloatArray, good: BoolArray, present: Weights) -> Weights:
    """New weights, in hundredths that add up to 1; the present ones where nothing can be learnt.

    Args:
        components: (n, 4), in the order of :data:`~viral_assets.vocabulary.COMPONENTS`.
        good: (n,), with both kinds in it.
    """
    return _weights(components, good, present, _best_strength(components, good, present))


def _best_strength(components: FloatArray, good: BoolArray, present: Weights) -> float:
    """By log loss on folds; of equals the one that changes least."""
    folds = min(FOLDS, int(good.sum()), int((~good).sum()))
    if folds < 2:
        return STRENGTHS[0]
    # scikit-learn takes seconds to import, and only who learns needs it.
    from sklearn.model_selection import StratifiedKFold

    losses = np.zeros(len(STRENGTHS))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(components, good):
        # Weights are hundredths: several strengths find the same.
        known: dict[tuple[float, ...], float] = {}
        for number, strength in enumerate(STRENGTHS):
            weights = _weights(components[train], good[train], present, strength)
            key = tuple(_vector(weights))
            if key not in known:
                curve = fit_curve(totals_of(components[train], weights), good[train])
                known[key] = float(log_losses(curve(totals_of(components[test], weights)), good[test]).sum())
            losses[number] += known[key]
    return STRENGTHS[int(np.argmin(losses))]


def log_losses(chances: FloatArray, good: BoolArray) -> FloatArray:
    """The log loss (n,) of each forecast."""
    right = np.clip(np.where(good, chances, 1.0 - chances), 1e-12, 1.0)
    losses: FloatArray = -np.log(right)
    return losses


def _weights(components: FloatArray, good: BoolArray, present: Weights, strength: float) -> Weights:
    old = _vector(present)
    active = np.flatnonzero(old > 0)
    while active.size:
        shares = old[active] / old[active].sum()
        columns = components[:, active]
        model = _regression(strength)
        model.fit(np.column_stack([_UNPENALISED * (columns @ shares), columns]), good)
        along, *aside = model.coef_[0]
        counts = along * _UNPENALISED * shares + np.array(aside)
        if counts.min() >= 0 and counts.sum() > 0:
            learnt = np.zeros(len(old))
            learnt[active] = counts / counts.sum()
            return _in_hundredths(learnt, present)
        active = np.delete(active, int(np.argmin(counts)))
    return present


def _in_hundredths(learnt: FloatArray, present: Weights) -> Weights:
    """Rounded so that the sum stays 1, with what relevance keeps in any case."""
    at = COMPONENTS.index("relevance")
    if present.relevance > 0 and learnt[at] < LEAST_RELEVANCE:
        learnt = learnt * (1 - LEAST_RELEVANCE) / max(1e-12, 1 - learnt[at])
        learnt[at] = LEAST_RELEVANCE
    whole = np.floor(learnt * _HUNDREDTHS + 1e-9)
    missing = round(_HUNDREDTHS - float(whole.sum()))
    # The largest remainders get what is missing.
    for index in np.argsort(-(learnt * _HUNDREDTHS - whole), kind="stable")[:missing]:
        whole[index] += 1
    return Weights(
        **{name: float(round(value / _HUNDREDTHS, 2)) for name, value in zip(COMPONENTS, whole, strict=True)}
    )


def _vector(weights: Weights) -> FloatArray:
    return np.array([getattr(weights, name) for name in COMPONENTS], dtype=np.float64)


def _regression(strength: float) -> LogisticRegression:
    """Exact and the same each time: with so few columns Newton's method takes a few steps."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
