"""What becomes of suggestions by a decision, and writing it down: their rows and the audit, always together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.audit import LONGEST_REASON, bounded, name_of, next_event_ids
from viral_assets.store.bulk import insert_columns, update_columns
from viral_assets.store.suggestion_keys import SuggestionKey, key_of
from viral_assets.store.suggestion_locks import NotAllowed
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.x_rules import POST_WEIGHT, text_weight
from viral_assets.vocabulary import UNDO

BATCH = 5_000
"""Suggestions looked at and written together: what bounds the memory of a decision about many."""

LONGEST_DRAFT = 4_000
"""Characters above which a text is refused without measuring it: only absurdly long links could make up for it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A suggestion after a decision; ``event_id`` is what :func:`undo` wants."""

    key: SuggestionKey
    status: str
    text: str
    weighted_length: int
    version: int
    event_id: int


@dataclass(slots=True)
class Change:
    """A suggestion's row before, and what is to become of it. Not frozen: many are made, and making those is slow."""

    row: sa.Row[Any]
    action: str
    status: str
    text: str
    decided_at: datetime | None
    decided_by: str | None
    undoes: int | None = None
    revision: tuple[str | None, str | None] | None = None
    """The one that stands then and the model that wrote it; None where that does not change."""

    @property
    def revised(self) -> tuple[str | None, str | None]:
        return self.revision or (self.row.revised_text, self.row.revised_by)

    @property
    def model_text(self) -> str:
        return model_text_of(self.row)


def changed(row: sa.Row[Any], action: str, status: str, *, who: str, at: datetime, text: str | None = None) -> Change:
    match action:
        case "export":  # hands over what was decided, or not
            return Change(row, action, status, row.text, row.decided_at, row.decided_by)
        case "reopen":  # nobody stands behind it any more, so it says again what a model wrote
            return Change(row, action, status, row.revised_text or model_text_of(row), None, None)
    return Change(row, action, status, row.text if text is None else text, at, name_of(who))


def undone(row: sa.Row[Any], event: sa.Row[Any]) -> Change:
    text = event.to_text if event.from_text is None else event.from_text
    return Change(row, UNDO, event.from_status, text, event.from_decided_at, event.from_decided_by, event.id)


def model_text_of(row: sa.Row[Any]) -> str:
    text: str = row.text if row.original_text is None else row.original_text
    return text


def checked_text(text: str) -> str:
    written = persons_reply(text) if len(text) <= LONGEST_DRAFT else text
    if not written:
        raise NotAllowed("the reply is empty; reject the suggestion instead")
    length = text_weight(written) if len(written) <= LONGEST_DRAFT else len(written)
    if length > POST_WEIGHT:
        raise NotAllowed(f"the reply has {length:,} weighted characters and X takes {POST_WEIGHT}; shorten it")
    return written


def write(
    connection: sa.Connection,
    changes: Sequence[Change],
    who: str,
    at: datetime,
    reason: str,
    *,
    batch: int | None = None,
) -> list[Decided]:
    if not changes:
        return []
    rows = [change.row for change in changes]
    ids = next_event_ids(connection, len(changes))
    lengths = [
        change.row.weighted_length if change.text == change.row.text else text_weight(change.text) for change in changes
    ]
    key = {name: [getattr(row, name) for row in rows] for name in ("project", "tweet_id", "suggestion_type")}
    versions = [row.version + 1 for row in rows]
    updated = {"status": [change.status for change in changes], "version": versions}
    if any(change.text != change.row.text for change in changes):
        updated |= {
            "text": [change.text for change in changes],
            "weighted_length": lengths,
            "original_text": [None if change.text == change.model_text else change.model_text for change in changes],
            "revised_text": [change.revised[0] for change in changes],
            "revised_by": [change.revised[1] for change in changes],
        }
    updated |= {
        "decided_at": [change.decided_at for change in changes],
        "decided_by": [change.decided_by for change in changes],
    }
    update_columns(connection, comment_suggestions, {**key, **updated})
    insert_columns(
        connection,
        suggestion_events,
        {
            "id": ids,
            "batch": [batch or ids[0]] * len(ids),
            **key,
            "at": [at] * len(ids),
            "who": [name_of(who)] * len(ids),
            "action": [change.action for change in changes],
            "from_status": [row.status for row in rows],
            "to_status": updated["status"],
            "from_text": [None if change.text == change.row.text else change.row.text for change in changes],
            "to_text": [change.text for change in changes],
            "reason": [bounded(reason, LONGEST_REASON)] * len(ids),
            "from_decided_at": [row.decided_at for row in rows],
            "from_decided_by": [row.decided_by for row in rows],
            "version": versions,
            "undoes": [change.undoes for change in changes],
        },
    )
    return [
        Decided(key_of(change.row), change.status, change.text, length, version, event_id)
        for change, length, version, event_id in zip(changes, lengths, versions, ids, strict=True)
    ]
