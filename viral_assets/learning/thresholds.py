"""From which score on a tweet is yellow or green: the lowest from which enough of the tweets were worth a reply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viral_assets.learning.fit import fit_curve
from viral_assets.learning.judged_tweets import BoolArray, FloatArray
from viral_assets.projects.model import Thresholds

LEAST_ABOVE = 10
"""Decisions at or above a threshold, for it to say anything."""

SEEN_FROM = 0.05
"""No threshold goes below this share of the scores decided about: what is below, nobody has judged."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Which share of the tweets from a threshold on is to be worth a reply."""

    green: float = 0.7
    yellow: float = 0.5


@dataclass(frozen=True, slots=True)
class ChosenThresholds:
    """``missed`` names the targets that no threshold reaches; there, as many tweets stay above as were before."""

    thresholds: Thresholds
    missed: tuple[str, ...]


def choose_thresholds(
    new: FloatArray, old: FloatArray, good: BoolArray, present: Thresholds, targets: Targets
) -> ChosenThresholds:
    """Thresholds for the scores ``new`` (n,) of tweets with known worth ``good`` (n,).

    What is expected above a threshold comes from the fitted curve, which does not jump from one tweet to the next.

    Args:
        old: the scores (n,) of the same tweets that ``present`` was made for.
    """
    chances = fit_curve(new, good)(new)
    lowest = np.ceil(np.quantile(new, SEEN_FROM) * 100)
    candidates = [at / 100 for at in range(int(lowest), 101) if (new >= at / 100).sum() >= LEAST_ABOVE]
    found: dict[str, float] = {}
    missed: list[str] = []
    for name in ("green", "yellow"):
        target = getattr(targets, name)
        reached = [at for at in candidates if chances[new >= at].mean() >= target]
        if reached:
            found[name] = reached[0]
        else:
            missed.append(name)
            found[name] = _same_share(new, old, getattr(present, name))
    return ChosenThresholds(_ordered(present, found["yellow"], found["green"]), tuple(missed))


def same_volume(new: FloatArray, old: FloatArray, present: Thresholds) -> ChosenThresholds:
    """Thresholds above which as many of the tweets stay as were: for what says nothing of tweets that nobody chose."""
    yellow, green = (_same_share(new, old, threshold) for threshold in (present.yellow, present.green))
    return ChosenThresholds(_ordered(present, yellow, green), ())


def _ordered(present: Thresholds, yellow: float, green: float) -> Thresholds:
    """What else they say stays."""
    yellow = min(max(yellow, 0.01), 0.98)
    green = min(max(green, yellow + 0.01), 0.99)
    return present.model_copy(update={"yellow": round(yellow, 2), "green": round(green, 2)})


def _same_share(new: FloatArray, old: FloatArray, threshold: float) -> float:
    """Where as many of the new scores lie above as of the old ones did."""
    above = float((old >= threshold).mean())
    return round(float(np.quantile(new, 1 - above)), 2)
