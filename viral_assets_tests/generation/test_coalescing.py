"""Single calls that are made at the same time: as quick as one call about all of them, and each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from viral_assets.errors import ConfigurationError, ProviderError, TransientProviderError
from viral_assets.generation import AsyncCommentGenerator, Opportunity, engine
from viral_assets.generation.coalescing import Coalescer, Suggestions
from viral_assets.generation.run.items import Suggestion
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets_tests.gemini_emulator import BLOCKED_MARKER, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import opportunity, pack, project
from viral_assets_tests.generation.running import on_virtual_time
from viral_assets_tests.virtual_clock import VirtualClock

TEXTS = [f"{tweet.text} {number}" for number, tweet in enumerate(pack(40))]


class Service:
    """Notes what is asked together; answers after a second, or raises."""

    def __init__(self, clock: VirtualClock, error: ProviderError | None = None) -> None:
        self.clock, self.error = clock, error
        self.asked: list[list[str]] = []
        self.ended = 0

    async def ask(self, project: Project, tweets: Sequence[Opportunity]) -> list[Suggestions]:
        self.asked.append([tweet.text for tweet in tweets])
        assert len({tweet.tweet_id for tweet in tweets}) == len(tweets)
        try:
            await self.clock.sleep(1.0)
        finally:
            self.ended += 1
        if self.error is not None:
            raise self.error
        return [[Suggestion(project.name, tweet.text, 1, "", "", "")] for tweet in tweets]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def service(clock: VirtualClock) -> Service:
    return Service(clock)


def call(
    calls: Coalescer, text: str, of: Project | None = None, tweet_id: str = "tweet-1"
) -> asyncio.Task[Suggestions]:
    return asyncio.create_task(calls.suggestions_for(of or project(), opportunity(tweet_id, text)))


def texts(found: Suggestions) -> list[str]:
    return [each.text for each in found]


def test_a_gather_of_single_calls_is_as_quick_as_one_call_about_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(*, single: bool) -> tuple[float, int]:
        emulator = on_virtual_time(requests_per_window=15, latency=(1.0, 0.1))
        monkeypatch.setattr(engine, "build_client", lambda *_, **__: InProcessClient(emulator))

        async def write() -> None:
            async with _generator(emulator) as generator:
                if single:
                    found = await asyncio.gather(
                        *(generator.generate_suggestions_async(each, "Sleep") for each in TEXTS)
                    )
                else:
                    found = await generator.generate_batch_async(TEXTS, ["Sleep"])
                assert all(len(each) == 3 for each in found)

        _clock_of(emulator).run(write())
        return _clock_of(emulator).monotonic(), len(emulator.arrivals)

    (one_by_one, requests), (together, of_a_batch) = seconds(single=True), seconds(single=False)
    assert one_by_one == pytest.approx(together, abs=0.01)
    assert requests == of_a_batch <= 15


def test_a_blocked_tweet_costs_the_other_calls_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = on_virtual_time(latency=(1.0, 0.1))
    monkeypatch.setattr(engine, "build_client", lambda *_, **__: InProcessClient(emulator))
    wanted = [TEXTS[0], f"{TEXTS[1]} {BLOCKED_MARKER}", TEXTS[2]]

    async def write() -> list[int]:
        async with _generator(emulator) as generator:
            found = await asyncio.gather(*(generator.generate_suggestions_async(each, "Sleep") for each in wanted))
            return [len(each) for each in found]

    assert _clock_of(emulator).run(write()) == [3, 0, 3]


def test_a_call_that_cannot_be_made_is_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = on_virtual_time(latency=(1.0, 0.1))
    monkeypatch.setattr(engine, "build_client", lambda *_, **__: InProcessClient(emulator))

    async def write() -> list[Suggestions | BaseException]:
        async with _generator(emulator) as generator:
            calls = (generator.generate_suggestions_async(each, "Sleep") for each in (TEXTS[0], " ", TEXTS[2]))
            return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = _clock_of(emulator).run(write())

    assert isinstance(second, ConfigurationError)
    assert [len(each) for each in (first, third) if isinstance(each, list)] == [3, 3]


def test_each_call_gets_what_was_written_for_its_tweet(service: Service, clock: VirtualClock) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        found = await asyncio.gather(*(call(calls, each) for each in ("a", "b", "c", "b")))
        assert [texts(each) for each in found] == [["a"], ["b"], ["c"], ["b"]]

    clock.run(work())
    assert service.asked == [["a", "b", "c", "b"]]


def test_calls_of_different_projects_are_kept_apart(service: Service, clock: VirtualClock) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        first, second = project("first"), project("second")
        await asyncio.gather(call(calls, "a", first), call(calls, "b", second), call(calls, "c", first))

    clock.run(work())
    assert service.asked == [["a", "c"], ["b"]]
    assert clock.monotonic() < 1.1, "they do not wait for each other"


def test_a_call_that_comes_alone_is_asked_at_once_and_a_later_one_does_not_wait_for_it(
    service: Service, clock: VirtualClock
) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        first = call(calls, "a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert service.asked == [["a"]]
        second = call(calls, "b")
        await asyncio.gather(first, second)

    clock.run(work())
    assert service.asked == [["a"], ["b"]]
    assert clock.monotonic() < 1.1


def test_what_is_raised_is_raised_in_every_call(clock: VirtualClock) -> None:
    service = Service(clock, TransientProviderError("away"))

    async def work() -> list[Suggestions | BaseException]:
        calls = Coalescer(service.ask)
        return list(await asyncio.gather(call(calls, "a"), call(calls, "b"), return_exceptions=True))

    assert [str(each) for each in clock.run(work())] == ["away", "away"]


def test_a_cancelled_call_does_not_cancel_the_others(service: Service, clock: VirtualClock) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        never_asked, left, other = call(calls, "a"), call(calls, "b"), call(calls, "c")
        never_asked.cancel()
        await clock.sleep(0.5)
        left.cancel()
        assert texts(await other) == ["c"]
        assert left.cancelled()
        assert never_asked.cancelled()

    clock.run(work())
    assert service.asked == [["b", "c"]]


def test_where_all_calls_are_cancelled_nothing_is_left_behind(service: Service, clock: VirtualClock) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        both = [call(calls, "a"), call(calls, "b")]
        await clock.sleep(0.5)
        for each in both:
            each.cancel()
        await asyncio.wait(both)
        assert service.ended == 1, "the last one has waited for it"
        assert all(each.cancelled() for each in both)

    clock.run(work())


def test_the_end_waits_for_calls_that_are_under_way_or_have_just_been_made(
    service: Service, clock: VirtualClock
) -> None:
    async def work() -> None:
        calls = Coalescer(service.ask)
        await calls.finish()
        under_way = call(calls, "a")
        await clock.sleep(0.5)
        just_made = call(calls, "b")
        await asyncio.sleep(0)
        await calls.finish()
        assert (texts(await under_way), texts(await just_made)) == (["a"], ["b"])

    clock.run(work())


def test_one_event_loop_after_the_other_can_be_used(service: Service, clock: VirtualClock) -> None:
    calls = Coalescer(service.ask)

    async def abandoned() -> None:
        call(calls, "a")
        await asyncio.sleep(0)

    async def work() -> Suggestions:
        return await call(calls, "b")

    clock.run(abandoned())
    assert texts(clock.run(work())) == ["b"]


def _clock_of(emulator: GeminiEmulator) -> VirtualClock:
    assert isinstance(emulator.clock, VirtualClock)
    return emulator.clock


def _generator(emulator: GeminiEmulator) -> AsyncCommentGenerator:
    limits = Limits(max_requests=15)
    return AsyncCommentGenerator("AIza-not-a-real-key", batch_size="auto", limits=limits, clock=emulator.clock)
