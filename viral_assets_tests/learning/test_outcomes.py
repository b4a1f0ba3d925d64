"""Weights from what posted replies brought: found where it shows, refused where it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from viral_assets.learning.outcomes import POSTED_REPLIES, Outcomes, outcomes_of
from viral_assets.learning.tuning import NothingToLearn, tune
from viral_assets.queries.reply_rates import ReplyRate
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.learning.examples import PROJECT

POSTED = datetime(2026, 11, 1, tzinfo=UTC)
OPENNESS = COMPONENTS.index("openness")


def replies(count: int, *, effect: float, seed: int = 0, likes_only: bool = False) -> list[ReplyRate]:
    """Replies that bring the more the more open their tweet is, by ``effect``, and else by chance."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        components = random.random(len(COMPONENTS))
        rate = float(np.exp(effect * components[OPENNESS] + random.normal()))
        rates = {"view_count": None if likes_only else rate, "like_count": rate}
        found.append(ReplyRate(f"{number:05}", POSTED + timedelta(hours=number), tuple(components.tolist()), rates))
    return found


def test_what_goes_together_is_found_with_its_interval_and_the_volume_stays() -> None:
    outcomes = outcomes_of(replies(400, effect=6.0))
    going = outcomes.going["openness"]
    assert 0.5 < going.low < going.correlation < going.high < 1
    assert outcomes.going["velocity"].low < 0.15
    assert outcomes.an_hour.count == outcomes.posted == 400
    assert outcomes.an_hour.low < outcomes.an_hour.middle < outcomes.an_hour.high  # type: ignore[operator]
    found = tune(outcomes.decisions, PROJECT, None, POSTED_REPLIES)
    assert found.new.weights.openness > 0.5
    assert abs(found.new.green.decided - found.old.green.decided) <= 8
    assert found.new.thresholds.green_relevance == PROJECT.thresholds.green_relevance


@pytest.mark.parametrize("seed", [0, 1])
def test_what_comes_by_chance_teaches_nothing(seed: int) -> None:
    outcomes = outcomes_of(replies(200, effect=0.0, seed=seed))
    with pytest.raises(NothingToLearn, match="do not forecast the posted replies"):
        tune(outcomes.decisions, PROJECT, None, POSTED_REPLIES)


def test_too_few_are_refused_in_one_line_that_says_what_would_help() -> None:
    outcomes = outcomes_of(replies(12, effect=6.0))
    assert outcomes.going == {}
    with pytest.raises(NothingToLearn) as refused:
        tune(outcomes.decisions, PROJECT, None, POSTED_REPLIES)
    assert "too few posted replies about demo: 12 tweets (6 above the median, 6 not), and it takes 40" in str(
        refused.value
    )
    assert "viral-assets outcomes" in str(refused.value)


def test_likes_do_where_views_are_not_known_and_what_has_no_score_is_left_out() -> None:
    few = replies(5, effect=1.0)
    assert outcomes_of([*few, *replies(50, effect=1.0, likes_only=True)]).measure == "like_count"
    assert outcomes_of(replies(45, effect=1.0)).measure == "view_count"
    unknown = ReplyRate("x", POSTED, (None, 0.1, 0.1, 0.1), {"view_count": 1.0, "like_count": 1.0})
    outcomes = outcomes_of([unknown, *few])
    assert (outcomes.posted, len(outcomes.decisions)) == (6, 5)
    empty: Outcomes = outcomes_of([])
    assert (empty.posted, len(empty.decisions), empty.an_hour.middle) == (0, 0, None)


def test_scores_or_counts_that_are_all_the_same_say_nothing() -> None:
    same = [ReplyRate(f"{at}", POSTED, (0.5,) * 4, {"view_count": 1.0, "like_count": None}) for at in range(60)]
    going = outcomes_of(same).going["openness"]
    assert (going.correlation, going.low, going.high) == (0.0, -1.0, 1.0)
