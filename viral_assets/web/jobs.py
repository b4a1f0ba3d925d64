"""What the review page has written in the background, one job for each tweet at most: the same generator, quota and
ledger as everywhere.

A job lives as long as the server: what it wrote is in the database, and what it had to say is of no use tomorrow.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from viral_assets.errors import ViralAssetsError
from viral_assets.quota import Priority
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator

log = logging.getLogger("viral_assets")

AT_ONCE = 8
"""Jobs under way. Most of their time they wait for the quota or an answer; one that has not begun has no place in the
quota's queue, and what comes free meanwhile goes to runs that nobody waits for."""

KEPT = 500
"""Finished jobs whose end can still be shown."""

SHUTDOWN_SECONDS = 10.0

State = Literal["waiting", "running", "finished", "failed"]


@dataclass
class Job:
    """One tweet being written about. ``message`` says how it ended, in a sentence; ``wish`` what is to be changed in
    the suggestion of a type, where it is a revision."""

    project: str
    tweet_id: str
    who: str
    model: str
    """The preferred one of the project."""
    suggestion_type: str = ""
    wish: str = ""
    state: State = "waiting"
    message: str = ""
    good: bool = False
    started: float = 0.0
    generator: AsyncCommentGenerator | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "failed")

    def told(self) -> tuple[Job | None, dict[str, str]]:
        """Where it is told how it stands, once: what went well in passing, anything else on the card, where it stays.

        Returns:
            The job, if the card tells it, and the notice, if that does.
        """
        return (None, {"kind": "done", "text": self.message}) if self.over and self.good else (self, {})

    def quota_wait(self) -> float:
        """Seconds until the quota allows another request; 0 while it does, or where there is none."""
        generator = self.generator
        if generator is None or self.state != "running" or generator.provider == OFFLINE:
            return 0.0
        try:
            state = generator.ledger_of(self.model).state()
        except ViralAssetsError:
            return 0.0
        until_free = 0.0 if state.free else next(iter(state.returning), 0.0)
        return max(state.blocked_for, until_free)


Work = Callable[["AsyncCommentGenerator", threading.Event], Awaitable[tuple[bool, str]]]
"""Does a job with a generator, until the event is set; gives whether it went well, and a sentence."""


class Jobs:
    """Jobs, at most one for each tweet.

    Args:
        make_generator: called within the job, because loading an SDK takes a while; with the priority of its requests.
    """

    def __init__(self, make_generator: Callable[[Priority], AsyncCommentGenerator]) -> None:
        self._make = make_generator
        self._jobs: dict[tuple[str, str], Job] = {}
        self._futures: list[Future[None]] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="write")

    def get_ready(self) -> None:
        """Load in the background what the first job needs: importing an SDK takes longer than asking a free quota."""
        self._futures.append(self._threads.submit(self._get_ready))

    def all(self) -> Mapping[tuple[str, str], Job]:
        """All jobs by project and tweet."""
        with self._lock:
            return dict(self._jobs)

    def begin(self, job: Job, work: Work) -> Job:
        """Have it done, unless its tweet is being written about already.

        Returns:
            The job, or the one that is under way.
        """
        key = job.project, job.tweet_id
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and not known.over:
                return known
            self._jobs.pop(key, None)
            self._jobs[key] = job
            for old in [each for each, job in self._jobs.items() if job.over][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
            self._futures = [future for future in self._futures if not future.done()]
            self._futures.append(self._threads.submit(self._run, job, work))
            return job

    def forget(self, project: str, tweet_id: str) -> None:
        """What the finished job of a tweet had to say is said no more."""
        with self._lock:
            known = self._jobs.get((project, tweet_id))
            if known is not None and known.over:
                del self._jobs[project, tweet_id]

    def close(self) -> None:
        """Stop what is under way; what has been answered is saved."""
        self._stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(self._futures, timeout=SHUTDOWN_SECONDS)

    def _get_ready(self) -> None:
        # Whatever is wrong, the first job will say so.
        with contextlib.suppress(Exception):
            asyncio.run(self._make(Priority.PERSON).cleanup())

    def _run(self, job: Job, work: Work) -> None:
        job.started = time.monotonic()
        job.state = "running"
        try:
            job.good, job.message = asyncio.run(self._do(job, work))
        except ViralAssetsError as error:
            job.message, job.state = str(error), "failed"
        except Exception:
            log.exception("writing about %s of %s failed", job.tweet_id, job.project)
            job.message, job.state = "this went wrong in an unforeseen way; the server's log says more", "failed"
        else:
            job.state = "finished"
        finally:
            job.generator = None

    async def _do(self, job: Job, work: Work) -> tuple[bool, str]:
        generator = job.generator = self._make(Priority.PERSON)
        async with generator:
            return await work(generator, self._stop)
