"""Revisions from the wish to what is offered: the quota, the ledger and the rules are those of first drafts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.generation import AsyncCommentGenerator, waiting_revisions
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.waiting_revisions import OWN_TIME, TakenUp
from viral_assets.quota import Limits
from viral_assets.store import revisions
from viral_assets.store.bulk import upsert
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import hold, let_go
from viral_assets.store.revisions import Revision
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.forks import forks
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.gemini_emulator.suggestions import suggestion
from viral_assets_tests.generation.make import TYPES, pack, project
from viral_assets_tests.generation.running import PLENTY, Run
from viral_assets_tests.generation.test_generator import _clean_environment  # noqa: F401 - nobody's key is used
from viral_assets_tests.store.rows import stored
from viral_assets_tests.store.test_decisions import row_of
from viral_assets_tests.waiting import PATIENCE

TWEET = pack(1)[0]
KEY = SuggestionKey("calm", TWEET.tweet_id, TYPES[0])
SHORT = "We charge ours in the hall, where nobody sleeps."
DRAFT = f"{SHORT} After a week nobody asked for them any more, which surprised us all."
OTHERS = ("Which evening was the first that worked for you?", "So it is less about phones than about evenings.")


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


@pytest.fixture
def drafted(database: Database, now: datetime) -> Database:
    with database.begin() as connection:
        upsert(
            connection,
            comment_suggestions,
            [
                row_of(SuggestionKey("calm", TWEET.tweet_id, kind), now, text=text)
                for kind, text in zip(TYPES, (DRAFT, *OTHERS), strict=True)
            ],
        )
    return database


def ask(database: Database, now: datetime, wish: str = "Shorter") -> Revision:
    with database.begin() as connection:
        version = connection.scalar(sa.select(sa.func.max(comment_suggestions.c.version)))
        assert version is not None
        return revisions.ask(connection, KEY, version=version, wish=wish, who="anna", at=now)


def write(
    database: Database, revision: Revision, now: datetime, service: GeminiEmulator | None = None, **options: Any
) -> tuple[Revision, GenerationReport]:
    options = {"limits": PLENTY, "provider": "google-genai" if service else "offline"} | options

    async def run() -> GenerationReport:
        async with AsyncCommentGenerator(
            "test-key" if service else None, endpoint=service.url if service else None, database=database, **options
        ) as generator:
            return await generator.revise(revision, TWEET, project(), now=lambda: now)

    report = asyncio.run(run())
    with database.read() as connection:
        found = revisions.read_revision(connection, revision.id)
    assert found is not None
    return found, report


def test_what_the_model_makes_of_it_is_offered_and_in_the_ledger(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    written, report = write(drafted, ask(drafted, now), now, emulator)
    assert (written.state, written.text) == (
        "offered",
        " ".join(suggestion(TWEET.tweet_id, TYPES[0], "Shorter").split()),
    )
    assert (written.provider, written.model) == ("google-genai", report.model)
    (request,) = stored(drafted, llm_requests)
    assert (request["purpose"], request["run_id"], request["tweet_ids"]) == ("revise", written.id, [TWEET.tweet_id])
    assert request["status"] == "answered"
    assert request["parsed_at"] is not None
    assert {row["text"] for row in stored(drafted, comment_suggestions) if row["suggestion_type"] == TYPES[0]} == {
        DRAFT
    }
    assert stored(drafted, generation_outcomes) == [], "how the tweet ended is another matter"


def test_a_run_over_the_hour_takes_no_revision_for_a_draft(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    write(drafted, ask(drafted, now), now, emulator)
    with drafted.begin() as connection:
        connection.execute(sa.update(llm_requests).values(parsed_at=None))
    report = Run(pack(1), emulator.url, drafted, PLENTY)()
    assert report.recovered_answers == 0
    assert suggestion(TWEET.tweet_id, TYPES[0]) in {row["text"] for row in stored(drafted, comment_suggestions)}


@pytest.mark.slow
def test_an_answer_that_was_stored_before_a_kill_is_not_asked_for_again(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    asked = ask(drafted, now)
    from viral_assets_tests.generation.processes import revise

    process = forks().Process(
        target=revise, args=(drafted.url.render_as_string(hide_password=False), emulator.url, asked.id)
    )
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -9
    (left,) = stored(drafted, llm_requests)
    assert (left["status"], left["parsed_at"]) == ("answered", None)
    with drafted.read() as connection:
        assert revisions.open_revisions(connection, [("calm", TWEET.tweet_id)])[KEY].state == "asked"

    again = ask(drafted, now)
    assert again.id == asked.id
    # Who was killed is waited for a little: its clock is the machine's.
    later = datetime.fromtimestamp(left["finished_at"] + 60, now.tzinfo)
    written, report = write(drafted, again, later, emulator)
    assert (written.state, report.recovered_answers, report.requests) == ("offered", 1, 0)
    assert len(emulator.arrivals) == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("prompt_block", "the provider's safety filter withheld the answer"),
        ("instructions", "what was written did not pass the quality filter: the link"),
    ],
)
def test_what_came_to_nothing_says_why(
    drafted: Database, emulator: GeminiEmulator, now: datetime, fault: str, why: str
) -> None:
    emulator.script(*[fault] * 20)
    written, _ = write(drafted, ask(drafted, now), now, emulator)
    assert written.state == "failed"
    assert why in written.reason


def test_where_the_day_is_used_up_it_waits_and_the_report_says_for_how_long(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    limits = Limits(max_requests=100, window_seconds=1.0, requests_per_day=1)
    first, _ = write(drafted, ask(drafted, now), now, emulator, limits=limits)
    with drafted.begin() as connection:
        second = revisions.ask(connection, KEY, version=0, wish="Warmer", who="anna", at=now, shown=first.id)
    waiting, report = write(drafted, second, now, emulator, limits=limits)
    assert (waiting.state, waiting.reason) == ("asked", "the day's 1 request is used up")
    assert report.quota_back_in is not None
    assert 0 < report.quota_back_in <= 25 * 3600
    assert len(emulator.arrivals) == 1
    written, _ = write(drafted, second, now, emulator)
    assert (written.state, written.draft) == ("offered", first.text), "of what was offered before, once more is allowed"


def take_up(database: Database, now: datetime, service: GeminiEmulator | None = None, **options: Any) -> TakenUp:
    provider = "google-genai" if service else "offline"
    endpoint, of = service.url if service else None, options.pop("of", project())
    how: dict[str, Any] = {"limits": PLENTY, "provider": provider, "endpoint": endpoint} | options

    async def run() -> TakenUp:
        async with AsyncCommentGenerator("test-key" if service else None, database=database, **how) as generator:
            return await waiting_revisions.take_up(
                generator, database, [TWEET], {"calm": of}, now=now, stop=threading.Event()
            )

    return asyncio.run(run())


def state(database: Database, revision: Revision) -> tuple[str, str]:
    with database.read() as connection:
        found = revisions.read_revision(connection, revision.id)
    assert found is not None
    return found.state, found.reason


def test_a_run_takes_up_what_waits_once_it_is_nobodys_any_more(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    asked = ask(drafted, now)
    assert not take_up(drafted, now, emulator), "who asked has it written now"
    later = max(datetime.now(now.tzinfo), now + 2 * OWN_TIME)
    assert not take_up(drafted, later), "no model, no revision"
    with drafted.begin() as connection:
        assert hold(connection, asked.id, at=later)
    assert not take_up(drafted, later, emulator), "somebody is at it"
    with drafted.begin() as connection:
        let_go(connection, asked.id, at=now)
    scarce = Limits(max_requests=100, window_seconds=1.0, requests_per_day=1)
    done = take_up(drafted, later, emulator, limits=scarce)
    assert (done.offered, done.failed, done.waiting) == (1, 0, 0)
    assert state(drafted, asked)[0] == "offered"
    assert not take_up(drafted, later, emulator)
    with drafted.begin() as connection:
        offered = revisions.open_revisions(connection, [("calm", TWEET.tweet_id)])[KEY]
        more = revisions.ask(connection, KEY, version=0, wish="Warmer", who="anna", at=now, shown=offered.id)
    done = take_up(drafted, later, emulator, limits=scarce)
    assert (done.offered, done.failed, done.waiting) == (0, 0, 1), "the day is used up"
    assert state(drafted, more) == ("asked", "the day's 1 request is used up")
    assert str(done) == "0 revisions that waited were written, 0 came to nothing, 1 wait"


def test_what_can_never_be_written_waits_for_no_run(drafted: Database, emulator: GeminiEmulator, now: datetime) -> None:
    asked = ask(drafted, now)
    later = now + 2 * OWN_TIME
    others = project(suggestion_types=["relate"])
    assert take_up(drafted, later, emulator, of=others).failed == 1
    assert state(drafted, asked) == ("failed", f"the project has no suggestion type {TYPES[0]} any more")
    again = ask(drafted, now, "Warmer")
    with drafted.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(status="rejected"))
    assert not take_up(drafted, later, emulator)
    assert state(drafted, again)[0] == "asked"
    assert emulator.arrivals == []


def test_what_came_to_nothing_leaves_how_the_tweet_ended_alone(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    Run(pack(1), emulator.url, drafted, PLENTY)()
    before = stored(drafted, generation_outcomes)
    emulator.script("prompt_block")
    with drafted.begin() as connection:
        key_version = connection.scalar(
            sa.select(comment_suggestions.c.version).where(comment_suggestions.c.suggestion_type == TYPES[0])
        )
        assert key_version is not None
        asked = revisions.ask(connection, KEY, version=key_version, wish="Shorter", who="anna", at=now)
    written, _ = write(drafted, asked, now, emulator)
    assert written.state == "failed"
    assert stored(drafted, generation_outcomes) == before


def test_nobody_has_it_written_twice_at_once(drafted: Database, now: datetime) -> None:
    asked = ask(drafted, now)
    with drafted.begin() as connection:
        assert hold(connection, asked.id, at=now)
    with pytest.raises(ConfigurationError, match="somebody has this revision written right now"):
        write(drafted, asked, now)
    assert stored(drafted, llm_requests) == []


@pytest.mark.parametrize(
    ("wish", "state", "says"),
    [
        ("Shorter", "offered", SHORT),
        ("Less salesy", "failed", "without a key only what can be counted is done"),
        ("no emoji", "failed", "there is not an emoji in it"),
    ],
)
def test_without_a_key_what_can_be_counted_is_done(
    drafted: Database, now: datetime, wish: str, state: str, says: str
) -> None:
    written, report = write(drafted, ask(drafted, now, wish), now)
    assert written.state == state
    assert says in (written.text or written.reason)
    assert report.requests == 1
    if state == "offered":
        assert (written.provider, written.model) == ("offline", "offline")


def test_without_a_key_a_models_draft_may_be_shortened(
    drafted: Database, emulator: GeminiEmulator, now: datetime
) -> None:
    """It replaces nothing by itself, so the rule that offline drafts replace no model's does not hold it up."""
    with drafted.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(provider="google-genai", model="m"))
    Run(pack(1), emulator.url, drafted, PLENTY)()
    with drafted.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(text=DRAFT, version=7))
    written, _ = write(drafted, ask(drafted, now), now)
    assert (written.state, written.text) == ("offered", SHORT)


def test_it_is_not_to_repeat_the_other_suggestions(drafted: Database, emulator: GeminiEmulator, now: datetime) -> None:
    other = suggestion(TWEET.tweet_id, TYPES[0], "Shorter")
    with drafted.begin() as connection:
        table = comment_suggestions
        connection.execute(sa.update(table).where(table.c.suggestion_type == TYPES[1]).values(text=other))
    written, _ = write(drafted, ask(drafted, now), now, emulator)
    assert written.state == "failed"
    assert "nearly the same as" in written.reason


def test_a_database_is_needed(now: datetime, drafted: Database) -> None:
    asked = ask(drafted, now)
    with pytest.raises(ConfigurationError, match="needs a database"):
        asyncio.run(AsyncCommentGenerator(provider="offline").revise(asked, TWEET, project()))
