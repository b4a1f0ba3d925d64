"""Batches of real processes that are killed, over real HTTP and with the real SDK: the next one finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerProcess

import pytest
import sqlalchemy as sa

from viral_assets.store.batches import CLOSED, SENDING, SENT
from viral_assets.store.engine import Database
from viral_assets.store.tables import generation_batches
from viral_assets_tests.forks import forks
from viral_assets_tests.gemini_emulator import BatchConfig, EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.running import outcomes_of, requests_of
from viral_assets_tests.waiting import PATIENCE, until

TWEETS = 25

pytestmark = pytest.mark.slow


@pytest.fixture
def service() -> Iterator[GeminiEmulator]:
    """Its batches end when a test says so."""
    with GeminiEmulator(EmulatorConfig(batches=BatchConfig(seconds=None))) as running:
        yield running


def started(database: Database, service: GeminiEmulator, run_id: str) -> ForkServerProcess:
    from viral_assets_tests.generation.processes import in_batches

    url = database.url.render_as_string(hide_password=False)
    process = forks().Process(target=in_batches, args=(url, service.url, TWEETS, run_id))
    process.start()
    return process


def states(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(sa.select(generation_batches.c.state)).scalars())


def end_batches(service: GeminiEmulator) -> None:
    service.config = replace(service.config, batches=BatchConfig(seconds=0))


def assert_finished_by(database: Database, service: GeminiEmulator, second: ForkServerProcess) -> None:
    second.join(PATIENCE)
    assert second.exitcode == 0
    assert outcomes_of(database) == {each.tweet_id: "done" for each in pack(TWEETS)}
    assert service.answered() == {each.tweet_id: 1 for each in pack(TWEETS)}
    assert sum(each.kind == "batchGenerateContent" for each in service.arrivals) == 1
    assert service.generated() == []
    assert states(database) == [CLOSED]
    assert {row.run_id for row in requests_of(database)} == {"first"}


def test_a_process_that_is_killed_while_it_waits(database: Database, service: GeminiEmulator) -> None:
    first = started(database, service, "first")
    until(
        lambda: any(each.kind == "getBatch" for each in service.arrivals),
        "a question about the batch",
        every=0.01,
        meanwhile=first.is_alive,
    )
    assert states(database) == [SENT]
    first.kill()
    first.join()
    end_batches(service)
    assert_finished_by(database, service, started(database, service, "second"))


def test_a_process_that_is_killed_after_the_batch_was_made_and_before_its_name_is_known(
    database: Database, service: GeminiEmulator
) -> None:
    service.script_batches("hang")
    first = started(database, service, "first")
    until(service.batches.states, "a batch", every=0.01, meanwhile=first.is_alive)
    assert states(database) == [SENDING]
    first.kill()
    first.join()
    end_batches(service)
    assert_finished_by(database, service, started(database, service, "second"))
    assert any(each.kind == "listBatch" for each in service.arrivals)
