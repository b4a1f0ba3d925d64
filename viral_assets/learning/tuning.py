"""What the decisions about a project, or its posted replies, teach in one go. Reads the store; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from viral_assets.errors import ViralAssetsError
from viral_assets.learning.evaluation import Evaluation, evaluate
from viral_assets.learning.fit import fit_weights, totals_of
from viral_assets.learning.judged_tweets import BoolArray, Decisions, FloatArray
from viral_assets.learning.thresholds import Targets, choose_thresholds, same_volume
from viral_assets.projects.model import Project, Thresholds, Weights
from viral_assets.queries.feedback import count_scores_above
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import COMPONENTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEAST_DECISIONS = 40
LEAST_OF_A_KIND = 10
"""Tweets decided about, in all and of those worth a reply or not worth one: with fewer, chance decides."""


class NothingToLearn(ViralAssetsError):  # noqa: N818 - no fault of anybody
    """The decisions do not carry new weights; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class TargetWords:
    """How to speak of what is learnt from: what it is called, what the good ones are, and what would bring ``more`` of
    it, and ``mixed`` ones."""

    things: str
    good: str
    more: str
    mixed: str


DECIDED = TargetWords("decisions", "worth a reply", "review more", "review more, approving and rejecting")


@dataclass(frozen=True, slots=True)
class ThresholdCounts:
    """Decisions at or above a threshold: how many, and how many of these were worth a reply."""

    decided: int
    good: int

    @property
    def share(self) -> float | None:
        return self.good / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Setting:
    """Weights and thresholds, and the decisions that lie above the thresholds with them."""

    weights: Weights
    thresholds: Thresholds
    green: ThresholdCounts
    yellow: ThresholdCounts


@dataclass(frozen=True, slots=True)
class Tuning:
    """``old`` against ``new``; ``missed`` names the targets that no threshold reaches."""

    decisions: int
    good: int
    old: Setting
    new: Setting
    missed: tuple[str, ...]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Volume:
    """Tweets that pass the gate and are green, or at least yellow."""

    green: int
    yellow: int


def tune(decisions: Decisions, project: Project, targets: Targets | None, words: TargetWords = DECIDED) -> Tuning:
    """Fit weights and thresholds, and hold them against the present ones.

    Args:
        targets: of the thresholds; None to leave as many of the tweets above them as there are.
        words: how to speak of what is learnt from.

    Raises:
        NothingToLearn: too few decisions, or new weights that forecast held-back decisions no better.
    """
    things, good = words.things, int(decisions.good.sum())
    bad = len(decisions) - good
    if len(decisions) < LEAST_DECISIONS or min(good, bad) < LEAST_OF_A_KIND:
        raise NothingToLearn(
            f"too few {things} about {project.name}: {how_many(len(decisions), 'tweet')} "
            f"({good:,} {words.good}, {bad:,} not), "
            f"and it takes {LEAST_DECISIONS} with {LEAST_OF_A_KIND} of each kind; {words.more}, or look further back "
            "with --days"
        )
    evaluation = evaluate(decisions, project.weights)
    if evaluation is None:
        raise NothingToLearn(
            f"the {things} about {project.name} cannot be held back for a test: earlier or later ones are all of one "
            f"kind; {words.mixed}"
        )
    weights = fit_weights(decisions.components, decisions.good, project.weights)
    if not evaluation.convincing or weights == project.weights:
        loss, order = evaluation.log_loss, evaluation.auc
        raise NothingToLearn(
            f"other weights do not forecast the {things} about {project.name} better than the present ones: on "
            f"{evaluation.held_back:,} held-back {things} the log loss gains {loss.gain:+.3f} (95 % between "
            f"{loss.low:+.3f} and {loss.high:+.3f}) and the AUC {order.gain:+.3f} (between {order.low:+.3f} and "
            f"{order.high:+.3f}); keep them, or try again with more {things}"
        )
    old, new = (totals_of(decisions.components, each) for each in (project.weights, weights))
    proposed = (
        same_volume(new, old, project.thresholds)
        if targets is None
        else choose_thresholds(new, old, decisions.good, project.thresholds, targets)
    )
    return Tuning(
        len(decisions),
        good,
        _setting(project.weights, project.thresholds, old, decisions.good),
        _setting(weights, proposed.thresholds, new, decisions.good),
        proposed.missed,
        evaluation,
    )


def volume(connection: Connection, project: str, since: datetime, setting: Setting) -> Volume:
    """How many of the tweets scored since then would be green and at least yellow, counted by the database."""
    weights = {name: getattr(setting.weights, name) for name in COMPONENTS}
    thresholds = (setting.thresholds.green, setting.thresholds.yellow)
    return Volume(*count_scores_above(connection, project, since, weights, thresholds))


def _setting(weights: Weights, thresholds: Thresholds, totals: FloatArray, good: BoolArray) -> Setting:
    rounded = np.round(totals, 6)

    def above(threshold: float) -> ThresholdCounts:
        over = rounded >= threshold
        return ThresholdCounts(int(over.sum()), int(good[over].sum()))

    return Setting(weights, thresholds, above(thresholds.green), above(thresholds.yellow))
