"""Writing everything anew, so that it can be interrupted: the same command over the same hours goes on from there.

What is the same is a matter of hours, projects (their files as they are), provider and model. A forced run that has
come to its end is not gone on with: the same command then asks about everything again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from viral_assets.projects.model import Project
from viral_assets.store.engine import Database
from viral_assets.store.forced_runs import (
    finish_forced_run,
    is_finished,
    join_forced_run,
    unfinished_forced_run,
)


@dataclass(frozen=True, slots=True)
class Forced:
    """What is forced.

    Args:
        id: of the run that began it.
        scope: what the same command is known by.
        interrupted_at: when the one began that this goes on with; None where it begins.
    """

    id: str
    scope: str
    interrupted_at: datetime | None = None

    @property
    def remark(self) -> str:
        """For people; empty where it begins."""
        if self.interrupted_at is None:
            return ""
        return f"this goes on with what was forced at {self.interrupted_at:%Y-%m-%d %H:%M} UTC and not finished"


def scope_of(projects: Mapping[str, Project], hours: str, *, provider: str, model: str | None) -> str:
    """What two commands have in common that do the same.

    Args:
        hours: as they were asked for.
        model: instead of the projects' own.
    """
    files = {name: project.model_dump() for name, project in sorted(projects.items())}
    same = json.dumps([hours, files, provider, model], default=_in_one_order, sort_keys=True)
    return hashlib.sha256(same.encode()).hexdigest()


def _in_one_order(value: object) -> object:
    """What JSON has no word for; a set comes in another order in every process."""
    return sorted(map(str, value)) if isinstance(value, frozenset | set) else str(value)


def find_forced(database: Database, scope: str, *, new_id: str | None = None) -> Forced:
    """What was forced and not finished, else a new one. Nothing is written."""
    with database.read() as connection:
        found = unfinished_forced_run(connection, scope)
    if found is None:
        return Forced(new_id or str(uuid.uuid4()), scope)
    return Forced(found.id, scope, found.started_at)


def begin_forced(database: Database, forced: Forced, run_id: str, now: datetime) -> None:
    """Note that a run works on it: what it asks for and ends is known as done to those that go on with it."""
    with database.begin() as connection:
        for each in dict.fromkeys((forced.id, run_id)):
            join_forced_run(connection, each, forced_by=forced.id, scope=forced.scope, at=now)


def end_forced(database: Database, forced_id: str, now: datetime) -> None:
    """Nothing is left of it."""
    with database.begin() as connection:
        finish_forced_run(connection, forced_id, now)


def is_over(database: Database, forced_id: str) -> bool:
    """Whether nothing is left of it."""
    with database.read() as connection:
        return is_finished(connection, forced_id)
