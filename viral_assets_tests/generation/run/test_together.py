"""What is asked for together: each gets its own, and no call is made for one where others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from viral_assets.generation.run.together import Together


def in_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    return run


class Doubling:
    """Answers when told to."""

    def __init__(self) -> None:
        self.calls: list[Sequence[int]] = []
        self.answer = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(numbers)
        await self.answer.wait()
        if self.error is not None:
            raise self.error
        return [2 * each for each in numbers]


@in_a_loop
async def test_what_is_asked_at_once_and_meanwhile_is_two_calls() -> None:
    double = Doubling()
    together = Together(double)

    first = [asyncio.create_task(together.ask(each)) for each in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    meanwhile = [asyncio.create_task(together.ask(each)) for each in (3, 4, 5)]
    await asyncio.sleep(0)
    double.answer.set()

    assert await asyncio.gather(*first, *meanwhile) == [2, 4, 6, 8, 10]
    assert double.calls == [[1, 2], [3, 4, 5]]
    assert await together.ask(6) == 12


@in_a_loop
async def test_what_is_raised_is_raised_for_each_and_the_next_call_is_made() -> None:
    double = Doubling()
    double.answer.set()
    double.error = OSError("away")
    together = Together(double)

    for result in await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True):
        assert isinstance(result, OSError)

    double.error = None
    assert await together.ask(3) == 6


@in_a_loop
async def test_one_that_is_cancelled_leaves_the_others_alone() -> None:
    double = Doubling()
    together = Together(double)
    one, other = (asyncio.create_task(together.ask(each)) for each in (1, 2))
    await asyncio.sleep(0)
    one.cancel()
    double.answer.set()

    assert await other == 4
    with pytest.raises(asyncio.CancelledError):
        await one
