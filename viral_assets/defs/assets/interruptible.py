"""Waiting for a coroutine in a step that Dagster, or somebody at a terminal, may interrupt."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from viral_assets.threads import DaemonThreads

if TYPE_CHECKING:
    from viral_assets.generation.run.stopping import Finishing

POLL_SECONDS = 0.5

_Result = TypeVar("_Result")


def run_to_the_end(
    generate: Callable[[threading.Event], Coroutine[Any, Any, _Result]],
    *,
    on_finishing: "Callable[[Finishing], None] | None" = None,
) -> _Result:
    """Run a coroutine in an event loop of its own and wait for it.

    The loop has its own thread, because whoever called may be in a loop already. When Dagster cancels the run, or
    somebody presses Ctrl-C, the wait is what gets interrupted. Then the coroutine is told to stop, and has saved what
    was under way before this raises. Interrupted again, it is cancelled: it gives up what is under way, and has settled
    that before this raises. Interrupted a third time, this raises at once.

    Args:
        generate: gets the event that tells it to stop.
        on_finishing: told, in the loop's thread, what is under way once nothing more is sent.

    Raises:
        BaseException: the coroutine's, or the first interrupt.
    """
    from viral_assets.generation.run.stopping import Stop

    work = _Work(generate, Stop(on_finishing))
    interrupts: list[BaseException] = []
    heard = 0
    while not work.future.done() and len(interrupts) <= 2:
        # What is done about an interrupt may be interrupted itself.
        try:
            while heard < len(interrupts):
                work.interrupt(heard + 1)
                heard += 1
            # An interrupt sent by another thread, as Dagster does it, takes effect between waits, not during one.
            wait([work.future], timeout=POLL_SECONDS)
        except BaseException as interrupt:  # noqa: BLE001 - the first one is raised in the end
            interrupts.append(interrupt)
    if interrupts:
        raise interrupts[0]
    return work.future.result()


class _Work(Generic[_Result]):
    """The coroutine in its thread, for which a process that ends does not wait."""

    def __init__(self, generate: Callable[[threading.Event], Coroutine[Any, Any, _Result]], stop: threading.Event):
        self._generate, self._stop = generate, stop
        self._cancel: Callable[[], object] | None = None
        self._given_up = False
        thread = DaemonThreads(1, "generation")
        # An interrupt while the thread starts would leave nobody to wait for it, so it starts with nothing to do.
        thread.submit(int).result()
        self.future: Future[_Result] = thread.submit(lambda: asyncio.run(self._run()))
        thread.shutdown(wait=False)

    def interrupt(self, time: int) -> None:
        """The first one stops it, the second one cancels it."""
        if time == 1:
            self._stop.set()
            return
        self._given_up = True
        if self._cancel is not None:
            self._cancel()

    async def _run(self) -> _Result:
        loop, task = asyncio.get_running_loop(), asyncio.create_task(self._generate(self._stop))

        def cancel() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        self._cancel = cancel
        if self._given_up:
            task.cancel()
        return await task
