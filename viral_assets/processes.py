"""What the machine says of processes: whether another one still runs, so that what it has left behind may be taken over
if not, and how many files and connections this one may open."""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import resource


def is_running(pid: int) -> bool:
    """Whether there is a process of that number, whoever it belongs to. A number is used again some time."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


def open_files() -> int:
    """How many files and connections this process may have open at once; a large number where nobody says."""
    if sys.platform == "win32":
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
