"""What is wrong with the suggestions of an hour, found on plain rows."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets.defs.checks.suggestions import (
    SuggestionHour,
    opportunities_without_end,
    suggestions_out_of_bounds,
    suggestions_said_twice,
    suggestions_without_opportunity,
)
from viral_assets.projects.model import Generation, Project, TaxonomyNode, Voice

PROJECT = Project(
    name="baking",
    taxonomy=(TaxonomyNode(label="bread", description="Bread"),),
    voice=Voice(persona="A baker"),
    generation=Generation(min_length=10, max_length=100),
)
PROJECTS = {"baking": PROJECT}
TYPES = ("add_value", "ask_question", "mirror_reframe")


def suggestion(tweet_id: str, kind: str, text: str = "", **changes: Any) -> dict[str, Any]:
    row = {"project": "baking", "tweet_id": tweet_id, "suggestion_type": kind, "status": "pending"}
    return {**row, "text": text or f"{kind} for {tweet_id}", "original_text": None, "weighted_length": 50, **changes}


def chosen(*tweet_ids: str) -> list[dict[str, Any]]:
    return [{"project": "baking", "tweet_id": tweet_id} for tweet_id in tweet_ids]


def ended(tweet_id: str, outcome: str = "done") -> dict[str, Any]:
    reason = "" if outcome == "done" else "the service said so"
    return {"project": "baking", "tweet_id": tweet_id, "outcome": outcome, "reason": reason}


def hour(
    opportunities: list[dict[str, Any]], suggestions: list[dict[str, Any]], outcomes: list[dict[str, Any]]
) -> SuggestionHour:
    return SuggestionHour(opportunities, suggestions, outcomes, PROJECTS)


WRITTEN = [suggestion(tweet_id, kind) for tweet_id in ("1", "2") for kind in TYPES]
ENDED = [ended("1"), ended("2")]
GOOD = hour(chosen("1", "2"), WRITTEN, ENDED)
EMPTY = hour([], [], [])
RULES = (
    opportunities_without_end,
    suggestions_without_opportunity,
    suggestions_said_twice,
    suggestions_out_of_bounds,
)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rows", [GOOD, EMPTY])
def test_nothing_is_wrong_with_a_good_hour_or_an_empty_one(rule: Any, rows: SuggestionHour) -> None:
    assert rule(rows) == []


def test_an_opportunity_without_an_outcome_is_found() -> None:
    found = opportunities_without_end(hour(chosen("1", "2"), WRITTEN, [ended("1")]))
    assert [violation.tweet_id for violation in found] == ["2"]
    assert "materialize the hour again" in found[0].problem


def test_a_missing_suggestion_of_a_tweet_that_is_done_is_found() -> None:
    found = opportunities_without_end(hour(chosen("1", "2"), WRITTEN[:-1], ENDED))
    assert [(violation.tweet_id, violation.problem.split()[0]) for violation in found] == [("2", "mirror_reframe")]


@pytest.mark.parametrize("outcome", ["filtered", "blocked", "failed", "deferred"])
def test_a_recorded_outcome_stands_for_missing_suggestions(outcome: str) -> None:
    assert opportunities_without_end(hour(chosen("1"), [], [ended("1", outcome)])) == []


def test_suggestions_for_a_tweet_that_was_not_chosen_are_found_once() -> None:
    found = suggestions_without_opportunity(hour(chosen("1"), WRITTEN, ENDED))
    assert [violation.tweet_id for violation in found] == ["2"]


def test_the_same_words_are_found_whatever_their_case_and_spaces() -> None:
    rows = [suggestion("1", "add_value", "Rest the dough."), suggestion("2", "add_value", "rest  the DOUGH.")]
    found = suggestions_said_twice(hour(chosen("1", "2"), rows, []))
    assert [violation.tweet_id for violation in found] == ["2"]
    assert "for 1" in found[0].problem


def test_a_refused_suggestion_may_be_said_again() -> None:
    rows = [
        suggestion("1", "add_value", "Rest the dough.", status="rejected"),
        suggestion("2", "add_value", "Rest the dough."),
    ]
    assert suggestions_said_twice(hour(chosen("1", "2"), rows, [])) == []


@pytest.mark.parametrize(
    ("length", "status", "wrong"),
    [
        (9, "pending", True),
        (10, "pending", False),
        (100, "approved", False),
        (101, "approved", True),
        (101, "edited", False),
        (5, "edited", False),
        (281, "edited", True),
        (0, "posted", True),
    ],
)
def test_lengths_are_the_projects_but_what_a_person_wrote_only_has_to_fit_into_a_tweet(
    length: int, status: str, wrong: bool
) -> None:
    rows = [suggestion("1", "add_value", weighted_length=length, status=status)]
    found = suggestions_out_of_bounds(hour(chosen("1"), rows, []))
    assert bool(found) is wrong


def test_what_a_person_wrote_stays_a_persons_text_when_it_is_exported() -> None:
    edited = suggestion("1", "add_value", weighted_length=101, status="exported", original_text="Rest the dough.")
    assert suggestions_out_of_bounds(hour(chosen("1"), [edited], [])) == []


def test_a_tweet_that_ended_without_suggestions_needs_a_reason() -> None:
    outcome = {**ended("1", "blocked"), "reason": " "}
    found = opportunities_without_end(hour(chosen("1"), [], [outcome]))
    assert [violation.tweet_id for violation in found] == ["1"]
    assert found[0].problem.startswith("blocked without a reason")
