"""What the review page reads: one page of a list of opportunities, or a single one.

A page is found by its place in the order (keyset), not by counting from the start, so that the hundredth page costs
what the first one does and nothing is shown twice when a neighbour has been decided about meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from viral_assets.queries.context import with_context
from viral_assets.queries.filters import Filters
from viral_assets.queries.listing import has_status, matching, order_by
from viral_assets.queries.opportunities import (
    OpportunityKey,
    OpportunityView,
    SortBy,
    find_opportunities,
    of_keys,
    priority,
)
from viral_assets.queries.places import read_place, write_place
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweet_scores
from viral_assets.vocabulary import GREEN, PENDING

PAGE = 20
"""Tweets on a page: some minutes of work, and little to wait for on a phone."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some opportunities in order. ``total`` and ``greens`` count this page and everything after it."""

    rows: tuple[OpportunityView, ...]
    after: str
    """Where the next page begins; empty on the last one."""
    total: int
    greens: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer, as the database has it."""

    projects: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suggestion that a bulk decision would be about."""

    project: str
    tweet_id: str
    suggestion_type: str
    version: int


def read_page(connection: Connection, filters: Filters, *, now: datetime, after: str = "", size: int = PAGE) -> Page:
    """One page of the list, best first.

    Raises:
        BadFilterError: ``after`` is no place in this list.
    """
    order = order_by(connection, filters.sort)
    green = sa.case((comment_opportunities.c.label == GREEN, 1), else_=0)
    counted = (sa.func.count().over(), sa.func.sum(green).over())
    query = matching(connection, filters, now).add_columns(order.label("place"), *counted)
    if after:
        value, project, tweet_id = read_place(after, _value_of(filters.sort))
        opportunity = comment_opportunities.c
        later = sa.or_(
            opportunity.project > project, sa.and_(opportunity.project == project, opportunity.tweet_id > tweet_id)
        )
        bound = sa.literal(value, order.type)
        query = query.where(sa.or_(order < bound, sa.and_(order == bound, later)))
    query = query.order_by(sa.desc("place"), comment_opportunities.c.project, comment_opportunities.c.tweet_id)
    found = connection.execute(query.limit(size + 1)).all()
    shown = found[:size]
    last = write_place(shown[-1].place, shown[-1].project, shown[-1].tweet_id) if len(found) > size else ""
    rows = read_opportunities(connection, [(row.project, row.tweet_id) for row in shown], filters.sort)
    total, greens = found[0][3:] if found else (0, 0)
    return Page(tuple(rows), last, total, greens)


def read_opportunities(
    connection: Connection, keys: Sequence[OpportunityKey], sort: str = "balanced"
) -> list[OpportunityView]:
    """The opportunities of these keys, in this order; those that are gone are left out. Suggestions stay in the order
    of the project file, whatever was decided: the keys 1 to 5 go on meaning the same."""
    if not keys:
        return []
    found = find_opportunities(connection, of_keys(connection, keys), as_numbered=True)
    views = [
        found.view(key, rank, _priority(found.rows[key], sort)) for rank, key in enumerate(keys, 1) if key in found.rows
    ]
    return with_context(connection, views)


def read_opportunity(connection: Connection, project: str, tweet_id: str) -> OpportunityView | None:
    """One opportunity; None when there is none (any more)."""
    return next(iter(read_opportunities(connection, [(project, tweet_id)])), None)


def read_choices(connection: Connection) -> Choices:
    """Projects and topics that there are opportunities of."""
    pairs = connection.execute(sa.select(comment_opportunities.c.project, comment_opportunities.c.topic).distinct())
    found = [(row.project, row.topic) for row in pairs]
    return Choices(
        tuple(sorted({project for project, _ in found})),
        tuple(sorted({topic for _, topic in found if topic.strip()}, key=str.casefold)),
    )


def read_greens(connection: Connection, filters: Filters, *, now: datetime, most: int) -> tuple[list[Candidate], int]:
    """The first pending suggestion of each green tweet in the list for which nothing has been chosen yet, but for those
    with a flag, which a person decides about one by one.

    Returns:
        At most ``most`` of them, of the best tweets, and how many there are.
    """
    opportunity, table = comment_opportunities.c, comment_suggestions.c
    query = (
        matching(connection, filters, now)
        .where(opportunity.label == GREEN, has_status(connection, "open"), ~_IS_FLAGGED)
        .add_columns(order_by(connection, filters.sort).label("place"), sa.func.count().over())
        .order_by(sa.desc("place"), opportunity.project, opportunity.tweet_id)
        .limit(most)
    )
    found = connection.execute(query).all()
    first: dict[OpportunityKey, Candidate] = {}
    keys = [(row.project, row.tweet_id) for row in found]
    rows = connection.execute(
        sa.select(table.project, table.tweet_id, table.suggestion_type, table.version)
        .where(*of_keys(connection, keys)(comment_suggestions), table.status == PENDING)
        .order_by(table.position, table.suggestion_type)
    )
    for row in rows:
        first.setdefault((row.project, row.tweet_id), Candidate(*row))
    return [first[key] for key in keys if key in first], found[0][3] if found else 0


def count_flagged_greens(connection: Connection, filters: Filters, *, now: datetime) -> int:
    """How many green tweets of the list, for which nothing has been chosen yet, have a flag."""
    green = matching(connection, filters, now).where(
        comment_opportunities.c.label == GREEN, has_status(connection, "open"), _IS_FLAGGED
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(green.subquery())).scalar_one())


# The few with a flag are looked up by their key; what was scored before anybody looked has none.
_IS_FLAGGED = sa.exists().where(
    tweet_scores.c.project == comment_opportunities.c.project,
    tweet_scores.c.tweet_id == comment_opportunities.c.tweet_id,
    tweet_scores.c.flags != "",
)


def _value_of(sort: str) -> Callable[[Any], Any]:
    """What a list is sorted by, from what stands in an address."""
    return _instant if sort == "age" else int if sort == "views" else float


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _priority(row: Row[Any], sort: str) -> float:
    by: SortBy = "score" if sort == "score" else "balanced"
    return priority(by, total=row.total, views=row.view_count, followers=row.author_followers)
