"""Waiting for a coroutine from a thread that Dagster may interrupt."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from viral_assets.defs.assets.generation import run_to_the_end
from viral_assets.errors import FatalProviderError


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


def test_an_interrupt_is_told_of_and_lets_the_coroutine_save_before_it_is_raised() -> None:
    happened = []
    told = threading.Event()

    def on_stop() -> None:
        happened.append("somebody was told")
        told.set()

    async def generate(stop: threading.Event) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.to_thread(stop.wait)
        await asyncio.to_thread(told.wait)
        happened.append("what was under way was saved")

    with pytest.raises(KeyboardInterrupt):
        run_to_the_end(generate, on_stop=on_stop)
    assert happened == ["somebody was told", "what was under way was saved"]


def test_an_error_of_the_coroutine_is_no_reason_to_speak_of_a_stop() -> None:
    told = []

    async def generate(stop: threading.Event) -> None:
        raise FatalProviderError("the key is wrong")

    with pytest.raises(FatalProviderError):
        run_to_the_end(generate, on_stop=lambda: told.append("stopped"))
    assert not told
