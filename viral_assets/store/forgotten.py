"""Tweets and authors that are not to be stored again, whichever file or service brings them.

What is kept of them is a hash, to know them by when they come, and how many rows went: nothing that they said, and
nothing that names them to who does not have the name already.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from viral_assets.store.bulk import in_parts, insert_ignore, one_of
from viral_assets.store.driver_values import Columns
from viral_assets.store.tables import forgotten_subjects

Kind = Literal["tweet", "author", "handle"]

Subject = tuple[Kind, str]
"""A tweet by its id, an account by its id or by its handle without the ``@``."""


def subject_hash(subject: Subject) -> str:
    """By which it is known. Handles are the same in capitals and small letters."""
    kind, name = subject
    return hashlib.sha256(f"{kind}:{name.casefold() if kind == 'handle' else name}".encode()).hexdigest()


def subject_conditions(
    connection: sa.Connection, subjects: Iterable[Subject], table: sa.Table, ids: sa.ColumnElement[str]
) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions, one after the other, that together find the rows of these tweets and authors.

    Args:
        table: of tweets or posts, with ``author_id`` and ``author_handle``.
        ids: its column of their ids.
    """
    columns: dict[Kind, sa.ColumnElement[str]] = {
        "tweet": ids,
        "author": table.c.author_id,
        "handle": sa.func.lower(table.c.author_handle),
    }
    names: dict[Kind, set[str]] = {kind: set() for kind in columns}
    for kind, name in subjects:
        names[kind].add(name.lower() if kind == "handle" else name)
    for kind, column in columns.items():
        yield from in_parts(connection, column, sorted(names[kind]))


def note_forgotten(
    connection: sa.Connection, subjects: Iterable[Subject], counts: Mapping[str, int], now: datetime
) -> None:
    """From now on they are passed over. Noted once, however often they are to be forgotten.

    Args:
        counts: rows that went, by table: what an audit may know.
    """
    rows = [
        {"sha256": subject_hash(subject), "kind": subject[0], "forgotten_at": now, "rows": dict(counts)}
        for subject in dict.fromkeys(subjects)
    ]
    insert_ignore(connection, forgotten_subjects, rows)


def forgotten(connection: sa.Connection) -> list[dict[str, Any]]:
    """All that is known to be forgotten, as it stands in the table."""
    return [dict(row._mapping) for row in connection.execute(sa.select(forgotten_subjects))]


def note_again(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put back what :func:`forgotten` gave."""
    insert_ignore(connection, forgotten_subjects, rows)


def anything_forgotten(connection: sa.Connection) -> bool:
    """Whether there is anything to know records by; mostly there is not."""
    return bool(connection.scalar(sa.select(sa.exists().select_from(forgotten_subjects))))


def forgotten_among(connection: sa.Connection, columns: Columns) -> set[int]:
    """The positions of rows of tweets that are not to be stored.

    Args:
        columns: with ``tweet_id``, ``author_id`` and ``author_handle``, equally long.
    """
    if not columns["tweet_id"] or not anything_forgotten(connection):
        return set()
    names: tuple[tuple[Kind, str], ...] = (
        ("tweet", "tweet_id"),
        ("author", "author_id"),
        ("handle", "author_handle"),
    )
    hashes = {
        kind: [subject_hash((kind, value)) if value else "" for value in columns[column]] for kind, column in names
    }
    asked = sorted({each for of_kind in hashes.values() for each in of_kind if each})
    query = sa.select(forgotten_subjects.c.sha256).where(one_of(connection, forgotten_subjects.c.sha256, asked))
    known = set(connection.scalars(query))
    return {at for of_kind in hashes.values() for at, each in enumerate(of_kind) if each in known}


def hours_of(columns: Columns, positions: Iterable[int]) -> Counter[datetime]:
    """How many of these rows each hour has."""
    hours: Sequence[Any] = columns["window_start"]
    return Counter(hours[at] for at in positions)


def forgotten_tweets(connection: sa.Connection, tweet_ids: Iterable[str]) -> set[str]:
    """Those of these tweets that are to be forgotten: a run may have had them in hand when that was said."""
    if not anything_forgotten(connection):
        return set()
    by_hash = {subject_hash(("tweet", tweet_id)): tweet_id for tweet_id in tweet_ids}
    table = forgotten_subjects.c
    query = sa.select(table.sha256).where(one_of(connection, table.sha256, sorted(by_hash)))
    return {by_hash[sha256] for sha256 in connection.scalars(query)}
