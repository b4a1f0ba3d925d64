"""A person, the newest hour and a backfill on one quota, on virtual time: who is asked for first, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from viral_assets.generation.opportunity import Opportunity
from viral_assets.quota import Ledger, Priority
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time, outcomes_of
from viral_assets_tests.virtual_clock import VirtualClock

LIMIT = 15
BACKFILL = 200
TWEETS = pack(BACKFILL + 20)
LIMITS = Limits(max_requests=LIMIT)


def service(**config: Any) -> GeminiEmulator:
    """As Gemini's free plan, with answers as slow as they are."""
    return on_virtual_time(requests_per_window=LIMIT, latency=(2.0, 0.35), **config)


def clock_of(emulator: GeminiEmulator) -> VirtualClock:
    assert isinstance(emulator.clock, VirtualClock)
    return emulator.clock


class World:
    """A quota, in a database or of this process alone, and runs that share it."""

    def __init__(self, database: Database | None, emulator: GeminiEmulator, limits: Limits = LIMITS) -> None:
        self.database, self.service, self.limits = database, emulator, limits
        self.clock = clock_of(emulator)
        self._memory = None if database else MemoryLedger(limits, clock=self.clock)

    def run(self, tweets: Sequence[Opportunity], priority: Priority, **options: Any) -> Run:
        run = Run(tweets, self.service, self.database, self.limits, options={"priority": priority, **options})
        if (ledger := self._memory) is not None:

            def shared() -> Ledger:
                return ledger

            run.ledger = shared  # type: ignore[method-assign]
        return run

    def backfill(self, tweets: Sequence[Opportunity] = TWEETS[:BACKFILL]) -> Run:
        return self.run(tweets, Priority.BACKGROUND)

    def press(self, tweet: Opportunity) -> Run:
        """What a press on "write new ones" starts."""
        return self.run([tweet], Priority.PERSON, force=True)

    def asked_at(self, tweet: Opportunity) -> list[float]:
        """When the service was asked about a tweet, on the run's clock."""
        return [arrival.at for arrival in self.service.arrivals if tweet.tweet_id in arrival.tweet_ids]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def make_world(request: pytest.FixtureRequest) -> Callable[..., World]:
    name = {"sqlite": "sqlite_database", "postgresql": "postgres_database"}.get(request.param)
    database: Database | None = request.getfixturevalue(name) if name else None
    return lambda **config: World(database, service(**config))


async def later(seconds: float, clock: VirtualClock, run: Run) -> Any:
    await clock.sleep(seconds)
    return await run.report()


@pytest.fixture(scope="module")
def seconds_alone() -> float:
    """How long the backfill takes when nobody else wants anything."""
    world = World(None, service())
    world.backfill()()
    return world.clock.monotonic()


# When it is pressed does not matter to a database, which only says who is first.
PRESSED = (*(("memory", at) for at in (5.0, 20.0, 33.3, 61.0)), ("sqlite", 20.0), ("postgresql", 61.0))


@pytest.mark.parametrize(("make_world", "pressed_at"), PRESSED, indirect=["make_world"])
def test_a_person_gets_the_next_free_slot_and_the_backfill_hardly_notices(
    make_world: Callable[..., World], seconds_alone: float, pressed_at: float
) -> None:
    world = make_world()
    backfill, pressed = world.backfill(), world.press(TWEETS[-1])
    ended: list[float] = []

    async def backfilled() -> None:
        await backfill.report()
        ended.append(world.clock.monotonic())

    async def both() -> None:
        await asyncio.gather(backfilled(), later(pressed_at, world.clock, pressed))

    world.clock.run(both())

    assert all_done(backfill)
    assert all_done(pressed)
    [asked_at] = world.asked_at(TWEETS[-1])
    overtaking = [arrival for arrival in world.service.arrivals if pressed_at < arrival.at < asked_at]
    assert overtaking == [], "no slot that came free went to anybody else"
    assert ended[0] <= 1.05 * seconds_alone
    assert world.service.max_in_any_window() <= LIMIT
    assert {arrival.status for arrival in world.service.arrivals} == {200}


def test_what_a_backfill_has_written_is_written_anew_while_it_goes_on(database: Database) -> None:
    world = World(database, service())
    first = TWEETS[0]
    backfill, pressed = world.backfill(), world.press(first)

    async def both() -> Any:
        return await asyncio.gather(backfill.report(), later(20.0, world.clock, pressed))

    backfilled, anew = world.clock.run(both())

    assert (anew.requests, anew.outcomes) == (1, {"done": 1})
    assert len(world.asked_at(first)) == 2
    assert world.asked_at(first)[1] < backfilled.seconds, "long before the backfill ends"
    assert world.service.max_in_any_window() <= LIMIT


def test_a_backfill_leaves_out_what_a_person_has_had_written_meanwhile(database: Database) -> None:
    world = World(database, service())
    last = TWEETS[BACKFILL - 1]
    backfill, pressed = world.backfill(), world.press(last)

    async def both() -> Any:
        return await asyncio.gather(backfill.report(), later(5.0, world.clock, pressed))

    backfilled, _ = world.clock.run(both())

    assert len(world.asked_at(last)) == 1, "nothing is paid twice"
    assert backfilled.already_done == 1
    assert outcomes_of(database) == {tweet.tweet_id: "done" for tweet in TWEETS[:BACKFILL]}


def test_the_newest_hour_goes_before_a_backfill_and_the_backfill_goes_on(make_world: Callable[..., World]) -> None:
    world = make_world()
    backfill, hour = world.backfill(), world.run(TWEETS[BACKFILL:], Priority.NEWEST_HOUR)
    began = 20.0

    async def both() -> None:
        await asyncio.gather(backfill.report(), later(began, world.clock, hour))

    world.clock.run(both())

    assert all_done(backfill)
    assert all_done(hour)
    ours = {tweet.tweet_id for tweet in TWEETS[BACKFILL:]}
    after = [set(arrival.tweet_ids) <= ours for arrival in world.service.arrivals if arrival.at > began]
    assert after == sorted(after, reverse=True), "all of the hour's requests, then the backfill's"
    assert world.service.max_in_any_window() <= LIMIT


def test_a_person_waits_for_nobody_to_say_how_much_it_wants(make_world: Callable[..., World]) -> None:
    world = make_world()
    pressed = world.press(TWEETS[0])
    pressed.ledger().join("somebody who starts", None, Priority.PERSON)

    pressed()

    assert world.asked_at(TWEETS[0])[0] < 0.01
