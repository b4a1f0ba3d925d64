"""Taking decisions back. A decision is undone only as long as nothing else has happened to its suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.audit import events_of
from viral_assets.store.decision_changes import BATCH, Decided, undone, write
from viral_assets.store.revision_rows import offer_again, taken_before
from viral_assets.store.suggestion_keys import SuggestionKey, key_of
from viral_assets.store.suggestion_locks import NotAllowed, conflict_with, locked
from viral_assets.store.tables import suggestion_events
from viral_assets.vocabulary import REVISION_ACTIONS, TAKE_REVISION, UNDO


def undo(connection: sa.Connection, event_id: int, *, who: str, at: datetime) -> Decided:
    """Take a decision back: status, text and who had decided before are as they were. The undo is an event too.

    Raises:
        Conflict: something has happened to the suggestion since, an undo of the same event included.
        NotAllowed: there is no such event, it is an undo itself, or the suggestion is gone.
    """
    event = connection.execute(sa.select(suggestion_events).where(suggestion_events.c.id == event_id)).one_or_none()
    if event is None:
        raise NotAllowed("there is nothing to undo")
    if event.action == UNDO:
        raise NotAllowed("an undo cannot be undone; decide again instead")
    key = key_of(event)
    row = locked(connection, [key]).get(key)
    if row is None:
        raise NotAllowed("there is no such suggestion any more: a later run has removed it; load the page again")
    if not _stands(events_of(connection, [key])[key], event_id, row.version):
        raise conflict_with(connection, row)
    change = undone(row, event)
    if event.action in REVISION_ACTIONS:
        if event.action == TAKE_REVISION:
            change.revision = taken_before(connection, event)
        offer_again(connection, event)
    return write(connection, [change], who, at, "")[0]


def undo_batch(
    connection: sa.Connection, batch: int, *, who: str, at: datetime
) -> tuple[list[Decided], list[SuggestionKey]]:
    """Take back everything that was decided in one go (:attr:`Event.batch`).

    Returns:
        What was undone, and the keys of what was left alone because something has happened to it since.
    """
    events = suggestion_events.c
    query = (
        sa.select(suggestion_events)
        .where(events.id >= batch, events.batch == batch, events.action != UNDO)
        .order_by(events.project, events.tweet_id, events.suggestion_type)
    )
    found = connection.execute(query).all()
    decided: list[Decided] = []
    left: list[SuggestionKey] = []
    for start in range(0, len(found), BATCH):
        by_key = {key_of(event): event for event in found[start : start + BATCH]}
        rows, histories = locked(connection, list(by_key)), events_of(connection, list(by_key))
        changes = []
        for key, event in by_key.items():
            row = rows.get(key)
            if row is not None and _stands(histories[key], event.id, row.version):
                changes.append(undone(row, event))
            else:
                left.append(key)
        decided += write(connection, changes, who, at, "", batch=decided[0].event_id if decided else None)
    return decided, left


def _stands(events: Sequence[sa.Row[Any]], event_id: int, version: int) -> bool:
    """Whether ``event_id`` is what the suggestion is because of: the last event of it but for those undone, and no
    run has written it anew since."""
    undone = {event.undoes for event in events}
    standing = [event.id for event in events if event.action != UNDO and event.id not in undone]
    return bool(standing) and standing[-1] == event_id and events[-1].version == version
