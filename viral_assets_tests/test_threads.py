"""Threads that a process does not wait for when it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, wait

import numpy as np  # noqa: F401 - it brings a BLAS
import pytest
from threadpoolctl import ThreadpoolController

from viral_assets.threads import DaemonThreads, _libraries, one_blas_thread
from viral_assets_tests.waiting import PATIENCE


def test_the_libraries_of_the_process_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[ThreadpoolController] = []

    class Counted(ThreadpoolController):
        def __init__(self) -> None:
            super().__init__()
            looks.append(self)

    blas = ThreadpoolController().select(user_api="blas")
    before = blas.info()
    monkeypatch.setattr("threadpoolctl.ThreadpoolController", Counted)
    _libraries.cache_clear()
    for _ in range(2):
        with one_blas_thread():
            assert {each["num_threads"] for each in blas.info()} == {1}
        assert blas.info() == before
    _libraries.cache_clear()
    assert len(looks) == 1


def test_results_and_errors_come_back() -> None:
    with DaemonThreads(2, "test") as threads:
        assert list(threads.map(str, range(5))) == ["0", "1", "2", "3", "4"]
        failing = threads.submit(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            failing.result()


def test_no_more_calls_run_at_once_than_there_may_be_threads_and_idle_ones_are_used_again() -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def call() -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return threading.current_thread().name

    with DaemonThreads(3, "test") as threads:
        names = {each.result() for each in [threads.submit(call) for _ in range(12)]}
    assert most <= 3
    assert names <= {"test_1", "test_2", "test_3"}


def test_calls_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=PATIENCE)
    with DaemonThreads(2, "test") as threads:
        waiting = [threads.submit(both.wait) for _ in range(2)]
        assert sorted(each.result() for each in waiting) == [0, 1]


def test_what_waits_for_a_thread_can_be_cancelled_and_nothing_is_taken_after_the_end() -> None:
    begun, let_go = threading.Event(), threading.Event()
    threads = DaemonThreads(1, "test")

    def call() -> bool:
        begun.set()
        return let_go.wait()

    busy, waiting = threads.submit(call), threads.submit(call)
    begun.wait()

    threads.shutdown(wait=False, cancel_futures=True)
    let_go.set()

    wait([busy, waiting])
    assert busy.result()
    with pytest.raises(CancelledError):
        waiting.result()
    with pytest.raises(RuntimeError, match="after shutdown"):
        threads.submit(int)


def test_a_process_ends_though_a_call_does_not() -> None:
    code = (
        "import threading\n"
        "from viral_assets.threads import DaemonThreads\n"
        "begun = threading.Event()\n"
        "DaemonThreads(1, 'test').submit(lambda: (begun.set(), threading.Event().wait()))\n"
        "begun.wait()\n"
        "print('the end')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert (ended.stdout, ended.stderr) == ("the end\n", "")
