"""What glibc keeps of the memory that a long process has freed: by far the most of what such a process grows by.

Other systems' libraries have no such functions, and nothing is done there.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_M_ARENA_MAX = -8
"""Of ``mallopt`` (https://man7.org/linux/man-pages/man3/mallopt.3.html)."""


def in_one_heap() -> None:
    """Have threads that begin from now on share the main thread's heap.

    Each would get one of its own, and keep there what it has freed between what is still used: threads of a run come
    and go, and a week in one process would take 40 MB more for that. Python's own lock lets one thread at a time
    allocate anyway.
    """
    if (mallopt := _function("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Let the system have what has been freed. It is kept otherwise, in pieces that what comes next finds too small."""
    if (trim := _function("malloc_trim")) is not None:
        trim(0)


def _function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
