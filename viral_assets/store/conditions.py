"""Conditions that many statements share: which hours, and whose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from viral_assets.hours import HOUR, HourRange
from viral_assets.store.suggestion_status import stands_approved
from viral_assets.store.tables import EVERY_PROJECT, comment_suggestions, suggestion_events, tweet_projects, tweets
from viral_assets.vocabulary import OFFLINE, PENDING, STATUSES


class FoundByHour(sa.ColumnElement[str]):
    """A column like ``project`` or ``status`` in a statement about hours: SQLite is to find the rows by their hour.

    Without statistics it takes an equal project for rarer than a range of hours, and reads all that the project has
    ever had. An operand that is no bare column is of no use to it
    (https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_plus). PostgreSQL has
    statistics.
    """

    inherit_cache = True
    type = sa.String()

    def __init__(self, column: sa.ColumnElement[str]) -> None:
        self.column = column

    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - as SQLAlchemy has it


@compiles(FoundByHour)
def _compiled(element: FoundByHour, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.column, **how)


@compiles(FoundByHour, "sqlite")
def _compiled_for_sqlite(element: FoundByHour, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.column, **how)}"


def _stands_approved(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    decided_at = comment_suggestions.c.decided_at
    return sa.or_(
        *(
            sa.and_(column == status, decided_at.is_not(None) if decided else decided_at.is_(None))
            for status in STATUSES
            for decided in (False, True)
            if stands_approved(status, decided=decided)
        )
    )


STANDS_APPROVED = _stands_approved(comment_suggestions.c.status)
"""``suggestion_status.stands_approved``, for the database: approved, edited, posted, or exported after a decision."""

STANDS_APPROVED_OF_HOURS = _stands_approved(FoundByHour(comment_suggestions.c.status))
"""The same, as a condition beside hours: see :class:`FoundByHour`."""


def same_suggestion(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Rows of two tables that are about the same suggestion."""
    return sa.and_(*(one.c[name] == other.c[name] for name in ("project", "tweet_id", "suggestion_type")))


def within(table: sa.FromClause, hours: HourRange | None, project: str | None = None) -> list[sa.ColumnElement[bool]]:
    """The rows of these hours, by ``window_start``; None for all hours. With ``project``, only its own."""
    start, end = (None, None) if hours is None else (hours.start, hours.end)
    return between(table, start, end, project)


def of_hours(table: sa.FromClause, hours: Sequence[datetime]) -> list[sa.ColumnElement[bool]]:
    """The rows of these hours, by ``window_start``: in order, and at least one."""
    if len(hours) == (hours[-1] - hours[0]) // HOUR + 1:
        return between(table, hours[0], hours[-1] + HOUR)
    return [table.c.window_start.in_(hours)]


def between(
    table: sa.FromClause, start: datetime | None, end: datetime | None, project: str | None = None
) -> list[sa.ColumnElement[bool]]:
    """As :func:`within`, from ``start`` on and before ``end``; None where there is no bound."""
    conditions: list[sa.ColumnElement[bool]] = []
    if start is not None:
        conditions.append(table.c.window_start >= start)
    if end is not None:
        conditions.append(table.c.window_start < end)
    if project is not None:
        conditions.append((table.c.project if start is None else FoundByHour(table.c.project)) == project)
    return conditions


def came_for(project: str) -> sa.ColumnElement[bool]:
    """The tweets that came for this project, or for every one."""
    came = tweet_projects.c
    found = sa.select(came.tweet_id).where(
        came.tweet_id == tweets.c.tweet_id, came.project.in_([project, EVERY_PROJECT])
    )
    return found.exists()


def undecided_draft() -> sa.ColumnElement[bool]:
    """The condition that a suggestion is the offline provider's and no person has ever decided about it: a language
    model's run replaces it."""
    table = comment_suggestions.c
    looked_at = sa.exists().where(same_suggestion(suggestion_events, comment_suggestions))
    return sa.and_(table.provider == OFFLINE, table.status == PENDING, table.decided_at.is_(None), ~looked_at)
