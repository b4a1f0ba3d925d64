"""How long this machine has been up: a clock that nobody sets, the same for all of its processes.

Durations that outlive a process, as a window or a block, are measured by it: the time of day may be set by a person or
a time server, an hour at once.
"""

from __future__ import annotations

import ctypes
import platform
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of a machine.

    Args:
        name: the same for all processes that have this clock in common, and for no others.
        seconds: how many have passed, those asleep included where the system counts them.
    """

    name: str
    seconds: Callable[[], float]


@cache
def this_boot() -> Boot:
    """This machine's.

    Where the system gives a start no name, each process has one of its own: then no two processes can know that their
    clocks are one, and none relies on it.
    """
    return Boot(_name() or f"process {uuid.uuid4().hex}", _seconds)


def _seconds() -> float:
    if platform.system() == "Linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if platform.system() == "Windows":
        return time.monotonic()
    # Python's own stands still on macOS while the machine sleeps; this one does not.
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def _name() -> str | None:
    try:
        if platform.system() == "Linux":
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            # Containers may have a boot clock of their own.
            clock = Path("/proc/self/ns/time")
            return f"{boot} {clock.readlink()}" if clock.is_symlink() else boot
        if platform.system() == "Darwin":
            found, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
            libc = ctypes.CDLL(None)
            if libc.sysctlbyname(b"kern.bootsessionuuid", found, ctypes.byref(size), None, 0) == 0:
                return found.value.decode() or None
    except (OSError, AttributeError):
        pass
    return None
