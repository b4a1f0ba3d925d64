"""Whether a process of this machine still runs: what it has left behind may be taken over then."""

from __future__ import annotations

import os


def is_running(pid: int) -> bool:
    """Whether there is a process of that number, whoever it belongs to. A number is used again some time."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True
