"""Waiting in tests for what other processes and threads do: for conditions, with a limit no busy machine meets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 300.0
"""Seconds for what takes a few on an idle machine."""

_Found = TypeVar("_Found")


class NotYetError(Exception):
    """It cannot be said yet whether it has happened; says why."""


def until(
    look: Callable[[], _Found | None], what: str, *, every: float = 0.2, meanwhile: Callable[[], bool] | None = None
) -> _Found:
    """What ``look`` finds, looking until it finds something.

    Args:
        what: is waited for.
        every: so many seconds it looks.
        meanwhile: has to hold as long as nothing is found: say, that a process lives.

    Raises:
        AssertionError: it has waited for ``PATIENCE``, or ``meanwhile`` does not hold any more.
    """
    deadline = time.monotonic() + PATIENCE
    problem = ""
    while True:
        goes_on = meanwhile is None or meanwhile()
        try:
            if found := look():
                return found
        except NotYetError as error:
            problem = str(error)
        assert goes_on, f"what was to bring {what} has ended {problem}"
        assert time.monotonic() < deadline, f"still waiting for {what} after {PATIENCE:g} s {problem}"
        time.sleep(every)
