"""One request by itself: what it writes, and the value it ends as. No loop runs here."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace

import pytest

from viral_assets.errors import (
    AdaptedRequestError,
    BlockedAnswerError,
    FatalProviderError,
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TooMuchInputError,
    TransientProviderError,
)
from viral_assets.generation.run.answer_processor import AnswerProcessor, AnswerSource
from viral_assets.generation.run.failures.bisection import RequestBatch
from viral_assets.generation.run.failures.service_health import ServiceHealth
from viral_assets.generation.run.failures.usefulness import Useless
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.outcome import (
    Answered,
    BatchOutcome,
    FatalFailure,
    RateLimited,
    RequestAdapted,
    ServiceFailure,
)
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.request import answered, ask, failed, prepare
from viral_assets.generation.run.results import DatabaseResults
from viral_assets.generation.run.session import RunSession
from viral_assets.llm.types import Answer, Usage
from viral_assets.quota import open_ledger
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import TYPES, answer_text, pack, project
from viral_assets_tests.generation.running import PLENTY, on_virtual_time, requests_of, suggestions_of
from viral_assets_tests.virtual_clock import VirtualClock

SOURCE = AnswerSource("request", "in-process", "gemini")
GOOD = {
    TYPES[0]: "We moved the chargers to the hallway and bedtime fights ended within a week or so.",
    TYPES[1]: "How long did it take until your son stopped asking for it in the morning?",
    TYPES[2]: "Maybe the blanket is less about the tablet than about a moment without anybody watching.",
}


def batch(tweets: int) -> RequestBatch:
    return RequestBatch(tuple(Item(each) for each in pack(tweets)))


def processor(now: float = 0.0) -> AnswerProcessor:
    return AnswerProcessor({"calm": project()}, clock=lambda: now, rng=random.Random(1))


def session_with(service: GeminiEmulator, database: Database) -> tuple[RunSession, VirtualClock]:
    clock = service.clock
    assert isinstance(clock, VirtualClock)
    session = RunSession(
        InProcessClient(service),
        open_ledger(database, PLENTY, "key", clock=clock),
        DatabaseResults.of(database, {"calm": project()}),
        {"calm": project()},
        price_of=lambda model: None,
        options=GenerationOptions(),
        progress=None,
        rng=random.Random(1),
        clock=clock,
    )
    return session, clock


def outcome_of_failure(asked: RequestBatch, error: ProviderError, health: ServiceHealth | None = None) -> BatchOutcome:
    return failed(asked, error, processor(), health or ServiceHealth())


def test_a_request_commits_its_answer_by_itself_and_saves_nothing_else(sqlite_database: Database) -> None:
    """So a settlement never waits for the loop, and a kill before the loop gets to it loses nothing."""
    service = on_virtual_time(latency=(0.5, 0.1))
    session, clock = session_with(service, sqlite_database)

    async def granted_and_sent() -> BatchOutcome:
        prepared = prepare(session, batch(2), runner="me")
        await session.store(session.ledger.ask, prepared.grant)
        return await ask(session, prepared, asked_at=clock.monotonic())

    outcome = clock.run(granted_and_sent())
    session.close()

    (row,) = requests_of(sqlite_database)
    assert (row.status, row.parsed_at) == ("answered", None)
    assert row.raw_answer
    assert suggestions_of(sqlite_database) == {}
    assert session.counters.report.outcomes == {}
    assert outcome.parsed_request == row.id
    assert [result.outcome for result in outcome.ended] == ["done", "done"]
    assert outcome.settlement is not None
    assert outcome.settlement.raw_answer == row.raw_answer


def test_an_answer_says_that_the_service_answers_and_what_became_of_each_tweet() -> None:
    asked = batch(3)
    first, second, _ = (item.opportunity.tweet_id for item in asked.items)
    text = answer_text({first: GOOD, second: {TYPES[0]: "Great point!"}})

    outcome = answered(asked, Answer(text, None, "STOP"), SOURCE, processor(), seconds=1.5)

    assert outcome.service == Answered(1.5, None)
    assert [result.opportunity.tweet_id for result in outcome.ended] == [first]
    assert {item.opportunity.tweet_id for item in outcome.again} == {
        item.opportunity.tweet_id for item in asked.items[1:]
    }
    assert [rule for _, rule in outcome.rejections] == ["length"]
    assert {item.attempts for item in asked.items} == {0}, "what was asked stays as it was"


def test_an_answer_that_was_cut_off_is_asked_for_in_smaller_packs() -> None:
    outcome = answered(batch(6), Answer("[", Usage(900, 600, 40), "MAX_TOKENS"), SOURCE, processor(), seconds=1.0)

    assert {(item.largest_pack, item.raised_cap) for item in outcome.again} == {(3, False)}


@pytest.mark.parametrize(
    "answer",
    [
        Answer("", Usage(900, 0, 9_000), "MAX_TOKENS"),
        Answer("", None, "MAX_TOKENS"),
        Answer("[", Usage(900, 5, 9_000), "MAX_TOKENS"),
    ],
)
def test_an_answer_that_thoughts_have_used_up_is_asked_for_once_more_with_a_higher_cap(answer: Answer) -> None:
    first = answered(batch(6), answer, SOURCE, processor(), seconds=1.0)
    second = answered(RequestBatch(first.again), answer, SOURCE, processor(), seconds=1.0, raised_cap=True)

    assert [(item.largest_pack, item.raised_cap) for item in first.again] == [(1_000, True)] * 6
    assert (first.ended, second.again) == ((), ())
    assert [result.outcome for result in second.ended] == ["failed"] * 6
    assert "MAX_TOKENS" in second.ended[0].reason
    assert "thoughts" in second.ended[0].reason


def test_what_is_good_of_an_answer_full_of_thoughts_is_kept() -> None:
    asked = batch(2)
    answer = Answer(answer_text({asked.items[0].opportunity.tweet_id: GOOD}), Usage(900, 90, 9_000), "MAX_TOKENS")

    outcome = answered(asked, answer, SOURCE, processor(), seconds=1.0, raised_cap=True)

    assert [result.outcome for result in outcome.ended] == ["done", "failed"]


@pytest.mark.parametrize(
    ("answered_by", "note"),
    [
        (None, ""),
        ("gemini-2.5-flash-lite-001", ""),
        ("gemini-3.5-flash-lite", "asked gemini-2.5-flash-lite, answered by gemini-3.5-flash-lite"),
    ],
)
def test_another_model_than_the_one_that_was_asked_is_noted(answered_by: str | None, note: str) -> None:
    source = AnswerSource("request", "in-process", "gemini-2.5-flash-lite")

    outcome = answered(batch(1), Answer("[]", None, "STOP", answered_by), source, processor(), seconds=1.0)

    assert outcome.note.startswith(note)
    assert bool(outcome.note) == bool(note)


@pytest.mark.parametrize(("spare_quota", "again", "ended"), [(True, 1, 0), (False, 0, 1)])
def test_a_tweet_with_something_good_is_asked_again_where_that_costs_no_waiting(
    spare_quota: bool, again: int, ended: int
) -> None:
    asked = batch(1)
    text = answer_text({asked.items[0].opportunity.tweet_id: {**GOOD, TYPES[1]: "#sponsored " + GOOD[TYPES[1]]}})

    outcome = answered(asked, Answer(text, None, "STOP"), SOURCE, processor(), seconds=1.0)
    decided = outcome.decided(spare_quota=spare_quota)

    assert (len(outcome.again), len(outcome.ended), len(outcome.improvable)) == (0, 0, 1)
    assert (len(decided.again), len(decided.ended), len(decided.improvable)) == (again, ended, 0)
    assert [result.outcome for result in decided.ended] == ["filtered"] * ended
    assert len(decided.partial) == again, "what is good is saved, whatever comes"


@pytest.mark.parametrize(
    ("error", "report"),
    [
        (RateLimitedError("429"), RateLimited),
        (AdaptedRequestError("400: no such field"), RequestAdapted),
        (FatalProviderError("no such key"), FatalFailure),
    ],
)
def test_a_batch_that_was_not_read_comes_first_again_as_it_was(error: ProviderError, report: type) -> None:
    asked = batch(4)

    outcome = outcome_of_failure(asked, error)

    assert outcome == BatchOutcome(first=asked, service=outcome.service)
    assert isinstance(outcome.service, report)


def test_a_service_in_trouble_costs_each_tweet_an_attempt_and_a_wait() -> None:
    outcome = outcome_of_failure(batch(4), TransientProviderError("503", http_status=503))

    assert isinstance(outcome.service, ServiceFailure)
    assert {(item.attempts, item.failures, item.largest_pack) for item in outcome.again} == {(1, 1, 1_000)}
    assert len({item.not_before for item in outcome.again}) == 1, "what failed together may come back together"


def test_tweets_that_fail_again_while_others_are_answered_come_back_in_smaller_packs() -> None:
    health = ServiceHealth()
    health.answered(1.0)
    once = outcome_of_failure(batch(4), TransientProviderError("500"), health)

    twice = outcome_of_failure(RequestBatch(once.again), TransientProviderError("500"), health)

    assert {item.largest_pack for item in twice.again} == {2}


def test_tweets_that_an_answer_has_left_out_before_are_no_smaller_pack_for_that() -> None:
    health = ServiceHealth()
    health.answered(1.0)
    left_out = tuple(replace(item, failures=1) for item in batch(4).items)

    outcome = outcome_of_failure(RequestBatch(left_out), TransientProviderError("503"), health)

    assert {item.largest_pack for item in outcome.again} == {1_000}


@pytest.mark.parametrize(
    ("error", "ends", "report"),
    [(BlockedAnswerError("withheld"), "blocked", None), (RejectedRequestError("400"), "failed", Useless)],
)
def test_a_tweet_that_fails_alone_is_the_one(error: ProviderError, ends: str, report: type | None) -> None:
    several, alone = outcome_of_failure(batch(2), error), outcome_of_failure(batch(1), error)

    assert (several.ended, several.again, len(several.bisections), several.service) == ((), (), 1, None)
    ended = alone.ended or tuple(each.ended for each in alone.rejected)
    assert [(result.outcome, result.attempts) for result in ended] == [(ends, 1)]
    assert alone.service is None if report is None else isinstance(alone.service, report)


def test_a_tweet_that_is_rejected_may_be_asked_about_once_more_unless_it_is_too_large() -> None:
    rejected = RejectedRequestError("400")
    (first,) = outcome_of_failure(batch(1), rejected).rejected
    second = outcome_of_failure(RequestBatch((first.again,), suspected=True), rejected)
    too_large = outcome_of_failure(batch(1), TooMuchInputError("400", allowed=1))

    assert [(each.outcome, each.attempts) for each in second.ended] == [("failed", 2)]
    assert (second.rejected, too_large.rejected) == ((), ())
    assert [each.outcome for each in too_large.ended] == ["failed"]


def test_a_cancelled_request_is_settled_all_the_same(sqlite_database: Database) -> None:
    service = on_virtual_time(latency=(30.0, 0.0))
    session, clock = session_with(service, sqlite_database)

    async def sent_and_cancelled() -> None:
        prepared = prepare(session, batch(1), runner="me")
        await session.store(session.ledger.ask, prepared.grant)
        task = asyncio.create_task(ask(session, prepared, asked_at=clock.monotonic()))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    clock.run(sent_and_cancelled())
    session.close()

    assert [(row.status, row.error) for row in requests_of(sqlite_database)] == [
        ("failed", "cancelled while under way")
    ]


def test_a_tweet_that_the_model_would_not_answer_has_ended_with_its_reason_and_costs_no_other_request() -> None:
    asked = batch(2)
    first, second = (item.opportunity.tweet_id for item in asked.items)
    declined = {"id": first, "answer": "no", "why": "the author grieves", "suggestions": []}
    text = json.dumps([declined, *json.loads(answer_text({second: GOOD}))])
    outcome = answered(asked, Answer(text, Usage(10, 10), "STOP"), SOURCE, processor(), seconds=1.0)
    assert {each.opportunity.tweet_id: (each.outcome, each.reason) for each in outcome.ended} == {
        first: ("declined", "the author grieves"),
        second: ("done", ""),
    }
    assert not outcome.leaves_work
    report = GenerationReport()
    for result in outcome.ended:
        report.count(result.opportunity.window_start, result.outcome, len(result.suggestions))
    assert (report.declined, report.failed, report.generated) == (1, 0, 3)
