"""A run that is told to stop finishes what is under way and says what that is; told again, it gives that up."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.results import NoResults
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.stopping import Finishing, Stop
from viral_assets.quota import open_ledger
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.running import PLENTY, Run, on_virtual_time, outcomes_of, requests_of
from viral_assets_tests.virtual_clock import VirtualClock


def stopped_when(run: Run, reached: Callable[[], bool], *, given_up_after: float | None = None) -> None:
    """Set the run's stop as soon as something holds, and cancel it so many seconds later."""

    async def stopped() -> None:
        work = asyncio.create_task(run.report())
        while not reached():
            await asyncio.sleep(0.01)
        run.stop.set()
        if given_up_after is not None:
            await asyncio.sleep(given_up_after)
            work.cancel()
        await work

    assert isinstance(run.clock, VirtualClock)
    run.clock.run(stopped())


def session_without_a_database() -> RunSession:
    service = on_virtual_time()
    return RunSession(
        InProcessClient(service),
        open_ledger(None, PLENTY, "key"),
        NoResults(),
        {},
        price_of=lambda model: None,
        options=GenerationOptions(),
        progress=None,
        rng=random.Random(1),
        clock=service.clock,
    )


def test_who_stops_a_run_hears_how_much_is_under_way_once_nothing_more_is_sent() -> None:
    service = on_virtual_time(latency=(4.0, 0.0))
    told: list[tuple[Finishing, int]] = []
    run = Run(pack(10), service, options={"concurrency": 3, "tweets_per_request": 1, "latency": Latency(3.5, 0.5)})
    run.stop = Stop(lambda finishing: told.append((finishing, len(service.arrivals))))

    stopped_when(run, lambda: len(service.arrivals) == 5)

    ((finishing, arrived),) = told
    assert arrived == len(service.arrivals), "nothing is sent after it was said"
    assert finishing.requests == arrived - 3
    assert 3.0 < finishing.seconds <= 4.0
    assert str(finishing) == f"finishing {finishing.requests} requests, about 4 seconds; again to give them up"


def test_a_stop_with_nothing_under_way_promises_nothing() -> None:
    service = on_virtual_time()
    told: list[Finishing] = []
    run = Run(pack(30), service, limits=Limits(1, window_seconds=600))
    run.stop = Stop(told.append)

    stopped_when(run, lambda: service.clock.monotonic() > 100)

    assert [str(each) for each in told] == ["nothing is under way"]


def test_a_run_that_ends_by_itself_speaks_of_no_stop() -> None:
    told: list[Finishing] = []
    run = Run(pack(5), on_virtual_time())
    run.stop = Stop(told.append)
    run()
    assert not told


def test_cancelling_after_a_stop_gives_up_what_is_under_way_at_once(sqlite_database: Database) -> None:
    service = on_virtual_time(latency=(30, 0.0))
    tweets = pack(4)
    run = Run(tweets, service, sqlite_database, options={"tweets_per_request": 1, "concurrency": 2})

    with pytest.raises(asyncio.CancelledError):
        stopped_when(run, lambda: len(service.arrivals) == 4, given_up_after=1.0)

    assert service.clock.monotonic() < 40
    assert Counter((row.status, row.error) for row in requests_of(sqlite_database)) == {
        ("answered", None): 2,
        ("failed", "cancelled while under way"): 2,
    }
    assert Counter(outcomes_of(sqlite_database).values()) == {"done": 2}

    Run(tweets, service, sqlite_database)()

    times = Counter(tweet_id for arrival in service.arrivals for tweet_id in arrival.tweet_ids)
    assert sorted(times.values()) == [1, 1, 2, 2], "only what was given up is asked again"


def test_an_answer_that_waits_to_be_stored_when_it_is_given_up_is_stored() -> None:
    session, written, let_go = session_without_a_database(), list[str](), threading.Event()

    async def given_up() -> None:
        busy = asyncio.create_task(session.store(let_go.wait))
        waiting = asyncio.create_task(session.store(written.append, "an answer"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        let_go.set()
        await busy
        await session.store(int)

    asyncio.run(given_up())
    session.close()
    assert written == ["an answer"]


def test_several_executors_are_waited_for_and_told_of_together_and_once() -> None:
    told: list[Finishing] = []
    stop = Stop(told.append)
    for part in ("one", "another", "a third"):
        stop.begins(part)

    stop.finishes("one", Finishing(2, 5.0))
    stop.finishes("another", Finishing(1, 9.0))
    assert not told, "the third may still send"
    stop.ends("a third")
    stop.ends("one")
    stop.ends("another")

    assert told == [Finishing(3, 9.0)]


@pytest.mark.parametrize(
    ("finishing", "words"),
    [
        (Finishing(1, 0.2), "finishing 1 request, about 1 second; again to give them up"),
        (Finishing(14, 85.1), "finishing 14 requests, about 86 seconds; again to give them up"),
        (Finishing(2, -3.0), "finishing 2 requests, about 1 second; again to give them up"),
        (Finishing(0, 0.0), "nothing is under way"),
    ],
)
def test_what_is_said(finishing: Finishing, words: str) -> None:
    assert str(finishing) == words
