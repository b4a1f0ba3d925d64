"""Decisions about suggestions by the request that wrote them, counted by the database. What is counted, and what the
counts mean, is in ``packing_model``.

The work is bounded by the suggestions for the tweets of the hours: their requests are found by key, whatever else the
ledger holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.queries.packing_model import (
    LEAST_FOR_THIRDS,
    SIZES,
    THIRDS,
    Judged,
    ModelPacks,
    PackReport,
)
from viral_assets.store.conditions import STANDS_APPROVED, between
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets.vocabulary import OFFLINE, REJECTED

_COUNTS = ("approved", "edited", "decided")

_Cells = Mapping[tuple[str, int], Judged]
"""By model and index."""


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
    conditions = _decided(start, end, project, asked_once=asked_once)
    sizes, unknown = _cells(connection, _by_size(conditions))
    thirds, _ = _cells(connection, _by_third(connection, conditions))
    found = [
        ModelPacks(
            model,
            {group: sizes[model, index] for index, group in enumerate(SIZES) if (model, index) in sizes},
            {name: thirds[model, index] for index, name in enumerate(THIRDS) if (model, index) in thirds},
        )
        for model in {model for model, _ in sizes}
    ]
    return PackReport(tuple(sorted(found, key=lambda each: (-each.total.decided, each.model))), unknown)


def _decided(
    start: datetime, end: datetime | None, project: str | None, *, asked_once: bool
) -> list[sa.ColumnElement[bool]]:
    """Suggestions of a language model that a person has approved or rejected."""
    written, ended = comment_suggestions.c, generation_outcomes.c
    conditions = [
        *between(comment_suggestions, start, end, project),
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


def _by_size(conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    each, asked = _counted(conditions, comment_suggestions.c.request_id), llm_requests.c
    tweets = sa.func.json_array_length(asked.tweet_ids, type_=sa.Integer)
    index = sa.case(
        *((tweets >= group.least, number) for number, group in reversed(list(enumerate(SIZES)))), else_=None
    )
    return _added_up(
        sa.select(
            sa.func.coalesce(asked.model_version, each.c.model).label("model"),
            index.label("index"),
            tweets.label("tweets"),
            *(each.c[name] for name in _COUNTS),
        )
        .outerjoin_from(each, llm_requests, asked.id == each.c.request_id)
        .subquery()
    )


def _by_third(connection: sa.Connection, conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    written, asked = comment_suggestions.c, llm_requests.c
    # Once a tweet, however many suggestions it has: its place is looked up in the list of the request.
    each = _counted(conditions, written.request_id, written.tweet_id)
    tweets = sa.func.json_array_length(asked.tweet_ids, type_=sa.Integer)
    placed = (
        sa.select(
            each.c.request_id,
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
    of_request = (
        sa.select(
            placed.c.model,
            placed.c.index,
            sa.func.max(placed.c.tweets).label("tweets"),
            *(sa.func.sum(placed.c[name]).label(name) for name in _COUNTS),
        )
        .where(placed.c.index.is_not(None))
        .group_by(placed.c.request_id, placed.c.model, placed.c.index)
        .subquery()
    )
    return _added_up(of_request)


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


def _added_up(requests: sa.Subquery) -> sa.Select[Any]:
    """From a row a request to a row for each model and index, with the sums of :class:`Judged` in their order."""
    of = requests.c
    products = (of.approved * of.approved, of.approved * of.decided, of.decided * of.decided)
    return sa.select(
        of.model,
        of.index,
        sa.func.count(),
        *(sa.func.sum(each) for each in (of.approved, of.decided, of.edited)),
        sa.func.max(of.tweets),
        *(sa.func.sum(each) for each in products),
    ).group_by(of.model, of.index)


def _cells(connection: sa.Connection, query: sa.Select[Any]) -> tuple[_Cells, int]:
    """The rows, and how many decisions belong to no index."""
    cells: dict[tuple[str, int], Judged] = {}
    unknown = 0
    for model, index, *sums in connection.execute(query):
        # PostgreSQL adds up to a Decimal.
        judged = Judged(*(int(each or 0) for each in sums))
        if index is None:
            unknown += judged.decided
        else:
            cells[model, int(index)] = judged
    return cells, unknown
