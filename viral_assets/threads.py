"""Threads for calls that nobody can break off: a process that ends does not wait for them. And how many of them BLAS
takes for a matrix product.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import cache
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_BLAS = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it BLAS does not share a matrix among threads: of many small ones that takes many times as long, and more
    the more other programs use the cores. It is said for the whole process, so that others wait for their turn.
    """
    with _BLAS, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """Looked for once, as the process has hundreds: whoever multiplies has loaded numpy's by then."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class DaemonThreads(Executor):
    """As :class:`concurrent.futures.ThreadPoolExecutor`, whose threads Python waits for when it exits, whatever they
    wait for themselves. What runs here when the process ends is lost: hand over what somebody awaits, or has given up.

    Args:
        most: threads at the same time; more calls wait for one.
        name: what the threads' names begin with.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = self._idle = 0
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See :meth:`concurrent.futures.Executor.submit`.

        Raises:
            RuntimeError: it has been shut down.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append((future, lambda: fn(*args, **kwargs)))
            if self._idle < len(self._waiting) and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}_{self._threads}", daemon=True).start()
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See :meth:`concurrent.futures.Executor.shutdown`."""
        with self._changed:
            self._closed = True
            if cancel_futures:
                for future, _ in self._waiting:
                    future.cancel()
            self._changed.notify_all()
            while wait and self._threads:
                self._changed.wait()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            future, call = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                future.set_exception(error)
            else:
                future.set_result(result)
            # An idle thread keeps nothing alive.
            del taken, future, call

    def _take(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """What is next; None when there will be nothing more."""
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._changed.wait()
            self._idle -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            self._changed.notify_all()
            return None
