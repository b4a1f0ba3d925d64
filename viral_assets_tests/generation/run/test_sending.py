"""However long a request takes from its grant to the service, no window there holds more than the quota allows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.membership import Membership
from viral_assets.generation.run.sending import GrantedTurn
from viral_assets.llm.types import Answer
from viral_assets.quota import Limits, Priority
from viral_assets.quota.ledger import Decision, GrantRequest
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.run.test_urgency import World
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time, requests_of
from viral_assets_tests.laws import tried_on
from viral_assets_tests.virtual_clock import VirtualClock

LIMITS = Limits(max_requests=4)
OF_THE_WAY = LIMITS.send_within_seconds
"""What the padding leaves for the way to the service."""


class Slow(InProcessClient):
    """The way to the service takes as long as it may."""

    def __init__(self, world: World, ways: Iterator[float]) -> None:
        super().__init__(world.service)
        self._clock, self._ways = world.clock, ways

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        while turn is not None and turn.is_over():
            await turn.renew()
        await self._clock.sleep(next(self._ways))
        return await super().generate(request, timeout_seconds=timeout_seconds)


class Connecting(InProcessClient):
    """Has no connection until then."""

    def __init__(self, world: World, *, until: float) -> None:
        super().__init__(world.service)
        self._clock, self._until = world.clock, until

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        await self._clock.sleep(max(0.0, self._until - self._clock.monotonic()))
        while turn is not None and turn.is_over():
            await turn.renew()
        return await super().generate(request, timeout_seconds=timeout_seconds)


def standing_still(patched: pytest.MonkeyPatch, clock: VirtualClock, seconds: Iterator[float]) -> None:
    """Have processes stand still between a grant, or a new date, and the request, while others go on."""
    ask, renew = Membership.ask, GrantedTurn.renew

    async def renew_slowly(self: GrantedTurn) -> None:
        await renew(self)
        await clock.sleep(next(seconds))

    patched.setattr(GrantedTurn, "renew", renew_slowly)

    async def slowly(self: Membership, grants: Sequence[GrantRequest], *, remaining: int) -> list[Decision]:
        decisions = await ask(self, grants, remaining=remaining)
        await clock.sleep(next(seconds))
        return decisions

    patched.setattr(Membership, "ask", slowly)


def three_at_once(world: World, delays: Iterator[float], ways: Iterator[float]) -> list[Run]:
    tweets = pack(18)
    runs = [world.run(tweets[at : at + 6], Priority.NEWEST_HOUR, tweets_per_request=1) for at in (0, 6, 12)]
    for run in runs:
        run.client = Slow(world, ways)

    async def together() -> None:
        await asyncio.gather(*(run.report() for run in runs))

    with pytest.MonkeyPatch.context() as patched:
        standing_still(patched, world.clock, delays)
        world.clock.run(together())
    return runs


def world_of(database: Database | None) -> World:
    return World(database, on_virtual_time(requests_per_window=100, latency=(1.0, 0.1)), LIMITS)


def chances(seed: int, draw: Callable[[random.Random], float]) -> Iterator[float]:
    chance = random.Random(seed)
    while True:
        yield draw(chance)


moments = st.one_of(st.floats(0.0, 2.0), st.sampled_from([0.0, 0.0, 0.2499, 0.2501, 30.0, 60.4, 60.6, 90.0]))


@given(delays=st.lists(moments, max_size=20), ways=st.lists(st.floats(0.0, OF_THE_WAY), max_size=20))
@tried_on(1 / 4)
def test_however_long_it_is_no_window_at_the_service_holds_more_than_allowed(
    delays: list[float], ways: list[float]
) -> None:
    world = world_of(None)

    runs = three_at_once(world, chain(delays, repeat(0.0)), chain(ways, repeat(0.0)))

    assert world.service.max_in_any_window() <= LIMITS.max_requests
    assert all(map(all_done, runs))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_neither_where_processes_share_a_database(database: Database, seed: int) -> None:
    world = world_of(database)
    delays = chances(seed, lambda chance: chance.choice((0.0, 0.0, chance.uniform(0.0, 3.0), 61.0)))
    ways = chances(seed, lambda chance: chance.uniform(0.0, OF_THE_WAY))

    runs = three_at_once(world, delays, ways)

    assert world.service.max_in_any_window() <= LIMITS.max_requests
    assert all(map(all_done, runs))
    # Who stands still for a minute is not waited for.
    asked = [row for row in requests_of(database) if row.status != "unsent"]
    assert len(world.service.arrivals) <= len(asked)
    assert sum(row.status == "answered" for row in asked) == 18


def test_what_is_sent_at_once_is_granted_once_and_no_more_is_written(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(sqlite_database)
    redated: list[Any] = []
    monkeypatch.setattr("viral_assets.quota.sql.SqlLedger.redate_all", lambda *arguments: redated.append(arguments))

    run = world.run(pack(6), Priority.NEWEST_HOUR)
    run()

    assert all_done(run)
    assert not redated


def test_what_is_late_together_is_dated_anew_together(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sqlite_database, on_virtual_time(requests_per_window=100, latency=(1.0, 0.1)), Limits(60))
    redate_all = SqlLedger.redate_all
    together: list[int] = []

    def counted(self: SqlLedger, request_ids: Sequence[str]) -> list[float | None]:
        together.append(len(request_ids))
        return redate_all(self, request_ids)

    monkeypatch.setattr(SqlLedger, "redate_all", counted)
    run = world.run(pack(30), Priority.NEWEST_HOUR, tweets_per_request=1)
    run.client = Connecting(world, until=world.clock.monotonic() + 5)

    run()

    assert all_done(run)
    assert sum(together) == 30
    assert len(together) <= 2, "each transaction waits for the disk"


def test_on_a_machine_that_is_always_late_requests_are_sent_and_count_from_their_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(database)
    standing_still(monkeypatch, world.clock, repeat(1.0))
    run = world.run(pack(9), Priority.NEWEST_HOUR, tweets_per_request=1)

    run()

    assert all_done(run)
    assert world.service.max_in_any_window() <= LIMITS.max_requests
    took = {row.finished_at - row.granted_at for row in requests_of(database)}
    assert max(took) == pytest.approx(0.0, abs=1e-3), "each takes a second"


def test_what_is_too_late_for_its_window_is_given_back_and_asked_for_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(database)
    standing_still(monkeypatch, world.clock, iter((LIMITS.padded_window_seconds + 1, *[0.0] * 100)))
    run = world.run(pack(2), Priority.NEWEST_HOUR, sequential=True)

    report = run()

    assert all_done(run)
    assert [row.status for row in requests_of(database)] == ["unsent", "answered", "answered"]
    assert (report.requests, report.wasted_requests) == (2, 0)
    assert len(world.service.arrivals) == 2
