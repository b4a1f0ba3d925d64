"""Counts, shares and spending of an hour, judged on plain values."""

from __future__ import annotations

import pytest

from viral_assets.defs.checks.counts import ReportedCounts, StoredCounts, counts_differ
from viral_assets.defs.checks.spending import Spending, SpentDay, budget_exceeded
from viral_assets.defs.checks.suggestion_shares import filtered_share, unanswered_share


def test_as_many_rows_as_were_reported_pass() -> None:
    check_result = counts_differ(ReportedCounts(12, 4), StoredCounts(12, 4))
    assert check_result.passed
    assert check_result.numbers["suggestions reported"] == 12


def test_a_lost_row_is_an_error_even_when_nothing_else_tells_of_it() -> None:
    check_result = counts_differ(ReportedCounts(12, 4), StoredCounts(11, 4))
    assert (check_result.passed, check_result.severity) == (False, "ERROR")
    assert check_result.violations[0].problem.startswith("1 of the 12 suggestions that the run reported are gone")
    assert (
        counts_differ(ReportedCounts(12, 4), StoredCounts(12, 3))
        .violations[0]
        .problem.startswith("1 of the 4 outcomes")
    )


def test_a_row_somebody_put_in_is_found_but_those_of_a_run_on_its_way_are_not_held_against_it() -> None:
    assert "1 suggestions more" in counts_differ(ReportedCounts(12, 4), StoredCounts(13, 4)).violations[0].problem
    assert counts_differ(ReportedCounts(12, 4), StoredCounts(15, 5, newer_suggestions=3, newer_outcomes=1)).passed


def test_an_hour_that_never_reported_and_an_empty_one_pass() -> None:
    assert counts_differ(None, StoredCounts(3, 1)).passed
    assert counts_differ(ReportedCounts(0, 0), StoredCounts()).passed


def outcomes(**counts: int) -> list[dict[str, str]]:
    return [
        {"project": "baking", "tweet_id": f"{outcome}-{number}", "outcome": outcome, "reason": "too long"}
        for outcome, count in counts.items()
        for number in range(count)
    ]


def test_a_quarter_filtered_passes_and_more_warns_with_the_tweets_and_the_reasons() -> None:
    assert filtered_share(outcomes(done=3, filtered=1)).passed
    check_result = filtered_share(outcomes(done=2, filtered=1))
    assert (check_result.passed, check_result.severity) == (False, "WARN")
    assert [violation.tweet_id for violation in check_result.violations] == ["filtered-0"]
    assert "too long" in check_result.violations[0].problem
    assert "project file" in check_result.violations[0].problem
    assert check_result.numbers["share filtered"] == pytest.approx(1 / 3, abs=1e-4)


def test_what_was_never_answered_says_nothing_about_the_filter() -> None:
    assert filtered_share(outcomes(done=4, filtered=1, deferred=0)).passed
    assert not filtered_share(outcomes(done=1, filtered=1, deferred=100)).passed


@pytest.mark.parametrize("outcome", ["failed", "blocked", "deferred"])
def test_a_tenth_unanswered_passes_and_more_warns(outcome: str) -> None:
    assert unanswered_share(outcomes(done=9, **{outcome: 1})).passed
    check_result = unanswered_share(outcomes(done=8, **{outcome: 1}))
    assert (check_result.passed, check_result.severity) == (False, "WARN")
    assert outcome in check_result.violations[0].problem


def test_an_hour_without_opportunities_has_good_shares() -> None:
    assert filtered_share([]).passed
    assert unanswered_share([]).passed


def test_without_a_budget_nothing_is_too_much() -> None:
    assert budget_exceeded(Spending(None, [SpentDay("2026-03-02", 1e6)])).passed


def test_above_the_budget_is_an_error_and_near_it_a_warning() -> None:
    judged = {
        spent: budget_exceeded(Spending(2.0, [SpentDay("2026-03-02", spent)])) for spent in (0.0, 1.79, 1.8, 2.0, 2.01)
    }
    assert {spent: check_result.passed for spent, check_result in judged.items()} == {
        0.0: True,
        1.79: True,
        1.8: False,
        2.0: False,
        2.01: False,
    }
    assert [judged[spent].severity for spent in (1.8, 2.0, 2.01)] == ["WARN", "WARN", "ERROR"]
    assert "2026-03-02 has cost 2.0100 of 2 USD" in judged[2.01].violations[0].problem
    assert "VIRAL_ASSETS_DAILY_BUDGET_USD" in judged[1.8].violations[0].problem


def test_every_day_on_which_the_hour_was_worked_on_counts() -> None:
    check_result = budget_exceeded(Spending(1.0, [SpentDay("2026-03-02", 0.1), SpentDay("2026-03-03", 1.5)]))
    assert [violation.problem.split()[0] for violation in check_result.violations] == ["2026-03-03"]
