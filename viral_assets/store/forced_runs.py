"""Runs that write everything anew, and where an interrupted one goes on.

What was forced has the id of its first row. Every run that works on it has a row of its own, so that what these runs
asked for and ended (``llm_requests.run_id``, ``generation_outcomes.run_id``) is known as done, and older rows are not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore
from viral_assets.store.tables import comment_suggestions, forced_runs, generation_outcomes, llm_requests


@dataclass(frozen=True, slots=True)
class ForcedRun:
    """What was forced, and when it began."""

    id: str
    started_at: datetime


def unfinished_forced_run(connection: sa.Connection, scope: str) -> ForcedRun | None:
    """The newest one of this scope that has not come to its end; None where there is none."""
    first = forced_runs.c
    query = (
        sa.select(first.run_id, first.started_at)
        .where(first.run_id == first.forced_by, first.scope == scope, first.finished_at.is_(None))
        .order_by(first.started_at.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else ForcedRun(row.run_id, row.started_at)


def is_finished(connection: sa.Connection, forced_by: str) -> bool:
    """Whether it came to its end. One that nobody knows did not."""
    query = sa.select(forced_runs.c.finished_at).where(forced_runs.c.run_id == forced_by)
    return connection.execute(query).scalar() is not None


def join_forced_run(connection: sa.Connection, run_id: str, *, forced_by: str, scope: str, at: datetime) -> None:
    """Note that a run works on what was forced; with its own id, it is the first. Twice is once."""
    row = {"run_id": run_id, "forced_by": forced_by, "scope": scope, "started_at": at}
    insert_ignore(connection, forced_runs, [row])


def finish_forced_run(connection: sa.Connection, forced_by: str, at: datetime) -> None:
    """Nothing is left: the same command asks everything anew."""
    changed = sa.update(forced_runs).where(forced_runs.c.forced_by == forced_by)
    connection.execute(changed.values(finished_at=at))


def runs_of_the_same_force(connection: sa.Connection, run_id: str) -> frozenset[str]:
    """The runs that work on what this one does, itself included; none where it was never noted."""
    mine, member = forced_runs.alias("mine"), forced_runs.c
    query = sa.select(member.run_id).join(mine, mine.c.forced_by == member.forced_by).where(mine.c.run_id == run_id)
    return frozenset(connection.execute(query).scalars())


def unfinished_runs(connection: sa.Connection) -> frozenset[str]:
    """All runs of what was forced and has not come to its end."""
    query = sa.select(forced_runs.c.run_id).where(forced_runs.c.finished_at.is_(None))
    return frozenset(connection.execute(query).scalars())


def ended_by_runs(runs: Collection[str]) -> sa.ColumnElement[bool]:
    """The condition that one of these runs wrote a tweet's outcome."""
    return generation_outcomes.c.run_id.in_(runs)


def written_by_runs(runs: Collection[str]) -> sa.ColumnElement[bool]:
    """The condition that one of these runs asked for a suggestion."""
    asked = sa.select(llm_requests.c.id).where(llm_requests.c.run_id.in_(runs))
    return comment_suggestions.c.request_id.in_(asked)
