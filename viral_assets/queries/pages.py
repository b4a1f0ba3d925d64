"""What the review page reads: one page of a list of opportunities, or a single one.

A page is found by its place in the order (keyset), not by counting from the start, so that the hundredth page costs
what the first one does and nothing is shown twice when a neighbour has been decided about meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select

from viral_assets.queries.filters import BadFilterError, Filters
from viral_assets.queries.opportunities import (
    REACH_OF_ONE,
    OpportunityView,
    SortBy,
    SuggestionView,
    opportunity_details,
    opportunity_view,
    priority,
)
from viral_assets.store.conditions import between
from viral_assets.store.suggestion_status import CHOSEN
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweets
from viral_assets.vocabulary import GREEN, PENDING, REJECTED

PAGE = 20
"""Tweets on a page: some minutes of work, and little to wait for on a phone."""

Key = tuple[str, str]
"""Project and tweet id."""

_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class ReviewedSuggestion(SuggestionView):
    """A suggestion with what a decision about it needs: its version, and who decided last."""

    version: int = 0
    position: int = 0
    original_text: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None


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
    order = _order(connection, filters.sort)
    green = sa.case((comment_opportunities.c.label == GREEN, 1), else_=0)
    counted = (sa.func.count().over(), sa.func.sum(green).over())
    query = _matching(connection, filters, now).add_columns(order.label("place"), *counted)
    if after:
        value, project, tweet_id = _read_place(after, filters.sort)
        chosen = comment_opportunities.c
        later = sa.or_(chosen.project > project, sa.and_(chosen.project == project, chosen.tweet_id > tweet_id))
        bound = sa.literal(value, order.type)
        query = query.where(sa.or_(order < bound, sa.and_(order == bound, later)))
    query = query.order_by(sa.desc("place"), comment_opportunities.c.project, comment_opportunities.c.tweet_id)
    found = connection.execute(query.limit(size + 1)).all()
    shown = found[:size]
    last = _write_place(shown[-1]) if len(found) > size else ""
    rows = read_opportunities(connection, [(row.project, row.tweet_id) for row in shown], filters.sort)
    total, greens = found[0][3:] if found else (0, 0)
    return Page(tuple(rows), last, total, greens)


def read_opportunities(connection: Connection, keys: Sequence[Key], sort: str = "balanced") -> list[OpportunityView]:
    """The opportunities of these keys, in this order; those that are gone are left out."""
    if not keys:
        return []
    chosen = comment_opportunities.c
    rows = {
        (row.project, row.tweet_id): row
        for row in connection.execute(opportunity_details().where(_any_of(chosen.project, chosen.tweet_id, keys)))
    }
    suggestions = _suggestions(connection, keys)
    return [
        opportunity_view(rows[key], rank, _priority(rows[key], sort), suggestions.get(key, ()))
        for rank, key in enumerate(keys, 1)
        if key in rows
    ]


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
    """The first pending suggestion of each green tweet in the list for which nothing has been chosen yet.

    Returns:
        At most ``most`` of them, of the best tweets, and how many there are.
    """
    chosen, table = comment_opportunities.c, comment_suggestions.c
    query = (
        _matching(connection, filters, now)
        .where(chosen.label == GREEN, _standing(connection, "open"))
        .add_columns(_order(connection, filters.sort).label("place"), sa.func.count().over())
        .order_by(sa.desc("place"), chosen.project, chosen.tweet_id)
        .limit(most)
    )
    found = connection.execute(query).all()
    first: dict[Key, Candidate] = {}
    keys = [(row.project, row.tweet_id) for row in found]
    for at in range(0, len(keys), 200):
        rows = connection.execute(
            sa.select(table.project, table.tweet_id, table.suggestion_type, table.version)
            .where(_any_of(table.project, table.tweet_id, keys[at : at + 200]), table.status == PENDING)
            .order_by(table.position, table.suggestion_type)
        )
        for row in rows:
            first.setdefault((row.project, row.tweet_id), Candidate(*row))
    return [first[key] for key in keys if key in first], found[0][3] if found else 0


def _matching(connection: Connection, filters: Filters, now: datetime) -> Select[Any]:
    chosen = comment_opportunities.c
    query = sa.select(chosen.project, chosen.tweet_id).join_from(
        comment_opportunities, tweets, tweets.c.tweet_id == chosen.tweet_id
    )
    for column, value in ((chosen.project, filters.project), (chosen.label, filters.label)):
        if value:
            query = query.where(column == value)
    if filters.topic:
        query = query.where(chosen.topic == filters.topic)
    first, last = filters.between(now)
    query = query.where(*between(comment_opportunities, first, last))
    if filters.status != "all":
        query = query.where(_standing(connection, filters.status))
    if filters.search:
        query = query.where(_contains(connection, filters.search))
    return query


def _standing(connection: Connection, status: str) -> ColumnElement[bool]:
    """How far a person has come with the tweet."""
    chosen, table = comment_opportunities.c, comment_suggestions.c
    of_the_tweet = sa.and_(table.project == chosen.project, table.tweet_id == chosen.tweet_id)

    def some(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return sa.exists().where(of_the_tweet, condition).correlate(comment_opportunities)

    if status == "none":
        return ~some(sa.true())
    if status != "open":
        # An index leads from the few suggestions of a status to their tweets.
        return sa.tuple_(chosen.project, chosen.tweet_id).in_(
            sa.select(table.project, table.tweet_id).where(table.status == status)
        )
    if connection.dialect.name == "postgresql":
        return some(table.status == PENDING) & ~some(table.status.in_(CHOSEN))
    # The same in one look instead of two, which is what SQLite is faster with (and PostgreSQL slower).
    standing = sa.case((table.status == PENDING, 1), (table.status == REJECTED, 0), else_=2)
    return sa.select(sa.func.max(standing)).where(of_the_tweet).correlate(comment_opportunities).scalar_subquery() == 1


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


def _order(connection: Connection, sort: str) -> ColumnElement[Any]:
    """What the list is sorted by, the greatest first; agrees with
    :func:`~viral_assets.queries.opportunities.priority`.
    """
    total = comment_opportunities.c.total
    match sort:
        case "score":
            return total
        case "views":
            return sa.func.coalesce(tweets.c.view_count, 0)
        case "age":
            return tweets.c.created_at
    audience = sa.func.coalesce(tweets.c.view_count, tweets.c.author_followers, 0)
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


def _write_place(row: Row[Any]) -> str:
    value = row.place.astimezone(UTC).isoformat() if isinstance(row.place, datetime) else row.place
    told = json.dumps([value, row.project, row.tweet_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read_place(after: str, sort: str) -> tuple[Any, str, str]:
    try:
        told = json.loads(base64.urlsafe_b64decode(after[:400] + "=" * (-len(after[:400]) % 4)))
        value, project, tweet_id = told
        if not isinstance(project, str) or not isinstance(tweet_id, str):
            raise TypeError
        place = _instant(value) if sort == "age" else int(value) if sort == "views" else _finite(value)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise BadFilterError("this is no place in the list; begin with its first page") from None
    return place, project.replace("\x00", ""), tweet_id.replace("\x00", "")


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError
    return instant


def _finite(value: Any) -> float:
    if not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _any_of(project: ColumnElement[str], tweet_id: ColumnElement[str], keys: Sequence[Key]) -> ColumnElement[bool]:
    by_project: defaultdict[str, list[str]] = defaultdict(list)
    for name, of_tweet in keys:
        by_project[name].append(of_tweet)
    return sa.or_(*(sa.and_(project == name, tweet_id.in_(ids)) for name, ids in by_project.items()))


def _suggestions(connection: Connection, keys: Sequence[Key]) -> Mapping[Key, Sequence[ReviewedSuggestion]]:
    """In the order of the project file, whatever was decided: the keys 1 to 5 go on meaning the same."""
    table = comment_suggestions.c
    query = (
        sa.select(
            table.project,
            table.tweet_id,
            table.suggestion_type.label("type_name"),
            *(table[name] for name in _SUGGESTION_COLUMNS),
        )
        .where(_any_of(table.project, table.tweet_id, keys))
        .order_by(table.position, table.suggestion_type)
    )
    grouped: defaultdict[Key, list[ReviewedSuggestion]] = defaultdict(list)
    for project, tweet_id, type_name, *rest in connection.execute(query):
        grouped[project, tweet_id].append(
            ReviewedSuggestion(type_name=type_name, **dict(zip(_SUGGESTION_COLUMNS, rest, strict=True)))
        )
    return grouped


_SUGGESTION_COLUMNS = (
    "text",
    "weighted_length",
    "status",
    "provider",
    "model",
    "version",
    "position",
    "original_text",
    "decided_at",
    "decided_by",
)


def _priority(row: Row[Any], sort: str) -> float:
    by: SortBy = "score" if sort == "score" else "balanced"
    return priority(by, total=row.total, views=row.view_count, followers=row.author_followers)
