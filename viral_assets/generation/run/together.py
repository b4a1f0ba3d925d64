"""What is asked for while a call is under way is asked for together in the next one: one transaction for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Result = TypeVar("Result")


class Together(Generic[Asked, Result]):
    """Used in one event loop.

    Args:
        call: brings the results of several, in their order; what it raises is raised for each of them.
    """

    def __init__(self, call: Callable[[Sequence[Asked]], Awaitable[Sequence[Result]]]) -> None:
        self._call = call
        self._waiting: list[tuple[Asked, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, for_what: Asked) -> Result:
        """The result of one. Whoever is cancelled meanwhile has asked all the same."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((for_what, result))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._call_all())
        return await result

    async def _call_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                found = await self._call([asked for asked, _ in together])
            except Exception as error:  # noqa: BLE001 - it is raised where each result is awaited
                for _, result in together:
                    if not result.done():
                        result.set_exception(error)
            else:
                for (_, result), each in zip(together, found, strict=True):
                    if not result.done():
                        result.set_result(each)
