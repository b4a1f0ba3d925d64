"""New weights come from decisions that call for them, and from no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.learning.evaluation import Measures
from viral_assets.learning.fit import LEAST_RELEVANCE, fit_weights, totals_of
from viral_assets.learning.judged_tweets import BoolArray, Decisions, FloatArray
from viral_assets.learning.thresholds import Targets, choose_thresholds
from viral_assets.learning.tuning import NothingToLearn, Tuning, tune
from viral_assets.projects.model import Thresholds, Weights
from viral_assets.scoring.total import total
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.laws import tried_on
from viral_assets_tests.learning.examples import PROJECT, decisions_by

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow

OPENNESS_FIRST = Weights(openness=0.6, author_quality=0.25, velocity=0.1, relevance=0.05)


def tuned(decisions: Decisions, targets: Targets | None = None) -> Tuning:
    return tune(decisions, PROJECT, targets or Targets())


def many() -> Tuning:
    """What 2,000 decisions teach."""
    return tuned(decisions_by(OPENNESS_FIRST, count=2000), Targets(green=0.8, yellow=0.6))


@pytest.fixture(scope="module")
def after_many() -> Tuning:
    """The same, learnt once."""
    return many()


def test_the_order_of_the_weights_people_decide_by_is_found(after_many: Tuning) -> None:
    new = after_many.new.weights
    assert new.openness > new.author_quality > max(new.velocity, new.relevance)
    assert new.openness == pytest.approx(0.6, abs=0.12)


def test_held_back_decisions_are_forecast_better_and_the_gain_is_bounded_away_from_nothing(after_many: Tuning) -> None:
    evaluation = after_many.evaluation
    assert evaluation.held_back == 1_200
    for measure in (evaluation.auc, evaluation.log_loss):
        assert 0 < measure.low < measure.gain < measure.high
    assert evaluation.auc.new > evaluation.auc.old
    assert evaluation.log_loss.new < evaluation.log_loss.old
    assert evaluation.best.new > evaluation.best.old


def test_the_same_decisions_teach_the_same(after_many: Tuning) -> None:
    assert many() == after_many


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_a_sample_is_measured_as_if_its_forecasts_stood_there_as_often_as_they_were_drawn(
    seed: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    # Some chances are the same.
    chances, good, block = random.integers(1, 9, count) / 10, random.random(count) < 0.5, np.arange(count) * 3 // count
    rows = np.sort(random.integers(0, count, count))
    times = np.bincount(rows, minlength=count).astype(np.float64)
    auc, loss, best = Measures.of(chances, good, block)(times)
    drawn, right = chances[rows], good[rows]
    assert Measures.of(drawn, right, block[rows])(np.ones(count)) == pytest.approx((auc, loss, best), nan_ok=True)
    pairs = np.sign(drawn[right][:, None] - drawn[~right][None, :])
    assert auc == pytest.approx((pairs.mean() + 1) / 2 if pairs.size else np.nan, nan_ok=True)
    assert loss == pytest.approx(np.log(np.where(right, drawn, 1 - drawn)).mean())


@pytest.mark.parametrize("seed", range(2))
def test_decisions_by_chance_teach_nothing(seed: int) -> None:
    with pytest.raises(NothingToLearn, match=r"do not forecast .* better .* held-back decisions"):
        tuned(decisions_by(PROJECT.weights, certainty=0, seed=seed))


@pytest.mark.parametrize("seed", range(2))
def test_decisions_by_the_present_weights_teach_nothing(seed: int) -> None:
    with pytest.raises(NothingToLearn, match="keep them"):
        tuned(decisions_by(PROJECT.weights, seed=seed))


@pytest.mark.parametrize(("count", "good"), [(39, 20), (60, 9), (60, 51), (0, 0)])
def test_too_few_decisions_are_refused_in_one_line_that_says_how_many_it_takes(count: int, good: int) -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=count)
    verdicts = np.arange(count) < good
    with pytest.raises(NothingToLearn, match="it takes 40 with 10 of each kind") as refused:
        tuned(replace(decisions, good=verdicts))
    assert "\n" not in str(refused.value)


def test_decisions_of_one_kind_until_lately_cannot_be_tested() -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=100)
    with pytest.raises(NothingToLearn, match="cannot be held back"):
        tuned(replace(decisions, good=np.arange(100) >= 88))


def test_a_component_that_counts_against_a_tweet_gets_no_weight() -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=1000)
    turned = decisions.components.copy()
    turned[:, 0] = 1 - turned[:, 2]
    assert fit_weights(turned, decisions.good, PROJECT.weights).velocity == 0


def test_a_component_that_was_switched_off_stays_so_and_relevance_keeps_the_gate() -> None:
    present = Weights(velocity=0.3, relevance=0.3, openness=0, author_quality=0.4)
    new = fit_weights(*_of(decisions_by(Weights(velocity=1, relevance=0, openness=0, author_quality=0))), present)
    assert new.openness == 0
    assert new.relevance >= LEAST_RELEVANCE


@tried_on(1 / 8)
@given(
    st.integers(0, 10_000),
    st.integers(12, 80),
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=4, max_size=4).filter(any),
)
def test_weights_are_hundredths_not_negative_and_add_up_to_one(seed: int, count: int, present: list[float]) -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=count, seed=seed)
    good = decisions.good.copy()
    good[:2] = [True, False]
    old = Weights(**dict(zip(COMPONENTS, present, strict=True)))
    new = fit_weights(decisions.components, good, old)
    values = [getattr(new, name) for name in COMPONENTS]
    assert new == old or sum(values) == pytest.approx(1)
    assert min(values) >= 0
    assert all(getattr(new, name) == 0 for name in COMPONENTS if getattr(old, name) == 0)


def test_the_totals_are_those_of_scoring() -> None:
    components = decisions_by(OPENNESS_FIRST, count=50).components
    scored = total(components[:, 0], components[:, 1], components[:, 2], components[:, 3], OPENNESS_FIRST)
    assert np.round(totals_of(components, OPENNESS_FIRST), 6) == pytest.approx(scored)


def test_from_a_threshold_on_as_many_tweets_are_worth_a_reply_as_was_asked_for(after_many: Tuning) -> None:
    found = after_many
    assert found.missed == ()
    assert found.new.green.share == pytest.approx(0.8, abs=0.03)
    assert found.new.yellow.share == pytest.approx(0.6, abs=0.03)
    assert found.new.thresholds.green > found.new.thresholds.yellow


def test_a_target_out_of_reach_keeps_the_share_of_tweets_there_was() -> None:
    decisions = decisions_by(OPENNESS_FIRST, certainty=4)
    totals = totals_of(decisions.components, OPENNESS_FIRST)
    chosen = choose_thresholds(totals, totals, decisions.good, Thresholds(), Targets(green=1.0, yellow=0.5))
    assert chosen.missed == ("green",)
    assert chosen.thresholds.green == pytest.approx(Thresholds().green, abs=0.02)


@tried_on(3 / 4)
@given(st.integers(0, 10_000), st.integers(20, 60), st.floats(0.01, 1), st.floats(0.01, 1))
def test_thresholds_are_always_in_order(seed: int, count: int, green: float, yellow: float) -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=count, seed=seed)
    good = decisions.good.copy()
    good[:2] = [True, False]
    totals = totals_of(decisions.components, OPENNESS_FIRST)
    targets = Targets(max(green, yellow), min(green, yellow))
    chosen = choose_thresholds(totals, totals, good, Thresholds(), targets).thresholds
    assert 0 < chosen.yellow < chosen.green < 1


def _of(decisions: Decisions) -> tuple[FloatArray, BoolArray]:
    return decisions.components, decisions.good


def test_what_no_decision_speaks_of_stays_as_the_project_has_it() -> None:
    decisions = decisions_by(OPENNESS_FIRST, count=300)
    totals, present = totals_of(decisions.components, PROJECT.weights), Thresholds(green_relevance=0.2)
    chosen = choose_thresholds(totals, totals, decisions.good, present, Targets())
    assert chosen.thresholds.green_relevance == 0.2
