"""A job for workers: it waits until it may end, or is told to."""

import time
from pathlib import Path

import dagster as dg


class Wait(dg.Config):
    """``begun`` is made when the run has begun, and it ends once ``may_end`` is there."""

    begun: str
    may_end: str


@dg.op
def wait(config: Wait) -> None:
    """In short naps, so that an interrupt is heard."""
    Path(config.begun).touch()
    while not Path(config.may_end).exists():
        time.sleep(0.05)


@dg.job(executor_def=dg.in_process_executor)
def waiting() -> None:
    """The job."""
    wait()
