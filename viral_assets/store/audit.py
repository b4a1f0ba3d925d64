"""The audit trail: who decided what about which suggestion, and when. Entries are added together with what they are
about, in ``decision_changes``, and are never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import one_of
from viral_assets.store.conditions import same_suggestion
from viral_assets.store.suggestion_keys import SuggestionKey, key_of, tweets_by_project
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.text.cleaning import text_for_prompt
from viral_assets.vocabulary import UNDO

LONGEST_REASON = 500
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the audit.

    ``to_text`` is the text decided about; ``from_text`` differs where the decision changed it. ``version`` is the
    suggestion's after the event, ``undoes`` the event that an ``undo`` took back, ``batch`` the id of the first event
    of what was decided in one go.
    """

    id: int
    batch: int
    key: SuggestionKey
    at: datetime
    who: str
    action: str
    from_status: str
    to_status: str
    from_text: str
    to_text: str
    reason: str
    version: int
    undoes: int | None


_EVENTS = sa.select(suggestion_events)


def history(connection: sa.Connection, project: str, tweet_id: str) -> list[Event]:
    """Everything decided about the suggestions for a tweet, newest first."""
    events = suggestion_events.c
    query = _EVENTS.where(events.project == project, events.tweet_id == tweet_id).order_by(events.id.desc())
    return [_event(row) for row in connection.execute(query)]


def last_event_of(connection: sa.Connection, who: str, *, before: int | None = None) -> Event | None:
    """The newest event of ``who`` about a suggestion that is not undone and not an undo; with ``before``, the newest
    one before that. What is gone, or was written anew by a run since, is passed over: nobody could undo it."""
    events, undoing = suggestion_events.c, suggestion_events.alias("undoing")
    latest = suggestion_events.alias("latest")
    query = _EVENTS.where(
        events.who == name_of(who),
        events.action != UNDO,
        events.suggestion_type != "",
        ~sa.exists().where(undoing.c.undoes == events.id),
        sa.exists().where(
            same_suggestion(comment_suggestions, suggestion_events),
            same_suggestion(latest, suggestion_events),
            latest.c.version == comment_suggestions.c.version,
        ),
    )
    if before is not None:
        query = query.where(events.id < before)
    row = connection.execute(query.order_by(events.id.desc()).limit(1)).one_or_none()
    return None if row is None else _event(row)


def tweets_decided(connection: sa.Connection, project: str, tweet_ids: Iterable[str]) -> set[str]:
    """Those of ``tweet_ids`` about which anybody has decided anything."""
    events = suggestion_events.c
    query = sa.select(events.tweet_id).where(events.project == project).distinct()
    return set(connection.scalars(query.where(one_of(connection, events.tweet_id, list(tweet_ids)))))


def events_of(connection: sa.Connection, keys: Sequence[SuggestionKey]) -> Mapping[SuggestionKey, list[sa.Row[Any]]]:
    """The events of these suggestions, oldest first."""
    events = suggestion_events.c
    columns = ("id", "project", "tweet_id", "suggestion_type", "action", "undoes", "version", "who", "at")
    query = sa.select(*(events[name] for name in columns)).order_by(events.id)
    found: defaultdict[SuggestionKey, list[sa.Row[Any]]] = defaultdict(list)
    for project, tweet_ids in tweets_by_project(keys).items():
        of_tweets = query.where(events.project == project, one_of(connection, events.tweet_id, tweet_ids))
        for row in connection.execute(of_tweets):
            found[key_of(row)].append(row)
    return found


def next_event_ids(connection: sa.Connection, count: int) -> list[int]:
    """Ids for so many new events of the audit."""
    if connection.dialect.name == "sqlite":
        newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(suggestion_events.c.id), 0))).scalar_one()
        return list(range(newest + 1, newest + 1 + count))
    taken = sa.text("SELECT nextval(pg_get_serial_sequence('suggestion_events', 'id')) FROM generate_series(1, :count)")
    return list(connection.execute(taken, {"count": count}).scalars())


def name_of(who: str) -> str:
    """A person's name, as the audit keeps it."""
    return bounded(who, LONGEST_NAME) or "somebody"


def bounded(text: str, longest: int) -> str:
    """What a person typed, as the audit keeps it."""
    return text_for_prompt(text[: 4 * longest])[:longest].strip()


def _event(row: sa.Row[Any]) -> Event:
    return Event(
        id=row.id,
        batch=row.batch,
        key=key_of(row),
        at=row.at,
        who=row.who,
        action=row.action,
        from_status=row.from_status,
        to_status=row.to_status,
        from_text=row.to_text if row.from_text is None else row.from_text,
        to_text=row.to_text,
        reason=row.reason,
        version=row.version,
        undoes=row.undoes,
    )
