"""The list of the review page in SQL: what its filters ask for, and what it is sorted by."""

from __future__ import annotations

import math
import sqlite3
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from viral_assets.queries.filters import Filters
from viral_assets.queries.sort_keys import REACH_OF_ONE
from viral_assets.store.conditions import between
from viral_assets.store.gone import still_there
from viral_assets.store.suggestion_status import CHOSEN
from viral_assets.store.tables import assignments, comment_opportunities, comment_suggestions, people, tweets
from viral_assets.text.names import name_key
from viral_assets.vocabulary import AWAITING, PENDING, REJECTED, UNKNOWN_AUDIENCE

UNDECIDED = (PENDING, AWAITING)
"""Statuses of suggestions that somebody has to decide about; after one approval another person has to."""

_ESCAPE = "\\"


def matching(connection: Connection, filters: Filters, now: datetime) -> Select[Any]:
    opportunity = comment_opportunities.c
    query = sa.select(opportunity.project, opportunity.tweet_id).join_from(
        comment_opportunities, tweets, tweets.c.tweet_id == opportunity.tweet_id
    )
    query = query.where(still_there(opportunity.tweet_id))
    if filters.label:
        query = query.where(opportunity.label == filters.label)
    if filters.topic:
        query = query.where(opportunity.topic == filters.topic)
    first, last = filters.between(now)
    query = query.where(*between(comment_opportunities, first, last, filters.project or None))
    if filters.status != "all":
        query = query.where(has_status(connection, filters.status, leads=first is None))
    if filters.assigned:
        query = query.where(_is_left_to(filters))
    if filters.search:
        query = query.where(_contains(connection, filters.search))
    return query


def has_status(connection: Connection, status: str, *, leads: bool = False) -> ColumnElement[bool]:
    """How far a person has come with the tweet.

    Args:
        leads: whether the statement has nothing better than this to find its tweets by.
    """
    opportunity, table = comment_opportunities.c, comment_suggestions.c
    of_the_tweet = sa.and_(table.project == opportunity.project, table.tweet_id == opportunity.tweet_id)

    def some(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return sa.exists().where(of_the_tweet, condition).correlate(comment_opportunities)

    def among_all(*statuses: str) -> ColumnElement[bool]:
        # An index leads from the suggestions of a status to their tweets.
        with_one = sa.select(table.project, table.tweet_id).where(table.status.in_(statuses))
        return sa.tuple_(opportunity.project, opportunity.tweet_id).in_(with_one)

    if status == "none":
        return ~some(sa.true())
    if status != "open":
        return among_all(status) if leads else some(table.status == status)
    if connection.dialect.name == "postgresql":
        return some(table.status.in_(UNDECIDED)) & ~some(table.status.in_(CHOSEN))
    # The same in one subquery instead of two, which is what SQLite is faster with (and PostgreSQL slower).
    openness = sa.case((table.status.in_(UNDECIDED), 1), (table.status == REJECTED, 0), else_=2)
    of_all = sa.select(sa.func.max(openness)).where(of_the_tweet).correlate(comment_opportunities).scalar_subquery()
    return sa.and_(among_all(*UNDECIDED), of_all == 1) if leads else of_all == 1


def _is_left_to(filters: Filters) -> ColumnElement[bool]:
    """To whoever looks, or to nobody."""
    opportunity, assigned = comment_opportunities.c, assignments.c
    of_the_tweet = assigned.project == opportunity.project, assigned.tweet_id == opportunity.tweet_id
    if filters.assigned == "mine":
        return sa.exists().where(*of_the_tweet, assigned.name_key == name_key(filters.me))
    # What was left to somebody who is not on the list any more would wait for ever.
    still_listed = people.c.name_key == assigned.name_key
    return ~sa.exists().where(*of_the_tweet, still_listed)


def _contains(connection: Connection, search: str) -> ColumnElement[bool]:
    """Every word of the search is in the tweet, its author or its topic (its suggestions would take thrice as long)."""

    def has(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
        # Other letters than ASCII's match as they were typed, in small and in capital letters.
        forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
        if connection.dialect.name == "postgresql":
            # Case by the rules of a language takes PostgreSQL four times as long; SQLite's LIKE knows only ASCII's too.
            column = column.collate("C")
            return sa.or_(*(column.ilike(f"%{_literal(form)}%", escape=_ESCAPE) for form in sorted(forms)))
        return sa.or_(*(column.like(f"%{_literal(form)}%", escape=_ESCAPE) for form in sorted(forms)))

    def anywhere(word: str) -> ColumnElement[bool]:
        bare = word.removeprefix("@") or word
        return sa.or_(
            has(tweets.c.text, word),
            has(tweets.c.author_handle, bare),
            has(tweets.c.author_name, word),
            has(comment_opportunities.c.topic, word),
            tweets.c.tweet_id == word,
        )

    return sa.and_(*(anywhere(word) for word in search.split()[:8]))


def _literal(word: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        word = word.replace(special, _ESCAPE + special)
    return word


def order_by(connection: Connection, sort: str) -> ColumnElement[Any]:
    """What the list is sorted by, the greatest first; agrees with
    :func:`~viral_assets.queries.sort_keys.priority`.
    """
    total = comment_opportunities.c.total
    match sort:
        case "score":
            return total
        case "views":
            return sa.func.coalesce(tweets.c.view_count, 0)
        case "age":
            return tweets.c.created_at
    audience = sa.func.coalesce(tweets.c.view_count, tweets.c.author_followers, UNKNOWN_AUDIENCE)
    logarithm: ColumnElement[float] = sa.func.ln(sa.cast(1 + audience, sa.Double), type_=sa.Double())
    reach = logarithm / sa.literal(math.log(REACH_OF_ONE), sa.Double())
    if connection.dialect.name == "postgresql":
        return total * sa.func.least(sa.literal(1.0, sa.Double()), reach, type_=sa.Double())
    _teach_logarithm(connection)
    return total * sa.func.min(sa.literal(1.0, sa.Double()), reach, type_=sa.Double())


def _teach_logarithm(connection: Connection) -> None:
    """Some builds of SQLite come without mathematical functions."""
    driver: Any = connection.connection.driver_connection
    if not connection.connection.info.get("knows_ln"):
        try:
            driver.execute("SELECT ln(1.0)")
        except sqlite3.OperationalError:
            driver.create_function("ln", 1, lambda value: math.log(value) if value > 0 else None, deterministic=True)
        connection.connection.info["knows_ln"] = True
