"""What posted replies brought, as something to learn weights from: which tweets they did better under than others.

It says less than decisions do, and is not the default. Only tweets that somebody chose, answered and posted about are
seen; when a reply was posted, by whom and how good it was count as much as the tweet; and what goes together need not
be a cause. So the thresholds keep the share of tweets that they let through, and new weights have to forecast replies
that they have not seen, as with decisions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from viral_assets.learning.judged_tweets import Decisions, FloatArray
from viral_assets.learning.tuning import LEAST_DECISIONS, TargetWords
from viral_assets.queries.intervals import Z_95
from viral_assets.queries.order_statistics import Median, median
from viral_assets.queries.reply_rates import RATES, ReplyRate
from viral_assets.vocabulary import COMPONENTS

POSTED_REPLIES = TargetWords(
    "posted replies",
    "above the median",
    "post more and let `viral-assets outcomes` look at them a day later",
    "post more",
)

MEASURE_NAMES = {"view_count": "views", "like_count": "likes"}


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """How a component and what replies brought go together: Spearman's rank correlation and its 95 % interval."""

    correlation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What replies brought, and the tweets they answer.

    Args:
        measure: the count that is compared, by its name in :data:`~viral_assets.queries.reply_rates.RATES`.
        posted: replies that are known, also those without counts of their first day.
        an_hour: of those with counts, on their first day.
        decisions: their tweets; good are those above the median.
        going: by component; empty for too few.
    """

    measure: str
    posted: int
    an_hour: Median
    decisions: Decisions
    going: Mapping[str, RankCorrelation]


def outcomes_of(rates: Sequence[ReplyRate]) -> Outcomes:
    """Views, where enough replies have them or as many as have likes; else likes."""
    whole = [each for each in rates if None not in each.components]
    by_measure = {name: [each for each in whole if each.an_hour[name] is not None] for name in RATES}
    measure = next((name for name in RATES if len(by_measure[name]) >= LEAST_DECISIONS), None)
    measure = measure or max(RATES, key=lambda name: len(by_measure[name]))
    counted = by_measure[measure]
    values = np.array([each.an_hour[measure] for each in counted], dtype=np.float64)
    components = np.array([each.components for each in counted], dtype=np.float64).reshape(-1, len(COMPONENTS))
    good = values > np.median(values) if len(values) else np.zeros(0, dtype=np.bool_)
    decisions = Decisions(tuple(each.tweet_id for each in counted), components, good)
    going = dict(zip(COMPONENTS, (_going(column, values) for column in components.T), strict=True))
    enough = len(counted) >= LEAST_DECISIONS
    return Outcomes(measure, len(rates), median(values.tolist()), decisions, going if enough else {})


def _going(component: FloatArray, values: FloatArray) -> RankCorrelation:
    """The interval is Fisher's, with the error that Bonett and Wright (2000) give for ranks."""
    if len(values) < LEAST_DECISIONS or np.ptp(component) == 0 or np.ptp(values) == 0:
        return RankCorrelation(0.0, -1.0, 1.0)
    # Takes a second to import, and only who learns needs it.
    from scipy.stats import spearmanr

    correlation = float(spearmanr(component, values).statistic)
    error = math.sqrt((1 + correlation**2 / 2) / (len(values) - 3))
    middle = math.atanh(max(-0.999999, min(0.999999, correlation)))
    return RankCorrelation(correlation, math.tanh(middle - Z_95 * error), math.tanh(middle + Z_95 * error))
