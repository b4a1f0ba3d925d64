"""Decisions about suggestions by the request that wrote them, counted by the database. What is counted, and what the
counts mean, is in ``packing_model``.

The work is bounded by the suggestions for the tweets of the hours: their requests are found by key, whatever else the
ledger holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.queries.packing_model import (
    ALONE,
    BY_SIZE,
    BY_THIRD,
    LEAST_FOR_THIRDS,
    SIZES,
    THIRDS,
    UNPLACED,
    Cells,
    DecisionSums,
    PackReport,
    report_of,
)
from viral_assets.queries.tally import Counted
from viral_assets.store.conditions import STANDS_APPROVED, between, of_hours
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets.vocabulary import OFFLINE, REJECTED

_COUNTS = ("approved", "edited", "decided")


def read_packs(
    connection: sa.Connection,
    start: datetime,
    end: datetime | None,
    project: str | None = None,
    *,
    asked_once: bool = False,
) -> PackReport:
    """The decisions about suggestions for tweets posted from ``start`` on and before ``end``.

    Args:
        project: only this one; None for all.
        asked_once: without the tweets that several requests of a run were about. Those were hard to answer, and came
            into smaller requests for it, which would look worse than they are.
    """
    conditions = _decided(between(comment_suggestions, start, end, project), asked_once=asked_once)
    sizes, unknown = _cells(connection, _added_up(_by_size(conditions)))
    thirds, _ = _cells(connection, _added_up(_by_third(connection, conditions)))
    return report_of(sizes, thirds, unknown)


def count_packs(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """The decisions about suggestions for tweets of each hour, as numbers that can be added to those of other hours.

    Requests about one tweet are added up. One about several may have tweets of other hours, and how alike its
    suggestions are decided about shows where all of them are together: each has numbers of its own.
    """
    conditions = _decided(of_hours(comment_suggestions, hours), asked_once=False)
    by = (comment_suggestions.c.window_start, comment_suggestions.c.project)
    sizes = _by_size(conditions, *by)
    alone = _added_up(sizes, *(sizes.c[column.name] for column in by)).where(sa.func.coalesce(sizes.c.tweets, 0) <= 1)
    for hour, project, model, index, *sums in connection.execute(alone):
        # PostgreSQL adds up to a Decimal.
        judged = DecisionSums(*(int(each or 0) for each in sums))
        if index is None:
            yield hour, (UNPLACED, project), judged.decided
        else:
            yield from ((hour, (ALONE, project, model, name), getattr(judged, name)) for name in _ADDED)
    for word, requests in ((BY_SIZE, sizes), (BY_THIRD, _by_third(connection, conditions, *by))):
        of = requests.c
        columns = (of.window_start, of.project, of.model, of.index, of.request_id, of.tweets)
        shared = sa.select(*columns, *(of[name] for name in _COUNTS)).where(of.tweets > 1)
        for hour, project, model, index, request, tweets, *counts in connection.execute(shared):
            names = (word, project, model, str(index), request, str(tweets))
            yield from ((hour, (*names, name), int(count)) for name, count in zip(_COUNTS, counts, strict=True))


_ADDED = tuple(each.name for each in fields(DecisionSums) if each.name != "largest")


def _decided(these: Sequence[sa.ColumnElement[bool]], *, asked_once: bool) -> list[sa.ColumnElement[bool]]:
    """Suggestions of a language model that a person has approved or rejected."""
    written, ended = comment_suggestions.c, generation_outcomes.c
    conditions = [
        *these,
        written.provider != OFFLINE,
        # What another request made of it says nothing about the one that wrote it first.
        written.revised_text.is_(None),
        # By hours: as conditions on the status, SQLite would go through its index, over all hours there are.
        sa.case((STANDS_APPROVED, 1), (written.status == REJECTED, 1), else_=0) == 1,
    ]
    if asked_once:
        asked = sa.exists().where(ended.project == written.project, ended.tweet_id == written.tweet_id)
        conditions.append(asked.where(ended.attempts == 1))
    return conditions


def _counted(conditions: list[sa.ColumnElement[bool]], *by: sa.ColumnElement[Any]) -> sa.Subquery:
    """The decisions, added up by these columns, and the model that was asked."""
    written = comment_suggestions.c
    flags = {
        "approved": STANDS_APPROVED,
        # Whatever became of it afterwards, a text of its own is what a person has changed.
        "edited": sa.and_(STANDS_APPROVED, written.original_text.is_not(None)),
        "decided": sa.true(),
    }
    sums = [sa.func.sum(sa.case((flag, 1), else_=0)).label(name) for name, flag in flags.items()]
    query = sa.select(*by, sa.func.min(written.model).label("model"), *sums).where(*conditions).group_by(*by)
    return query.subquery()


def _by_size(conditions: list[sa.ColumnElement[bool]], *also_by: sa.ColumnElement[Any]) -> sa.Subquery:
    """A row for each request."""
    each, asked = _counted(conditions, comment_suggestions.c.request_id, *also_by), llm_requests.c
    tweets = sa.func.json_array_length(asked.tweet_ids, type_=sa.Integer)
    index = sa.case(
        *((tweets >= group.least, number) for number, group in reversed(list(enumerate(SIZES)))), else_=None
    )
    return (
        sa.select(
            *(each.c[column.name] for column in (comment_suggestions.c.request_id, *also_by)),
            sa.func.coalesce(asked.model_version, each.c.model).label("model"),
            index.label("index"),
            tweets.label("tweets"),
            *(each.c[name] for name in _COUNTS),
        )
        .outerjoin_from(each, llm_requests, asked.id == each.c.request_id)
        .subquery()
    )


def _by_third(
    connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], *also_by: sa.ColumnElement[Any]
) -> sa.Subquery:
    """A row for each third of a request."""
    written, asked = comment_suggestions.c, llm_requests.c
    # Once a tweet, however many suggestions it has: its place is looked up in the list of the request.
    each = _counted(conditions, written.request_id, written.tweet_id, *also_by)
    tweets = sa.func.json_array_length(asked.tweet_ids, type_=sa.Integer)
    placed = (
        sa.select(
            *(each.c[column.name] for column in (written.request_id, *also_by)),
            sa.func.coalesce(asked.model_version, each.c.model).label("model"),
            (len(THIRDS) * _place(connection, each.c.tweet_id) // tweets).label("index"),
            tweets.label("tweets"),
            *(each.c[name] for name in _COUNTS),
        )
        .join_from(each, llm_requests, asked.id == each.c.request_id)
        .where(tweets >= LEAST_FOR_THIRDS)
        .cte("placed")
        # Else SQLite looks the place up again wherever it is mentioned.
        .prefix_with("MATERIALIZED")
    )
    by = [placed.c[name] for name in ("request_id", *(column.name for column in also_by), "model", "index")]
    return (
        sa.select(
            *by,
            sa.func.max(placed.c.tweets).label("tweets"),
            *(sa.func.sum(placed.c[name]).label(name) for name in _COUNTS),
        )
        .where(placed.c.index.is_not(None))
        .group_by(*by)
        .subquery()
    )


def _place(connection: sa.Connection, tweet_id: sa.ColumnElement[str]) -> sa.ScalarSelect[int]:
    """Where a request names the tweet, counted from 0; null where it does not."""
    listed, value = llm_requests.c.tweet_ids, sa.column("value", sa.String)
    if connection.dialect.name == "sqlite":
        named = sa.func.json_each(listed).table_valued(value, sa.column("key", sa.Integer), name="named")
        place: sa.ColumnElement[int] = named.c.key
    else:
        named = sa.func.json_array_elements_text(listed).table_valued(value, with_ordinality="number", name="named")
        named = named.render_derived()
        place = named.c.number - 1
    query = sa.select(place).where(named.c.value == tweet_id).limit(1)
    return query.correlate_except(named).scalar_subquery()


def _added_up(requests: sa.Subquery, *also_by: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """From a row a request to a row for each model and index, with the sums of :class:`DecisionSums` in their order."""
    of = requests.c
    products = (of.approved * of.approved, of.approved * of.decided, of.decided * of.decided)
    by = (*also_by, of.model, of.index)
    return sa.select(
        *by,
        sa.func.count(),
        *(sa.func.sum(each) for each in (of.approved, of.decided, of.edited)),
        sa.func.max(of.tweets),
        *(sa.func.sum(each) for each in products),
    ).group_by(*by)


def _cells(connection: sa.Connection, query: sa.Select[Any]) -> tuple[Cells, int]:
    """The rows, and how many decisions belong to no index."""
    cells: dict[tuple[str, int], DecisionSums] = {}
    unknown = 0
    for model, index, *sums in connection.execute(query):
        # PostgreSQL adds up to a Decimal.
        judged = DecisionSums(*(int(each or 0) for each in sums))
        if index is None:
            unknown += judged.decided
        else:
            cells[model, int(index)] = judged
    return cells, unknown
