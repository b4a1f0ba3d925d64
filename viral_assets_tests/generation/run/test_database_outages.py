"""What was paid for survives a database that is away for a moment, and one that stays away."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from viral_assets.clock import SYSTEM_CLOCK
from viral_assets.errors import DatabaseUnavailableError
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import DatabaseResults, TweetResult
from viral_assets.generation.run.stopping import Finishing, Stop
from viral_assets.generation.run.storage import PATIENCE_SECONDS, STOPPED_PATIENCE_SECONDS, Storage
from viral_assets.quota.ledger import Granted, GrantRequest, Settlement
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets.store.standing import Writer
from viral_assets.store.tables import llm_requests, quota_days
from viral_assets.store.unsaved_lines import UnsavedLines
from viral_assets.vocabulary import Outcome
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import opportunity, pack
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time, outcomes_of, reasons_of, requests_of
from viral_assets_tests.postgres import PostgresServer
from viral_assets_tests.virtual_clock import VirtualClock

LIMITS = Limits(max_requests=10)
TWEETS = 30


@pytest.fixture
def database(sqlite_database: Database) -> Iterator[Database]:
    """On SQLite, where a writer that meets a lock gives up soon."""
    impatient = Database(sqlite_database.url.render_as_string(), lock_timeout_seconds=0.01)
    yield impatient
    impatient.dispose()


@pytest.fixture
def service() -> GeminiEmulator:
    return on_virtual_time(latency=(1.0, 0.5))


def clock_of(service: GeminiEmulator) -> VirtualClock:
    assert isinstance(service.clock, VirtualClock)
    return service.clock


def unsaved_of(database: Database, home: Path | None = None) -> Path:
    unsaved = UnsavedLines.of(database, home)
    assert unsaved is not None
    return unsaved.path


def kept_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line] if path.exists() else []


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another process writes, and does not come to an end."""
    with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def run_through_an_outage(run: Run, database: Database, seconds: float) -> GenerationReport:
    """The database is locked when the first requests are under way, for so long."""

    async def together() -> GenerationReport:
        running = asyncio.create_task(run.report())
        await asyncio.sleep(0.9)
        assert run.service.generated(), "requests are under way"  # type: ignore[union-attr]
        with locked(database):
            await asyncio.wait([running], timeout=seconds)
        return await running

    assert isinstance(run.clock, VirtualClock)
    return run.clock.run(together())


def day_of(database: Database) -> tuple[Any, ...]:
    with database.read() as connection:
        query = sa.select(quota_days.c.requests, quota_days.c.tokens, quota_days.c.cost_usd)
        return tuple(connection.execute(query).one())


def test_answers_that_come_while_the_database_is_locked_are_stored_afterwards(
    database: Database, service: GeminiEmulator
) -> None:
    run = Run(pack(TWEETS), service, database, LIMITS)

    report = run_through_an_outage(run, database, 40.0)

    assert all_done(run)
    assert set(service.answered().values()) == {1}, "nothing is asked twice"
    assert {row.status for row in requests_of(database)} == {"answered"}
    assert not kept_in(unsaved_of(database)), "what was kept meanwhile is stored"
    assert any("the database did not answer for" in note for note in report.notes)


def test_what_an_outage_of_more_than_a_minute_has_kept_the_next_run_takes_in(
    database: Database, service: GeminiEmulator
) -> None:
    run = Run(pack(TWEETS), service, database, LIMITS, key="secret-key")

    with pytest.raises(DatabaseUnavailableError, match=r"tried for 60 s; \d+ paid answers are in .*: the next run"):
        run_through_an_outage(run, database, 300.0)
    ended_at, kept = clock_of(service).monotonic(), kept_in(unsaved_of(database))
    mode = stat.S_IMODE(unsaved_of(database).stat().st_mode)
    answered = service.answered().total()
    clock_of(service).advance(60)
    report = Run(pack(TWEETS), service, database, LIMITS)()

    assert ended_at < 2 * PATIENCE_SECONDS, "it does not wait for ever"
    assert answered > 0
    assert {each["request"]["settlement"]["status"] for each in kept} == {"answered"}
    assert "secret-key" not in json.dumps(kept)
    assert mode == 0o600
    assert report.recovered_answers == len(kept)
    assert len(outcomes_of(database)) == TWEETS
    assert set(service.answered().values()) == {1}
    assert not kept_in(unsaved_of(database))


def test_a_run_that_is_stopped_while_the_database_is_away_ends_within_seconds(
    database: Database, service: GeminiEmulator
) -> None:
    run = Run(pack(TWEETS), service, database, LIMITS)
    told: list[Finishing] = []
    run.stop = Stop(told.append)

    async def together() -> None:
        running = asyncio.create_task(run.report())
        await asyncio.sleep(0.9)
        with locked(database):
            # Whatever was under way has been answered by then.
            await asyncio.sleep(10)
            assert not running.done()
            run.stop.set()
            await running

    with pytest.raises(DatabaseUnavailableError, match=r"tried for 1\d s; \d+ paid answers are in .*: the next run"):
        clock_of(service).run(together())
    ended_at, kept = clock_of(service).monotonic(), kept_in(unsaved_of(database))
    report = Run(pack(TWEETS), service, database, LIMITS)()

    assert ended_at < 0.9 + 10 + STOPPED_PATIENCE_SECONDS + 1
    assert [str(each) for each in told] == ["finishing 10 requests, about 1 second; again to give them up"]
    assert report.recovered_answers == len(kept) > 0
    assert set(service.answered().values()) == {1}


def test_what_is_taken_in_twice_counts_once(database: Database, service: GeminiEmulator) -> None:
    with pytest.raises(DatabaseUnavailableError):
        run_through_an_outage(Run(pack(TWEETS), service, database, LIMITS), database, 300.0)
    path = unsaved_of(database)
    kept = path.read_bytes()
    clock_of(service).advance(60)
    Run(pack(TWEETS), service, database, LIMITS)()
    before = day_of(database), requests_of(database)

    # As after a kill between the commit and the moment at which the file is emptied.
    path.write_bytes(kept)
    report = Run(pack(TWEETS), service, database, LIMITS)()

    assert (day_of(database), requests_of(database)) == before
    assert report.requests == 0
    assert not path.exists()


def test_how_a_tweet_ended_that_no_answer_says_it_of_is_kept_too(database: Database) -> None:
    kept = KeptAnswers.of(database, SqlLedger(database, "key", LIMITS), None)
    assert kept is not None
    ends: list[Outcome] = ["blocked", "deferred", "failed"]
    writer = Writer("google-genai", "this run")
    kept.keep_ended([TweetResult(opportunity(end), (), end, "why", 2) for end in ends], writer)
    found_later = TweetResult(opportunity("failed"), (), "blocked", "another run knows better", 1)
    DatabaseResults(database, {}).save([found_later], writer=writer)

    assert kept.take_in() == 2

    assert outcomes_of(database) == {"blocked": "blocked", "failed": "blocked"}
    assert reasons_of(database)["blocked"] == "why"


def test_a_line_that_was_cut_off_keeps_no_other_from_being_taken_in(database: Database) -> None:
    kept = KeptAnswers.of(database, SqlLedger(database, "key", LIMITS), None)
    assert kept is not None
    kept.path.write_text('{"request": {"request_id": "cut o')

    kept.keep_ended([TweetResult(opportunity("1"), (), "blocked", "why", 1)], Writer("google-genai", "this run"))
    kept.take_in()

    assert outcomes_of(database) == {"1": "blocked"}
    assert not kept_in(kept.path)


def test_on_a_full_disk_answers_wait_in_memory_until_there_is_space(
    database: Database, service: GeminiEmulator
) -> None:
    is_full = False
    with closing(sqlite3.connect(str(database.url.database))) as connection:
        connection.execute("VACUUM")  # the migrations leave a free page

    @event.listens_for(database.engine, "begin")
    def grow_no_further(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if is_full else 1_000_000}")

    run = Run(pack(TWEETS), service, database, LIMITS)

    async def together() -> GenerationReport:
        nonlocal is_full
        running = asyncio.create_task(run.report())
        await asyncio.sleep(0.9)
        is_full = True
        with database.engine.connect() as connection:
            # No page is free.
            assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() == 0
        await asyncio.sleep(30)
        is_full = False
        return await running

    clock_of(service).run(together())

    assert all_done(run)
    assert set(service.answered().values()) == {1}


def test_where_nothing_can_be_kept_either_the_answers_stay_in_memory(
    database: Database, service: GeminiEmulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = unsaved_of(database)
    in_the_way.mkdir()
    run = Run(pack(TWEETS), service, database, LIMITS)

    with pytest.raises(IsADirectoryError):
        # Nobody has put a folder there by chance; it is said before anything is asked.
        run()
    in_the_way.rmdir()

    async def together() -> GenerationReport:
        running = asyncio.create_task(run.report())
        await asyncio.sleep(0.9)
        in_the_way.mkdir()
        with locked(database):
            await asyncio.sleep(40)
        in_the_way.rmdir()
        return await running

    clock_of(service).run(together())

    assert all_done(run)
    assert set(service.answered().values()) == {1}
    assert "answers are in memory until the database is back" in caplog.text


def test_a_database_that_never_answered_is_not_waited_for(database: Database, service: GeminiEmulator) -> None:
    with locked(database), pytest.raises(DatabaseUnavailableError, match="another process keeps it locked"):
        Run(pack(TWEETS), service, database, LIMITS)()

    assert clock_of(service).monotonic() < 1.0
    assert not service.generated()


@pytest.mark.parametrize("kind", ["sqlite_database", "postgres_database"])
def test_an_answer_whose_grant_the_server_has_forgotten_is_stored_all_the_same(
    kind: str, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(kind)
    ledger = SqlLedger(database, "key", LIMITS)
    grant = GrantRequest("one", "me", 100, cost_usd=0.5, project="calm", model="m", tweet_ids=("1", "2"))
    assert ledger.ask(grant) == Granted()
    with database.begin() as connection:
        # What a crash does to a grant that had not reached the disk.
        connection.execute(sa.delete(llm_requests))
        connection.execute(sa.delete(quota_days))

    ledger.settle_all([(grant, Settlement("answered", input_tokens=80, cost_usd=0.25, raw_answer="[]"))])

    (row,) = requests_of(database)
    assert (row.status, row.raw_answer, row.tweet_ids, row.counted_tokens) == ("answered", "[]", ["1", "2"], 80)
    assert day_of(database) == (1, 80, 0.25)
    assert [each.tweet_ids for each in ledger.unparsed("calm")] == [("1", "2")]


def test_answers_that_arrive_together_are_settled_in_one_transaction(database: Database) -> None:
    clock = VirtualClock()
    ledger = SqlLedger(database, "key", Limits(max_requests=100), clock=clock)
    grants = [GrantRequest(f"r{number}", "me", 10) for number in range(20)]
    for grant in grants:
        assert ledger.ask(grant) == Granted()
    transactions: list[object] = []
    event.listen(database.engine, "commit", transactions.append)

    async def settle() -> None:
        storage = Storage(ledger, clock, kept=None, tell=print)
        await asyncio.gather(*(storage.settle(grant, Settlement("answered", input_tokens=5)) for grant in grants))

    clock.run(settle())

    assert len(transactions) == 1
    assert {row.counted_tokens for row in requests_of(database)} == {5}


def test_one_that_cannot_be_settled_keeps_no_other_from_it(database: Database) -> None:
    clock = VirtualClock()
    ledger = SqlLedger(database, "key", LIMITS, clock=clock)
    good, bad = GrantRequest("good", "me", 10), GrantRequest("bad", "me", 10)
    assert ledger.ask(good) == Granted()
    assert ledger.ask(bad) == Granted()

    async def settle() -> list[BaseException | None]:
        storage = Storage(ledger, clock, kept=None, tell=print)
        wrong = Settlement("answered", input_tokens=object())  # type: ignore[arg-type]
        ended = [(bad, wrong), (good, Settlement("answered", input_tokens=5))]
        return await asyncio.gather(*(storage.settle(*each) for each in ended), return_exceptions=True)

    problem, nothing = clock.run(settle())

    assert isinstance(problem, Exception)
    assert nothing is None
    assert {row.id: row.status for row in requests_of(database)} == {"good": "answered", "bad": "granted"}


def test_a_postgres_server_that_is_stopped_and_started_costs_no_answer(
    postgres_server: PostgresServer, postgres_database: Database, tmp_path: Path
) -> None:
    emulator = GeminiEmulator(EmulatorConfig(latency=(0.2, 0.0)))
    run = Run(pack(12), emulator, postgres_database, Limits(max_requests=4, window_seconds=2.0), home=tmp_path)
    run.clock, path = SYSTEM_CLOCK, unsaved_of(postgres_database, tmp_path)

    async def together() -> GenerationReport:
        with emulator.holding() as hold:
            running = asyncio.create_task(run.report())
            while not hold.held:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(postgres_server.shut_down)
            try:
                hold.release()
                # Looked at, not read: what is being written may be cut off.
                while not (path.exists() and path.stat().st_size):
                    assert not running.done()
                    await asyncio.sleep(0.01)
            finally:
                await asyncio.to_thread(postgres_server.start)
        return await running

    report = asyncio.run(together())

    assert all_done(run)
    assert set(emulator.answered().values()) == {1}
    assert any("nothing was lost" in note for note in report.notes)
    assert not kept_in(path)


def test_kept_answers_need_a_place(postgres_database: Database, sqlite_database: Database, tmp_path: Path) -> None:
    for database, home, path in (
        (sqlite_database, None, unsaved_of(sqlite_database)),
        (postgres_database, tmp_path, None),
    ):
        kept = KeptAnswers.of(database, SqlLedger(database, "key", LIMITS), home)
        assert kept is not None
        assert kept.path == path or kept.path.parent == home
    assert KeptAnswers.of(postgres_database, SqlLedger(postgres_database, "key", LIMITS), None) is None
    assert KeptAnswers.of(None, SqlLedger(postgres_database, "key", LIMITS), tmp_path) is None
