"""The tweets of some hours that were left out, the near misses first, each with the first thing against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.projects.model import Project
from viral_assets.queries.filters import BadFilterError, Filters
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.places import read_place, write_place
from viral_assets.queries.reselect import FirstObjection, VectorSource, reselect
from viral_assets.queries.selection import SelectionFacts, selection_facts
from viral_assets.safety.flag import flags_of_text
from viral_assets.scoring.gate import UNKNOWN_LANGUAGE
from viral_assets.store.conditions import FoundByHour, within
from viral_assets.store.tables import comment_opportunities, tweet_scores, tweets
from viral_assets.vocabulary import COMPONENTS, GATE_PASSED

PAGE = 20
DEFAULT_HOURS = 24
MOST_HOURS = 7 * 24
"""Nothing here looks through all of history."""

NOT_TOLD = FirstObjection("", "left out; which tweet was in its way cannot be told here")

_COUNTS = {"likes": "like_count", "replies": "reply_count", "retweets": "retweet_count", "quotes": "quote_count"}
_UNKNOWN: Mapping[str, sa.ColumnElement[Any]] = {"relevance": sa.null(), "topic": sa.literal("")}
_SCORED = ("project", "tweet_id", "window_start", "total", "label", "topic", "why", "flags", *COMPONENTS)
_OF_TWEET = (
    *("created_at", "collected_at", "text", "lang", "author_id", "author_handle", "author_name"),
    *("author_followers", "author_verified", *_COUNTS.values(), "view_count"),
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tweet that was left out, and why."""

    view: OpportunityView
    against: FirstObjection


@dataclass(frozen=True, slots=True)
class LeftOutPage:
    """Some of them in order. ``after`` is where the next page begins, empty on the last one; ``facts`` are of all
    tweets of the hours."""

    rows: tuple[LeftOut, ...]
    after: str
    hours: HourRange
    facts: SelectionFacts


@dataclass(frozen=True, slots=True)
class TweetAssessment:
    """What a project made of a tweet: its text, the topic that is nearest, and what the gate said."""

    text: str
    topic: str
    gate: str


def hours_asked(filters: Filters, now: datetime) -> HourRange:
    """The hours that are shown: those asked for, else the last 24 and the current one.

    Raises:
        BadFilterError: they are more than a week.
    """
    first, last = filters.between(now)
    end = last or floor_hour(now) + HOUR
    start = first or end - DEFAULT_HOURS * HOUR - (HOUR if last is None else timedelta(0))
    # The current hour comes on top of the last ones.
    if end - start > (MOST_HOURS + 1) * HOUR:
        raise BadFilterError("no more than 7 days of what was left out are shown at once; choose fewer hours")
    if end <= start:
        raise BadFilterError("these hours have not begun")
    return HourRange(start, end)


def read_left_out(
    connection: sa.Connection,
    filters: Filters,
    projects: Mapping[str, Project],
    vectors_of: Callable[[Project], VectorSource],
    *,
    now: datetime,
    after: str = "",
    size: int = PAGE,
) -> LeftOutPage:
    """One page: what passed the gate first, and of that the highest total.

    Args:
        filters: project, label and hours are looked at.
        projects: whose tweets are shown, as their files are.
        vectors_of: the stored vectors of a project's embedder.

    Raises:
        BadFilterError: too many hours, or ``after`` is no place in this list.
    """
    hours = hours_asked(filters, now)
    scores, opportunity = tweet_scores.c, comment_opportunities.c
    chosen = sa.exists().where(opportunity.project == scores.project, opportunity.tweet_id == scores.tweet_id)
    order = sa.case((scores.gate == GATE_PASSED, 1.0), else_=0.0) + scores.total
    names = [filters.project] if filters.project else sorted(projects)
    query = (
        sa.select(*map(_shown, _SCORED), *(tweets.c[name] for name in _OF_TWEET), order.label("place"))
        .join_from(tweet_scores, tweets, tweets.c.tweet_id == scores.tweet_id)
        .where(*within(tweet_scores, hours), FoundByHour(scores.project).in_(names), ~chosen)
    )
    if filters.label:
        query = query.where(scores.label == filters.label)
    if after:
        place, project, tweet_id = read_place(after, float)
        later = sa.tuple_(scores.project, scores.tweet_id) > sa.tuple_(sa.literal(project), sa.literal(tweet_id))
        query = query.where(sa.or_(order < place, sa.and_(order == place, later)))
    query = query.order_by(sa.desc("place"), scores.project, scores.tweet_id).limit(size + 1)
    found = connection.execute(query).all()
    shown = found[:size]
    against = _against(connection, shown, projects, vectors_of)
    rows = [
        LeftOut(_view(rank, row), against.get((row.project, row.tweet_id), NOT_TOLD))
        for rank, row in enumerate(shown, 1)
    ]
    onward = write_place(shown[-1].place, shown[-1].project, shown[-1].tweet_id) if len(found) > size else ""
    return LeftOutPage(tuple(rows), onward, hours, selection_facts(connection, hours, names))


def _shown(name: str) -> sa.ColumnElement[Any]:
    """A column of the scores; where nobody knows the relevance, there is none, and no topic."""
    column = tweet_scores.c[name]
    if name not in _UNKNOWN:
        return column
    return sa.case((tweet_scores.c.gate == UNKNOWN_LANGUAGE, _UNKNOWN[name]), else_=column).label(name)


def against_one(
    connection: sa.Connection,
    project: Project,
    tweet_id: str,
    vectors_of: Callable[[Project], VectorSource],
) -> FirstObjection:
    """What is against one tweet that has a score."""
    scores = tweet_scores.c
    query = sa.select(scores.project, scores.tweet_id, scores.window_start, scores.total)
    found = connection.execute(query.where(scores.project == project.name, scores.tweet_id == tweet_id)).all()
    return _against(connection, found, {project.name: project}, vectors_of).get((project.name, tweet_id), NOT_TOLD)


def read_author(connection: sa.Connection, tweet_id: str) -> tuple[str | None, str | None]:
    """Id and handle of a tweet's author; None where unknown."""
    query = sa.select(tweets.c.author_id, tweets.c.author_handle).where(tweets.c.tweet_id == tweet_id)
    row = connection.execute(query).one_or_none()
    return (None, None) if row is None else (row.author_id, row.author_handle)


def read_judged(connection: sa.Connection, project: str, tweet_id: str) -> TweetAssessment | None:
    """A tweet that a project has scored; None where it has not."""
    scores = tweet_scores.c
    query = (
        sa.select(tweets.c.text, scores.topic, scores.gate)
        .join_from(tweet_scores, tweets, tweets.c.tweet_id == scores.tweet_id)
        .where(scores.project == project, scores.tweet_id == tweet_id)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else TweetAssessment(row.text, row.topic, row.gate)


def _against(
    connection: sa.Connection,
    rows: Sequence[Any],
    projects: Mapping[str, Project],
    vectors_of: Callable[[Project], VectorSource],
) -> dict[tuple[str, str], FirstObjection]:
    """By project and tweet, for rows with project, tweet_id, window_start and total."""
    told: dict[tuple[str, str], FirstObjection] = {}
    for name in {row.project for row in rows} & projects.keys():
        own = [row for row in rows if row.project == name]
        try:
            vectors = vectors_of(projects[name])
        except ConfigurationError:
            # An embedder that is not installed here, or that needs a key: the page goes on without.
            continue
        lowest: dict[datetime, float] = {}
        for row in own:
            lowest[row.window_start] = min(row.total, lowest.get(row.window_start, row.total))
        again = reselect(connection, projects[name], lowest, vectors)
        for row in own:
            if found := again.against(row.tweet_id):
                told[name, row.tweet_id] = found
    return told


def _view(rank: int, row: Any) -> OpportunityView:
    values = dict(row._mapping)
    flags = flags_of_text(values.pop("flags"))
    counts = {name: values.pop(column) for name, column in _COUNTS.items()}
    place = values.pop("place")
    return OpportunityView(
        rank=rank, priority_score=100 * place, views=values.pop("view_count"), flags=flags, **counts, **values
    )
