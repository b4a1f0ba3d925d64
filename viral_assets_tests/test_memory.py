"""How many heaps the threads of a process use, as glibc tells it, in a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

_THREADS = """
import ctypes, threading
from viral_assets.memory import give_back, in_one_heap

{begin}
barrier = threading.Barrier(4)

def allocate():
    kept = [bytearray(4_000) for _ in range(100)]
    barrier.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
give_back()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
told = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(told))
libc.fflush(ctypes.c_void_p(told))
"""


def heaps(begin: str) -> int:
    usual = {name: value for name, value in os.environ.items() if name not in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")}
    code = _THREADS.format(begin=begin)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=usual)
    return done.stdout.count(b"<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have no such heaps")
def test_threads_share_one_heap_where_they_are_told_to() -> None:
    assert heaps("pass") > 1
    assert heaps("in_one_heap()") == 1
