"""Waiting for a coroutine from a thread that Dagster may interrupt."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from viral_assets.defs.assets.interruptible import run_to_the_end
from viral_assets.errors import FatalProviderError
from viral_assets.generation.run.stopping import Finishing, Stop


def test_the_result_comes_back() -> None:
    async def generate(stop: threading.Event) -> int:
        await asyncio.sleep(0)
        return 7

    assert run_to_the_end(generate) == 7


def test_it_works_inside_a_running_event_loop() -> None:
    async def generate(stop: threading.Event) -> int:
        return 7

    async def outer() -> int:
        return run_to_the_end(generate)

    assert asyncio.run(outer()) == 7


def test_an_error_comes_through_as_it_is() -> None:
    async def generate(stop: threading.Event) -> None:
        raise FatalProviderError("the key is wrong")

    with pytest.raises(FatalProviderError, match="the key is wrong"):
        run_to_the_end(generate)


def interrupt_ourselves() -> None:
    """As somebody at the terminal does it, for whom our main thread waits."""
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_stops_the_coroutine_and_lets_it_save_before_it_is_raised() -> None:
    happened = []

    async def generate(stop: threading.Event) -> None:
        interrupt_ourselves()
        await asyncio.to_thread(stop.wait)
        happened.append("what was under way was saved")

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(generate)
    assert happened == ["what was under way was saved"]


def test_who_runs_it_hears_what_is_under_way_after_an_interrupt() -> None:
    told: list[Finishing] = []

    async def generate(stop: threading.Event) -> None:
        assert isinstance(stop, Stop)
        stop.begins("an executor")
        interrupt_ourselves()
        await asyncio.to_thread(stop.wait)
        stop.finishes("an executor", Finishing(3, 11.2))

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(generate, on_finishing=told.append)
    assert told == [Finishing(3, 11.2)]


def test_a_second_interrupt_cancels_what_the_first_one_left_and_waits_for_it_to_be_settled() -> None:
    happened = []

    async def generate(stop: threading.Event) -> None:
        interrupt_ourselves()
        await asyncio.to_thread(stop.wait)
        interrupt_ourselves()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            happened.append("what was under way was settled")
            raise

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(generate)
    assert happened == ["what was under way was settled"]


def test_a_third_interrupt_waits_for_nothing() -> None:
    let_go = threading.Event()

    async def generate(stop: threading.Event) -> None:
        interrupt_ourselves()
        await asyncio.to_thread(stop.wait)
        interrupt_ourselves()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            interrupt_ourselves()
            await asyncio.to_thread(let_go.wait)

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(generate)
    let_go.set()


def test_an_error_of_the_coroutine_is_no_reason_to_speak_of_a_stop() -> None:
    told: list[Finishing] = []

    async def generate(stop: threading.Event) -> None:
        raise FatalProviderError("the key is wrong")

    with pytest.raises(FatalProviderError):
        run_to_the_end(generate, on_finishing=told.append)
    assert not told
