"""How many tweets may share a request, as far as decisions tell: what larger requests wrote against smaller ones.

From the smallest size up, the suggestions of each group of sizes are held against those of all smaller ones, model by
model; the differences are weighted as Mantel and Haenszel do, and their error is that of clusters, since suggestions of
one request are alike (:class:`~viral_assets.queries.packing_model.DecisionSums`), with two made-up decisions on each
side (Agresti and Caffo 2000), so that ten approvals of ten are not certain.

- A group is *worse* when the interval of the difference lies above 0 and the difference is above :data:`MARGIN`: the
  cap goes below that group.
- It is *not worse* when the interval lies below :data:`MARGIN` (non-inferiority). Only then may a cap be raised to what
  such a group has shown, group by group.
- Otherwise nothing is known, and the cap stays as it is.

The intervals of all comparisons together are wrong about a group that is no different in :data:`RISK` of the cases at
most (Bonferroni): so often is a cap lowered without a reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from viral_assets.queries.intervals import students
from viral_assets.queries.packing_model import SIZES, DecisionSums, ModelPacks, SizeGroup

MARGIN = 0.05
"""By which the share of approved suggestions may be lower: about what a reviewer's mood makes of a day."""

RISK = 0.05
"""Of lowering a cap although the size of requests makes no difference, over all comparisons."""

Verdict = Literal["worse", "not worse", "undecided", "too few"]


@dataclass(frozen=True, slots=True)
class SizeComparison:
    """A group of sizes against all smaller ones.

    Args:
        group: the larger requests.
        larger, smaller: what is compared: of the models that have both.
        drop: by how much the share approved is lower in larger requests; negative where it is higher. 0 where there are
            too few decisions, with ``low`` and ``high`` that say nothing (-1 and 1).
        low, high: the interval of the drop.
    """

    group: SizeGroup
    larger: DecisionSums
    smaller: DecisionSums
    drop: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        if not (self.larger.enough and self.smaller.enough):
            return "too few"
        if self.low > 0 and self.drop > MARGIN:
            return "worse"
        return "not worse" if self.high < MARGIN else "undecided"

    @property
    def missing(self) -> str:
        """What it takes on either side; empty where there is enough."""
        sides = (("this size", self.larger), ("smaller sizes", self.smaller))
        return ", ".join(f"{judged.missing} of {name}" for name, judged in sides if judged.missing)


@dataclass(frozen=True, slots=True)
class PackCap:
    """What the decisions say of ``max_tweets_per_request``; ``new`` is ``present`` where they call for no change."""

    present: int
    new: int
    comparisons: tuple[SizeComparison, ...]

    @property
    def changes(self) -> bool:
        return self.new != self.present


def choose_cap(models: Sequence[ModelPacks], present: int, *, highest: int) -> PackCap:
    """The cap that the decisions support.

    Args:
        models: what each has written, of tweets asked about once.
        highest: that a project file takes.
    """
    sides = [_sides(models, index) for index in range(1, len(SIZES))]
    able = [pairs for pairs in sides if pairs and all(map(_enough, pairs))]
    normal = NormalDist().inv_cdf(1 - RISK / max(1, len(able)))
    comparisons = tuple(_compared(group, pairs, normal) for group, pairs in zip(SIZES[1:], sides, strict=True) if pairs)
    return PackCap(present, min(highest, _supported(comparisons, present)), comparisons)


def _supported(comparisons: Sequence[SizeComparison], present: int) -> int:
    cap = present
    for each in comparisons:
        group = each.group
        if each.verdict == "worse":
            return min(cap, group.least - 1)
        reach = min(each.larger.largest, group.most or each.larger.largest)
        if reach <= cap:
            continue
        # A group that was not asked for lately, and what is known of it does not rule out that it is worse.
        if each.verdict != "not worse":
            return cap
        cap = reach
    return cap


_Pair = tuple[DecisionSums, DecisionSums]
"""What a model wrote in requests of a group, and in smaller ones."""


def _sides(models: Sequence[ModelPacks], index: int) -> list[_Pair]:
    """Of the models that can be compared; where there is none, of the one that comes closest to it."""
    pairs = [
        (
            model.by_size.get(SIZES[index], DecisionSums()),
            sum((model.by_size.get(group, DecisionSums()) for group in SIZES[:index]), DecisionSums()),
        )
        for model in models
    ]
    able = [pair for pair in pairs if _enough(pair)]
    return able or sorted((pair for pair in pairs if pair[0].decided), key=lambda pair: pair[0].decided)[-1:]


def _enough(pair: _Pair) -> bool:
    return all(each.enough for each in pair)


def _compared(group: SizeGroup, pairs: Sequence[_Pair], normal: float) -> SizeComparison:
    larger, smaller = (sum((pair[side] for pair in pairs), DecisionSums()) for side in (0, 1))
    if not all(map(_enough, pairs)):
        return SizeComparison(group, larger, smaller, 0.0, -1.0, 1.0)
    trials = [_effective(pair) for pair in pairs]
    weights = [1 / (1 / of_large + 1 / of_small) for of_large, of_small in trials]
    whole = sum(weights)
    drop = sum(weight * (_share(small) - _share(large)) for weight, (large, small) in zip(weights, pairs, strict=True))
    variance = sum(weight**2 * _variance(pair, of) for weight, pair, of in zip(weights, pairs, trials, strict=True))
    freedom = min(each.requests for pair in pairs for each in pair) - 1
    error = students(normal, freedom) * math.sqrt(variance) / whole
    drop /= whole
    return SizeComparison(group, larger, smaller, drop, max(-1.0, drop - error), min(1.0, drop + error))


def _share(judged: DecisionSums) -> float:
    return judged.approved / judged.decided


def _effective(pair: _Pair) -> tuple[float, float]:
    """Independent decisions that each side is worth. Suggestions of larger requests have no less in common, although a
    few requests that are all alike do not show it."""
    large, small = pair
    return large.decided / max(large.design_effect, small.design_effect), small.effective


def _variance(pair: _Pair, trials: tuple[float, float]) -> float:
    """Of the difference. A side that has come out near 0 or 1 by chance is no surer than at the share of both."""
    both = _share(sum(pair, DecisionSums()))
    return sum(max(_smoothed(_share(judged), of), _smoothed(both, of)) for judged, of in zip(pair, trials, strict=True))


def _smoothed(share: float, trials: float) -> float:
    """The variance of a share, with one approval and one rejection that nobody made."""
    at = (share * trials + 1) / (trials + 2)
    return at * (1 - at) / (trials + 2)
