"""Rules that a model finds in edits are as good as the edits that speak for them, and are paid for once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.generation import AsyncCommentGenerator
from viral_assets.generation.opportunity import Study
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.studying import study_id
from viral_assets.learning.model_voice import (
    LEAST_EDITS,
    LEAST_FOR_A_RULE,
    MOST_EDITS,
    LearntVoice,
    Sample,
    candidates_of,
    estimated,
    groups_of,
    learn,
    sample_of,
    supported,
    trials_of,
)
from viral_assets.projects.model import Project, Voice
from viral_assets.queries.feedback import KeptReply
from viral_assets.quota import Limits
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.gemini_emulator.studies import RULES
from viral_assets_tests.generation.running import PLENTY
from viral_assets_tests.generation.test_generator import _clean_environment  # noqa: F401 - nobody's key is used
from viral_assets_tests.learning.examples import PROJECT
from viral_assets_tests.learning.test_voice import PLAIN
from viral_assets_tests.store.rows import stored

HEDGE, PRICE = RULES["honestly"], RULES["dollars"]
EDITED = [KeptReply(f"Honestly, {text}, for ten dollars.", f"{text}.") for text in PLAIN]
LEFT = [KeptReply(f"{text}!", f"{text}!") for text in PLAIN]


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


def ask(
    database: Database,
    service: GeminiEmulator,
    kept: list[KeptReply],
    project: Project = PROJECT,
    **options: Any,
) -> tuple[Estimate, LearntVoice]:
    async def run() -> tuple[Estimate, LearntVoice]:
        async with AsyncCommentGenerator(
            "test-key", provider="google-genai", endpoint=service.url, database=database, **{"limits": PLENTY} | options
        ) as generator:
            sample = sample_of(kept)
            return await estimated(generator, sample, project, ()), await learn(generator, sample, project, ())

    return asyncio.run(run())


def test_rules_are_found_held_against_every_edit_and_offered_with_those_they_stand_on(
    database: Database, emulator: GeminiEmulator
) -> None:
    against = [replace(each, text=each.draft) for each in EDITED[:1]]
    estimate, learnt = ask(database, emulator, [*EDITED, *against, *LEFT])
    # The same edits speak for both, so that one of the two is enough.
    (only,) = learnt.preferences
    assert only.sentence in (HEDGE, PRICE)
    assert (only.drafts, only.changed, only.edits) == (11, 10, tuple(EDITED))
    assert (learnt.candidates, learnt.unfinished) == (2, "")
    requests = stored(database, llm_requests)
    assert {row["purpose"] for row in requests} == {"learn"}
    assert {row["project"] for row in requests} == {PROJECT.name}
    assert all(row["status"] == "answered" and row["parsed_at"] is not None for row in requests)
    assert len(requests) == estimate.requests == 1 + 3, "ten edits a request"
    assert estimate.cost_usd is not None
    assert sum(row["counted_cost_usd"] for row in requests) <= estimate.cost_usd
    assert not stored(database, comment_suggestions)
    assert not stored(database, generation_outcomes)


def test_what_was_answered_is_not_asked_again_and_a_new_edit_costs_what_is_new(
    database: Database, emulator: GeminiEmulator
) -> None:
    _, first = ask(database, emulator, [*EDITED, *LEFT])
    asked = len(emulator.arrivals)
    estimate, again = ask(database, emulator, [*EDITED, *LEFT])
    assert again.preferences == first.preferences
    assert (estimate.requests, len(emulator.arrivals)) == (0, asked)
    # As a process leaves them that is killed between an answer and its parsing.
    with database.begin() as connection:
        connection.execute(sa.update(llm_requests).values(parsed_at=None))
    _, recovered = ask(database, emulator, [*EDITED, *LEFT])
    assert recovered.preferences == first.preferences
    assert len(emulator.arrivals) == asked
    assert all(row["parsed_at"] is not None for row in stored(database, llm_requests))
    later = KeptReply("Honestly, rye is slow.", "Rye is slow.")
    ask(database, emulator, [*EDITED, *LEFT, later])
    assert len(emulator.arrivals) == asked + 2, "the group that it is in, and itself"


def test_a_day_that_is_used_up_leaves_the_rest_for_later(database: Database, emulator: GeminiEmulator) -> None:
    scarce = replace(PLENTY, requests_per_day=2)
    _, learnt = ask(database, emulator, [*EDITED, *LEFT], limits=scarce)
    assert len(emulator.arrivals) == 2
    assert learnt.unfinished == "the day's 2 requests are used up"
    _, learnt = ask(database, emulator, [*EDITED, *LEFT], limits=Limits(max_requests=10_000, window_seconds=1.0))
    assert (len(emulator.arrivals), learnt.unfinished) == (3, "")


def test_drafts_of_runs_take_no_study_for_an_answer(database: Database, emulator: GeminiEmulator) -> None:
    ask(database, emulator, EDITED)
    with database.begin() as connection:
        connection.execute(sa.update(llm_requests).values(parsed_at=None))
    with database.read() as connection:
        from viral_assets.quota.sql_reports import unparsed

        assert unparsed(connection, PROJECT.name, "generate") == []
        assert len(unparsed(connection, PROJECT.name, "learn")) == 2


def verdicts(sample: Sample, rules: list[str], answers: list[str]) -> dict[str, str]:
    return {study_id(study): answer for study, answer in zip(trials_of(rules, sample), answers, strict=True)}


@pytest.mark.parametrize(
    ("answers", "offered"),
    [
        (["+1 -"] * LEAST_FOR_A_RULE + ["+ -"] * 15, [HEDGE]),
        (["+1 -"] * (LEAST_FOR_A_RULE - 1) + ["+ -"] * 16, []),
        (["+1 -"] * 10 + ["+ -1"] * 10, []),
        (["+ -"] * 10 + ["+1 -"] * 10, []),
        (["nonsense"] * 20, []),
    ],
)
def test_too_few_or_too_mixed_edits_carry_no_rule(answers: list[str], offered: list[str]) -> None:
    sample = sample_of([*EDITED, *LEFT])
    found = supported([HEDGE], sample, verdicts(sample, [HEDGE], answers))
    assert [each.sentence for each in found] == offered


def test_what_is_said_already_is_not_found_again_and_of_two_that_are_alike_one_is() -> None:
    (group,) = groups_of(sample_of(EDITED))
    answer = {study_id(group): f"{HEDGE} | Say it first without hedging. | {PRICE}"}
    assert candidates_of([group], answer, ()) == [HEDGE, PRICE]
    assert candidates_of([group], answer, [PRICE.upper()]) == [HEDGE]
    assert candidates_of([group], {}, ()) == []
    assert trials_of([], sample_of(EDITED)) == []


def test_the_latest_edits_are_studied_and_few_are_none() -> None:
    many = [KeptReply(f"draft {number}", f"text {number}") for number in range(100)]
    sample = sample_of([*many, *many])
    assert sample.changed == tuple(many[:MOST_EDITS])
    assert [len(each.edits) for each in groups_of(sample)] == [10, 10, 10, 10]
    assert not sample_of(many[: LEAST_EDITS - 1]).enough
    assert study_id(Study(())) != study_id(Study((), ("x",)))


def test_a_voice_that_says_it_all_asks_for_nothing_more(database: Database, emulator: GeminiEmulator) -> None:
    voice = Voice(persona="x", constraints=(HEDGE, PRICE))
    _, learnt = ask(database, emulator, EDITED, PROJECT.model_copy(update={"voice": voice}))
    assert (learnt.preferences, learnt.candidates, len(emulator.arrivals)) == ((), 0, 1)
