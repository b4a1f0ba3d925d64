"""What the review page reads: one page of a list of opportunities, or a single one.

A page is found by its place in the order (keyset), not by counting from the start, so that the hundredth page costs
what the first one does and nothing is shown twice when a neighbour has been decided about meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select

from viral_assets.queries.context import with_context
from viral_assets.queries.filters import Filters
from viral_assets.queries.listing import has_status, matching, order_by
from viral_assets.queries.opportunities import OpportunityKey, find_opportunities, of_keys
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.queries.places import read_place, write_place
from viral_assets.queries.sort_keys import SortBy, priority
from viral_assets.store.gone import still_there
from viral_assets.store.revisions import Revision, open_revisions
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_opportunities
from viral_assets.store.teamwork import teamwork_of
from viral_assets.vocabulary import AWAITING, GREEN

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
class FilterChoices:
    """What the filters offer, as the database has it."""

    projects: tuple[str, ...]
    topics: tuple[str, ...]


def read_page(
    connection: Connection,
    filters: Filters,
    *,
    now: datetime,
    after: str = "",
    size: int = PAGE,
    second: SecondApproval = NOWHERE,
) -> Page:
    """One page of the list, best first.

    Args:
        second: where the approval of two people is asked for.

    Raises:
        BadFilterError: ``after`` is no place in this list.
    """
    order = order_by(connection, filters.sort)
    query = _from_place(matching(connection, filters, now), order, filters, after)
    query = query.add_columns(order.label("place"), *(each.over() for each in _COUNTS))
    query = query.order_by(sa.desc("place"), comment_opportunities.c.project, comment_opportunities.c.tweet_id)
    found = connection.execute(query.limit(size + 1)).all()
    shown = found[:size]
    last = write_place(shown[-1].place, shown[-1].project, shown[-1].tweet_id) if len(found) > size else ""
    rows = read_opportunities(connection, [(row.project, row.tweet_id) for row in shown], filters.sort, second=second)
    total, greens = found[0][3:] if found else (0, 0)
    return Page(tuple(rows), last, total, greens)


def count_list(connection: Connection, filters: Filters, *, now: datetime, after: str = "") -> tuple[int, int]:
    """``total`` and ``greens`` of :func:`read_page`, without reading the page.

    Raises:
        BadFilterError: ``after`` is no place in this list.
    """
    query = _from_place(matching(connection, filters, now), order_by(connection, filters.sort), filters, after)
    total, greens = connection.execute(query.with_only_columns(*_COUNTS)).one()
    return total, greens or 0


def is_listed(connection: Connection, filters: Filters, *, now: datetime) -> bool:
    """Whether there is anything in a list."""
    return bool(connection.scalar(sa.select(matching(connection, filters, now).exists())))


_COUNTS = (sa.func.count(), sa.func.sum(sa.case((comment_opportunities.c.label == GREEN, 1), else_=0)))


def _from_place(query: Select[Any], order: ColumnElement[Any], filters: Filters, after: str) -> Select[Any]:
    """What comes after a place in the list; all of it where none is given."""
    if not after:
        return query
    value, project, tweet_id = read_place(after, _value_of(filters.sort))
    opportunity = comment_opportunities.c
    later = sa.or_(
        opportunity.project > project, sa.and_(opportunity.project == project, opportunity.tweet_id > tweet_id)
    )
    bound = sa.literal(value, order.type)
    return query.where(sa.or_(order < bound, sa.and_(order == bound, later)))


def read_opportunities(
    connection: Connection,
    keys: Sequence[OpportunityKey],
    sort: str = "balanced",
    *,
    second: SecondApproval = NOWHERE,
) -> list[OpportunityView]:
    """The opportunities of these keys, in this order; those that are gone are left out. Suggestions stay in the order
    of the project file, whatever was decided: the keys 1 to 5 go on meaning the same."""
    if not keys:
        return []
    found = find_opportunities(connection, of_keys(connection, keys), as_numbered=True, second=second)
    views = [
        found.view(key, rank, _priority(found.rows[key], sort)) for rank, key in enumerate(keys, 1) if key in found.rows
    ]
    views = _with_revisions(connection, with_context(connection, views))
    teamwork = teamwork_of(connection, keys)
    return [replace(view, teamwork=teamwork.get((view.project, view.tweet_id), view.teamwork)) for view in views]


def _with_revisions(connection: Connection, views: Sequence[OpportunityView]) -> list[OpportunityView]:
    """With what somebody has asked to have changed in the suggestions, and may decide about."""
    found = open_revisions(connection, [(view.project, view.tweet_id) for view in views])
    if not found:
        return list(views)

    def revision_of(view: OpportunityView, suggestion: SuggestionView) -> Revision | None:
        return found.get(SuggestionKey(view.project, view.tweet_id, suggestion.type_name))

    return [
        replace(view, suggestions=tuple(replace(each, revision=revision_of(view, each)) for each in view.suggestions))
        for view in views
    ]


def read_opportunity(
    connection: Connection, project: str, tweet_id: str, *, second: SecondApproval = NOWHERE
) -> OpportunityView | None:
    """One opportunity; None when there is none (any more)."""
    return next(iter(read_opportunities(connection, [(project, tweet_id)], second=second)), None)


def read_choices(connection: Connection) -> FilterChoices:
    """Projects and topics that there are opportunities of."""
    found = [(row.project, row.topic) for row in connection.execute(_PAIRS)]
    return FilterChoices(
        tuple(sorted({project for project, _ in found})),
        tuple(sorted({topic for _, topic in found if topic.strip()}, key=str.casefold)),
    )


def _distinct_pairs() -> Select[tuple[str, str]]:
    """Projects with their topics, each found in an index as the next after the one before: as many looks as there are
    topics, and not as there are tweets (https://wiki.postgresql.org/wiki/Loose_indexscan)."""
    table = comment_opportunities.c

    def least(column: ColumnElement[str], *where: ColumnElement[bool]) -> ColumnElement[str]:
        return sa.select(sa.func.min(column)).where(*where).scalar_subquery()

    project = sa.select(least(table.project).label("project")).cte("projects", recursive=True)
    project = project.union_all(
        sa.select(least(table.project, table.project > project.c.project)).where(project.c.project.is_not(None))
    )
    first = sa.select(project.c.project, least(table.topic, table.project == project.c.project).label("topic"))
    topic = first.where(project.c.project.is_not(None)).cte("topics", recursive=True)
    following = least(table.topic, table.project == topic.c.project, table.topic > topic.c.topic)
    topic = topic.union_all(sa.select(topic.c.project, following).where(topic.c.topic.is_not(None)))
    return sa.select(topic.c.project, topic.c.topic).where(topic.c.topic.is_not(None))


_PAIRS = _distinct_pairs()


def read_greens(
    connection: Connection, filters: Filters, *, now: datetime, most: int, second: SecondApproval = NOWHERE
) -> tuple[list[OpportunityView], int]:
    """The green tweets in the list for which nothing has been chosen yet, flagged ones included; not those of which a
    reply takes a second approval: another one of the same tweet would only compete with it.

    Returns:
        At most ``most`` of them, the best, and how many there are.
    """
    opportunity = comment_opportunities.c
    query = (
        matching(connection, filters, now)
        .where(opportunity.label == GREEN, has_status(connection, "open"))
        .where(~has_status(connection, AWAITING))
        .add_columns(order_by(connection, filters.sort).label("place"), sa.func.count().over())
        .order_by(sa.desc("place"), opportunity.project, opportunity.tweet_id)
        .limit(most)
    )
    found = connection.execute(query).all()
    keys = [(row.project, row.tweet_id) for row in found]
    return read_opportunities(connection, keys, filters.sort, second=second), found[0][3] if found else 0


def still_open(connection: Connection, keys: Iterable[OpportunityKey]) -> set[OpportunityKey]:
    """Those of the tweets for which nothing has been chosen yet, and something is pending."""
    opportunity = comment_opportunities.c
    query = sa.select(opportunity.project, opportunity.tweet_id).where(
        *of_keys(connection, keys)(comment_opportunities),
        has_status(connection, "open"),
        still_there(opportunity.tweet_id),
    )
    return {(row.project, row.tweet_id) for row in connection.execute(query)}


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
