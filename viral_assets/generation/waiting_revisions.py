"""Revisions that somebody asked for and nobody has written: the quota had put them off, or a server was stopped. A run
over the hours of their tweets has them written, after its drafts.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from viral_assets.errors import ConfigurationError
from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import fail
from viral_assets.store.revisions import read_revision
from viral_assets.store.waiting_revisions import waiting_revisions
from viral_assets.vocabulary import ASKED, OFFERED, OFFLINE

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator

OWN_TIME = timedelta(minutes=2)
"""For so long after it was asked for, a revision is in the hands of who asked: a page or a command has it written."""


@dataclass(slots=True)
class TakenUp:
    """What became of them: written and offered, come to nothing, and put off (again)."""

    offered: int = 0
    failed: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        return f"{self.offered} revisions that waited were written, {self.failed} came to nothing, {self.waiting} wait"

    def __bool__(self) -> bool:
        return bool(self.offered or self.failed or self.waiting)


async def take_up(
    generator: AsyncCommentGenerator,
    database: Database,
    opportunities: Sequence[Opportunity],
    projects: Mapping[str, Project],
    *,
    now: datetime,
    stop: threading.Event,
) -> TakenUp:
    """Have those written that wait for suggestions for these tweets; none by the offline provider, which could not do
    what was asked of a model. Ends where quota or budget do.

    Raises:
        ProviderError: the service cannot be used. What had been answered is saved.
    """
    done = TakenUp()
    by_key = {each.key: each for each in opportunities}
    if generator.provider == OFFLINE or not by_key:
        return done
    with database.read() as connection:
        waiting = waiting_revisions(connection, by_key, asked_before=now - OWN_TIME, now=now)
    for place, revision_id in enumerate(waiting):
        if stop.is_set():
            done.waiting += len(waiting) - place
            break
        state = await _write(generator, database, revision_id, by_key, projects, stop)
        done.offered += state == OFFERED
        done.failed += state not in (OFFERED, ASKED, "")
        if state == ASKED:
            done.waiting += len(waiting) - place
            break
    return done


async def _write(
    generator: AsyncCommentGenerator,
    database: Database,
    revision_id: str,
    opportunities: Mapping[tuple[str, str], Opportunity],
    projects: Mapping[str, Project],
    stop: threading.Event,
) -> str:
    """The state it is in afterwards; empty where it is somebody else's by now."""
    with database.read() as connection:
        revision = read_revision(connection, revision_id)
    if revision is None:
        return ""
    key, project = revision.key, projects[revision.key.project]
    if key.suggestion_type in {each.name for each in project.suggestion_types}:
        try:
            await generator.revise(revision, opportunities[key.project, key.tweet_id], project, stop=stop)
        except ConfigurationError:
            return ""
    else:
        # Nobody could ever write it, and no run is to come back for it.
        reason = f"the project has no suggestion type {key.suggestion_type} any more"
        with database.begin() as connection:
            fail(connection, revision.id, reason=reason, at=datetime.now(UTC))
    with database.read() as connection:
        found = read_revision(connection, revision.id)
    return "" if found is None else found.state
