"""Everything that is stored about one tweet: where it was read, what each project made of it, and how that ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from viral_assets.projects.model import Project
from viral_assets.queries.reselect import FirstObjection, VectorSource, reselect
from viral_assets.store.conditions import FoundByHour
from viral_assets.store.tables import (
    EVERY_PROJECT,
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    ingested_files,
    rejected_records,
    selection_counts,
    source_windows,
    tweet_projects,
    tweet_scores,
    tweet_snapshots,
    tweets,
)
from viral_assets.store.taken import TakenTweet, read_taken
from viral_assets.vocabulary import CHOSEN, COMPONENTS

NOT_RUN: Final = "not_run"
"""The tweet came for the project, and its hour was not worked on, or before the tweet was read."""

MOST_SOURCES = 5
MOST_REJECTS = 5


@dataclass(frozen=True, slots=True)
class SourceReading:
    """A file or a service that was read, from which the tweet may be."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record in quarantine that names the tweet."""

    id: int
    source: str
    locator: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProjectAnswer:
    """What a project made of the tweet.

    ``against`` also knows the reason :data:`NOT_RUN`. ``scores`` has the components and the total,
    None where unknown; it is empty where there are none, and then so are ``label``, ``gate``, ``topic`` and ``why``.
    ``suggestions`` counts them by status. ``taken``: a person took it although it had been left out.
    """

    project: str
    against: FirstObjection
    scores: Mapping[str, float | None] = field(default_factory=dict)
    label: str = ""
    gate: str = ""
    topic: str = ""
    why: str = ""
    rank: int | None = None
    taken: TakenTweet | None = None
    outcome: str = ""
    outcome_reason: str = ""
    suggestions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TweetAnswer:
    """All about one tweet. ``tweet`` is its row, None where it was never read; ``first_seen`` is when counts of it were
    first seen."""

    tweet_id: str
    tweet: Mapping[str, Any] | None = None
    first_seen: datetime | None = None
    read_from: Sequence[SourceReading] = ()
    rejected: Sequence[QuarantinedRecord] = ()
    projects: Sequence[ProjectAnswer] = ()


def why(
    connection: sa.Connection,
    tweet_id: str,
    projects: Mapping[str, Project],
    vectors_of: Callable[[Project], VectorSource],
) -> TweetAnswer:
    """Why a tweet was chosen, or what was the first thing against it.

    Args:
        projects: those to tell about.
        vectors_of: the stored vectors of a project's embedder; asked only where vectors can matter.
    """
    rejected = _rejected(connection, tweet_id)
    row = connection.execute(sa.select(tweets).where(tweets.c.tweet_id == tweet_id)).one_or_none()
    if row is None:
        return TweetAnswer(tweet_id, rejected=rejected)
    came = tweet_projects.c
    names = set(connection.scalars(sa.select(came.project).where(came.tweet_id == tweet_id)))
    wanted = [name for name in sorted(projects) if name in names or EVERY_PROJECT in names]
    snapshot = tweet_snapshots.c
    first = sa.select(sa.func.min(snapshot.collected_at)).where(snapshot.tweet_id == tweet_id)
    return TweetAnswer(
        tweet_id,
        dict(row._mapping),
        connection.execute(first).scalar_one_or_none(),
        _read_from(connection, row.window_start, names),
        rejected,
        [_of_project(connection, tweet_id, row.window_start, projects[name], vectors_of) for name in wanted],
    )


def _of_project(
    connection: sa.Connection,
    tweet_id: str,
    hour: datetime,
    project: Project,
    vectors_of: Callable[[Project], VectorSource],
) -> ProjectAnswer:
    def row_of(table: sa.Table) -> sa.Row[Any] | None:
        of_tweet = table.c.project == project.name, table.c.tweet_id == tweet_id
        return connection.execute(sa.select(table).where(*of_tweet)).one_or_none()

    score, chosen = row_of(tweet_scores), row_of(comment_opportunities)
    outcome, suggestion = row_of(generation_outcomes), comment_suggestions.c
    by_status = (
        sa.select(suggestion.status, sa.func.count())
        .where(suggestion.project == project.name, suggestion.tweet_id == tweet_id)
        .group_by(suggestion.status)
        .order_by(suggestion.status)
    )
    known: dict[str, Any] = {
        "outcome": outcome.outcome if outcome else "",
        "outcome_reason": outcome.reason if outcome else "",
        "suggestions": {row[0]: row[1] for row in connection.execute(by_status)},
    }
    if score is not None:
        known["scores"] = {name: getattr(score, name) for name in (*COMPONENTS, "total")}
        known |= {name: getattr(score, name) for name in ("label", "gate", "topic", "why")}
    if chosen is not None:
        against = FirstObjection(CHOSEN, CHOSEN)
        known |= {"rank": chosen.rank, "taken": read_taken(connection, project.name, tweet_id)}
    elif score is None:
        against = FirstObjection(NOT_RUN, _not_run(connection, project.name, hour))
    elif not _selected(connection, project.name, hour):
        against = FirstObjection(NOT_RUN, "it is scored, and nothing of its hour has been chosen or left out yet")
    else:
        found = reselect(connection, project, {hour: score.total}, vectors_of(project)).against(tweet_id)
        against = found or FirstObjection(NOT_RUN, _not_run(connection, project.name, hour))
    return ProjectAnswer(project.name, against, **known)


def _selected(connection: sa.Connection, project: str, hour: datetime) -> bool:
    """Whether anything is stored of a selection of the hour: hours of long ago have no counts."""
    stored = [
        sa.exists().where(FoundByHour(table.c.project) == project, table.c.window_start == hour)
        for table in (selection_counts, comment_opportunities)
    ]
    return bool(connection.execute(sa.select(sa.or_(*stored))).scalar_one())


def _not_run(connection: sa.Connection, project: str, hour: datetime) -> str:
    if _selected(connection, project, hour):
        return "it was read after its hour had been worked on; the next run of the hour scores it"
    return "its hour has not been worked on"


def _read_from(connection: sa.Connection, hour: datetime, names: set[str]) -> list[SourceReading]:
    """Files with tweets around the hour and services that were asked for it; of which one a tweet is, is not stored."""
    file, service = ingested_files.c, source_windows.c
    files = (
        sa.select(file.name, file.ingested_at)
        .where(file.project.in_(names), file.first_window <= hour, file.last_window >= hour)
        .order_by(file.ingested_at)
        .limit(MOST_SOURCES)
    )
    services = (
        sa.select(service.source, sa.func.max(service.updated_at))
        .where(service.project.in_(names), service.window_start == hour, service["items"] > 0)
        .group_by(service.source)
        .order_by(service.source)
    )
    return [SourceReading(*row) for query in (files, services) for row in connection.execute(query)]


def _rejected(connection: sa.Connection, tweet_id: str) -> list[QuarantinedRecord]:
    """The latest records in quarantine in which the id stands as a number of its own."""
    table = rejected_records.c
    query = (
        sa.select(table.id, table.source, table.locator, table.reason, table.detail, table.raw)
        .where(table.raw.contains(tweet_id, autoescape=True))
        .order_by(table.id.desc())
        .limit(10 * MOST_REJECTS)
    )
    alone = re.compile(rf"(?<!\d){re.escape(tweet_id)}(?!\d)")
    found = (row for row in connection.execute(query) if alone.search(row.raw))
    return [QuarantinedRecord(*row[:5]) for row, _ in zip(found, range(MOST_REJECTS), strict=False)]
