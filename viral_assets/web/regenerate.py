"""One tweet's suggestions written anew, in the background: the same generator, quota and ledger as everywhere.

Only what is still pending is asked for; what a person has decided stays. A job lives as long as the server: what it
wrote is in the database, and what it had to say is of no use tomorrow.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.generation.opportunity import Opportunity
from viral_assets.quota import Priority
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator
    from viral_assets.generation.run.report import GenerationReport
    from viral_assets.projects.loader import Projects
    from viral_assets.projects.model import Project
    from viral_assets.queries.opportunities import OpportunityView

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
    """One tweet being written about. ``message`` says how it ended, in a sentence."""

    project: str
    tweet_id: str
    who: str
    model: str
    """The preferred one of the project."""
    state: State = "waiting"
    message: str = ""
    good: bool = False
    started: float = 0.0
    generator: AsyncCommentGenerator | None = None

    @property
    def over(self) -> bool:
        return self.state in ("finished", "failed")

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


class Regenerator:
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
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="regenerate")

    def get_ready(self) -> None:
        """Load in the background what the first job needs: importing an SDK takes longer than asking a free quota."""
        self._futures.append(self._threads.submit(self._get_ready))

    def jobs(self) -> Mapping[tuple[str, str], Job]:
        """All jobs by project and tweet."""
        with self._lock:
            return dict(self._jobs)

    def start(self, view: OpportunityView, project: Project, *, who: str) -> Job:
        """Begin, unless the tweet is being written about already.

        Raises:
            ConfigurationError: there is nothing to write: everything has been decided.
        """
        wanted = wanted_types(view, project)
        if not wanted:
            raise ConfigurationError(
                "every suggestion for this tweet has been decided about; reopen the one that should be written anew"
            )
        opportunity = Opportunity(
            project=view.project,
            tweet_id=view.tweet_id,
            window_start=view.window_start,
            text=view.text,
            topic=view.topic,
            suggestion_types=wanted,
            author_handle=view.author_handle,
            lang=view.lang,
            context=view.context,
        )
        with self._lock:
            known = self._jobs.get((view.project, view.tweet_id))
            if known is not None and not known.over:
                return known
            job = Job(view.project, view.tweet_id, who, project.generation.models[0])
            self._jobs.pop((view.project, view.tweet_id), None)
            self._jobs[view.project, view.tweet_id] = job
            for key in [key for key, each in self._jobs.items() if each.over][: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[key]
            self._futures = [future for future in self._futures if not future.done()]
            self._futures.append(self._threads.submit(self._run, job, opportunity, project))
            return job

    def close(self) -> None:
        """Stop what is under way; what has been answered is saved."""
        self._stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(self._futures, timeout=SHUTDOWN_SECONDS)

    def _get_ready(self) -> None:
        # Whatever is wrong, the first job will say so.
        with contextlib.suppress(Exception):
            asyncio.run(self._make(Priority.PERSON).cleanup())

    def _run(self, job: Job, opportunity: Opportunity, project: Project) -> None:
        job.started = time.monotonic()
        job.state = "running"
        try:
            report = asyncio.run(self._generate(job, opportunity, project))
        except ViralAssetsError as error:
            job.message, job.state = str(error), "failed"
        except Exception:
            log.exception("writing suggestions for %s of %s anew failed", job.tweet_id, job.project)
            job.message, job.state = "this went wrong in an unforeseen way; the server's log says more", "failed"
        else:
            job.good, job.message = summarise(report)
            job.state = "finished"
        finally:
            job.generator = None

    async def _generate(self, job: Job, opportunity: Opportunity, project: Project) -> GenerationReport:
        generator = job.generator = self._make(Priority.PERSON)
        async with generator:
            return await generator.generate_opportunities(
                [opportunity], {project.name: project}, force=True, stop=self._stop
            )


def wanted_types(view: OpportunityView, project: Project) -> tuple[str, ...]:
    """The suggestion types of the project, but for those that a person has decided about."""
    decided = {suggestion.type_name for suggestion in view.suggestions if suggestion.status != "pending"}
    return tuple(each.name for each in project.suggestion_types if each.name not in decided)


def summarise(report: GenerationReport) -> tuple[bool, str]:
    """Whether it went well, and a sentence."""
    outcome = next((name for name, count in report.outcomes.items() if count), "")
    notes = f" ({'; '.join(report.notes)})" if report.notes else ""
    if report.deferred or outcome == "deferred":
        return False, f"The quota of the day is used up, or the server stopped: a later run takes this tweet up{notes}."
    if report.already_done and report.provider == OFFLINE:
        return False, "Offline drafts never replace what a model wrote: set GEMINI_API_KEY and start the page again."
    match outcome:
        case "blocked":
            return False, f"The provider's safety filter withheld the answer{notes}."
        case "declined":
            return False, f"The model would not answer this tweet; its reason is below{notes}."
        case "failed":
            return False, f"Asking several times gave no usable answer{notes}."
        case "filtered" if not report.saved:
            return False, f"Nothing that was written passed the quality filter{notes}."
    several = "suggestion" if report.saved == 1 else "suggestions"
    by = OFFLINE if report.provider == OFFLINE else report.model
    left_out = " Not every one passed the quality filter." if outcome == "filtered" else ""
    if report.provider == OFFLINE:
        # Made from the tweet alone, so that a window can be reproduced.
        notes += " Offline drafts of a tweet are the same each time; a model's are not."
    return True, f"{report.saved} new {several} by {by} in {report.seconds:.1f} s.{left_out}{notes}"


def checked_project(projects: Projects, name: str) -> Project:
    """The project's file.

    Raises:
        ConfigurationError: there is none, or it cannot be used.
    """
    if problem := projects.problem_with(name):
        raise ConfigurationError(problem.without_folder)
    if name not in projects:
        raise ConfigurationError(f"there is no project file for {name}, so its suggestions cannot be written anew")
    return projects[name]
