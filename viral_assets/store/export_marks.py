"""Marking what was handed over. The one thing that is done to suggestions by the ten thousand and says nothing about
each of them, so it is done by the database: no row comes over the wire. What people decide is in ``decisions``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.audit import LONGEST_REASON, bounded, name_of, next_event_ids
from viral_assets.store.conditions import STANDS_APPROVED_OF_HOURS, FoundByHour
from viral_assets.store.decision_changes import BATCH
from viral_assets.store.given_rows import given_rows
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_status import after
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.vocabulary import EXPORT, EXPORTED, STATUSES

TO_EXPORT = [status for status in STATUSES if after(status, EXPORT)]
"""Statuses that can become ``exported``."""

_KEY = ("project", "tweet_id", "suggestion_type")
_GIVEN = ("id", "version", *_KEY)

HandedOver = tuple[str, str, str, int]
"""Project, tweet id and type of a suggestion, and its version when it was handed over. Not as a key: those compare
themselves a hundred times as slowly."""


def mark_exported(
    connection: sa.Connection,
    handed_over: Iterable[HandedOver],
    *,
    who: str,
    at: datetime,
    reason: str = "",
    second: SecondApproval = NOWHERE,
) -> tuple[int, list[SuggestionKey]]:
    """Mark suggestions as exported, each with an event, all as what was done in one go.

    Args:
        handed_over: of several versions of one suggestion the last counts.
        second: where the approval of two people is asked for.

    Returns:
        How many are marked, and the keys of those left alone: changed since, gone, rejected or posted, or waiting for
        the approval of two. In the order of the keys.
    """
    wanted = sorted({each[:3]: each for each in handed_over}.values())
    fixed = {"at": at, "who": name_of(who), "action": EXPORT, "to_status": EXPORTED}
    fixed |= {"reason": bounded(reason, LONGEST_REASON)}
    go: int | None = None
    left: list[SuggestionKey] = []
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        given = _given(connection, some)
        if connection.dialect.name == "postgresql":
            # Nobody else's to change until the transaction ends; in one order, so that two of these never wait for
            # each other. SQLite has one writer anyway.
            locked = sa.select(comment_suggestions.c.version).where(_as_given(given, second)).with_for_update()
            counted = sa.select(sa.func.count()).select_from(locked.order_by(*_columns(comment_suggestions)).subquery())
            connection.execute(counted)
        if connection.execute(_events(given, second, fixed, go)).rowcount < len(some):
            left += _without_event(connection, given)
        marked = {"status": EXPORTED, "version": comment_suggestions.c.version + 1}
        connection.execute(sa.update(comment_suggestions).where(_as_given(given, second)).values(marked))
        if go is None:
            noted = suggestion_events.c
            go = connection.scalar(sa.select(sa.func.min(noted.batch)).join(given, given.c.id == noted.id))
    return len(wanted) - len(left), left


def _given(connection: sa.Connection, some: Sequence[HandedOver]) -> sa.Subquery:
    """The suggestions as a table: ``id`` of the event to come, key and version."""
    ids = next_event_ids(connection, len(some))
    rows = [(id_, version, *key) for id_, (*key, version) in zip(ids, some, strict=True)]
    return given_rows(connection, suggestion_events, _GIVEN, rows)


def _columns(table: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [table.c[name] for name in _KEY]


def _as_given(given: sa.Subquery, second: SecondApproval) -> sa.ColumnElement[bool]:
    """The suggestions that are as they were given, and may be exported."""
    written = comment_suggestions.c
    same = (written[name] == given.c[name] for name in (*_KEY, "version"))
    # By their keys: by the status, SQLite would go through all rows given for each suggestion that waits.
    return sa.and_(*same, FoundByHour(written.status).in_(TO_EXPORT), *_one_is_enough(second))


def _one_is_enough(second: SecondApproval) -> list[sa.ColumnElement[bool]]:
    """The same as ``second_approval.with_two`` decides about an export."""
    if second == NOWHERE:
        return []
    return [sa.or_(STANDS_APPROVED_OF_HOURS, ~second.takes_two())]


def _events(given: sa.Subquery, second: SecondApproval, fixed: dict[str, Any], go: int | None) -> sa.Insert:
    """Their events, with the suggestions as they are before. ``go`` is the first event's id; None where that is among
    these."""
    written, events = comment_suggestions.c, suggestion_events.c
    values: dict[str, sa.ColumnElement[Any]] = {
        "id": given.c.id,
        "batch": sa.func.min(given.c.id).over() if go is None else sa.literal(go),
        **dict(zip(_KEY, _columns(given), strict=True)),
        **{name: sa.literal(value, events[name].type) for name, value in fixed.items()},
        "from_status": written.status,
        "to_text": written.text,
        "from_decided_at": written.decided_at,
        "from_decided_by": written.decided_by,
        "version": written.version + 1,
    }
    return sa.insert(suggestion_events).from_select(
        list(values), sa.select(*values.values()).where(_as_given(given, second))
    )


def _without_event(connection: sa.Connection, given: sa.Subquery) -> list[SuggestionKey]:
    noted = sa.exists().where(suggestion_events.c.id == given.c.id)
    query = sa.select(*_columns(given)).where(~noted).order_by(given.c.id)
    return [SuggestionKey(project, tweet_id, kind) for project, tweet_id, kind in connection.execute(query)]
