"""When Python looks for garbage: seldom, not in what was loaded, and not at the end.

Dagster, pandas and what belongs to them are half a million objects that stay until the process ends. Looking through
them over and over, as Python does by itself, takes a fifth of the processor time of an hour's run, and up to 0.15 s at
once, in which nothing else happens. Looking through them once more at the end, and taking them apart one by one, takes
a quarter of it again, while somebody waits for the prompt.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def look_seldom() -> None:
    """After 50,000 new objects instead of 700: nearly all garbage goes by itself, without being looked for. At the end
    of the process not at all, where the system takes all of its memory at once. Who wants something written or closed
    does it, as everywhere here, and leaves it to no finalizer."""
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)


def keep_what_is_loaded() -> None:
    """What is there stays to the end of the process, and is not looked through any more."""
    look_seldom()
    gc.freeze()


@contextmanager
def loading() -> Iterator[None]:
    """Around imports that take long: what they make stays, and is not looked through while it is made either. Where
    all of it was there before, nothing is kept."""
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:
            gc.freeze()
        gc.enable()
