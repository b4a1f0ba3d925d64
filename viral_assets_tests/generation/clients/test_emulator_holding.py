"""Requests that the emulator holds until they are let go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.waiting import until


def ask(emulator: GeminiEmulator) -> int:
    """The status of an answer."""
    there = f"{emulator.url}/v1beta/models/gemini-2.5-flash-lite:generateContent"
    contents = [{"parts": [{"text": '{"id": "1"}'}]}]
    return requests.post(there, json={"contents": contents}, params={"key": "k"}, timeout=120).status_code


def test_the_first_are_let_by_and_the_rest_held_until_released_however_many_come_at_once() -> None:
    with GeminiEmulator() as emulator, emulator.holding(after=2) as hold, ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, emulator) for _ in range(8)]
        hold.wait_for(6)
        assert hold.held == 6
        until(lambda: sorted(each.status for each in emulator.arrivals) == [0] * 6 + [200] * 2, "two answers")
        hold.release()
        assert [each.result() for each in asked] == [200] * 8
        assert ask(emulator) == 200, "what comes later is not held any more"


def test_what_is_refused_is_not_held() -> None:
    with (
        GeminiEmulator(EmulatorConfig(requests_per_window=1)) as emulator,
        emulator.holding() as hold,
        ThreadPoolExecutor(1) as threads,
    ):
        asked = threads.submit(ask, emulator)
        hold.wait_for(1)
        assert ask(emulator) == 429
        hold.release()
        assert asked.result() == 200


def test_the_end_of_the_block_lets_all_go() -> None:
    with GeminiEmulator() as emulator, ThreadPoolExecutor(1) as threads:
        with emulator.holding() as hold:
            asked = threads.submit(ask, emulator)
            hold.wait_for(1)
        assert asked.result() == 200
        with emulator.holding(after=1):
            assert ask(emulator) == 200, "and it can be held again"


def test_two_cannot_hold_at_once_and_waiting_ends_with_an_error() -> None:
    emulator = GeminiEmulator()
    with emulator.holding() as hold:
        with pytest.raises(RuntimeError, match="held already"), emulator.holding():
            pass
        with pytest.raises(TimeoutError, match="only 0 of 1"):
            hold.wait_for(1, seconds=0.01)
