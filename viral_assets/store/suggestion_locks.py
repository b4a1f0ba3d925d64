"""Two people at once: a decision names the ``version`` of the suggestion that was looked at, and one that has changed
since is left alone. The row is locked from reading to writing (on SQLite by the one writer there is), so of two
decisions at once exactly one wins, and whoever came second gets the first in an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ViralAssetsError
from viral_assets.store.audit import events_of
from viral_assets.store.bulk import one_of
from viral_assets.store.suggestion_keys import SuggestionKey, key_of, tweets_by_project
from viral_assets.store.suggestion_status import in_words
from viral_assets.store.tables import comment_suggestions


class Conflict(ViralAssetsError):  # noqa: N818 - the word of the field
    """The suggestion has changed since it was looked at; nothing was done.

    Args:
        status: of the suggestion now, as are ``text``, ``weighted_length`` and ``version``.
        who: changed it last; empty for a run that wrote it anew.
        at: when that was.
    """

    def __init__(
        self, key: SuggestionKey, *, status: str, text: str, weighted_length: int, version: int, who: str, at: datetime
    ) -> None:
        self.key, self.status, self.text, self.weighted_length = key, status, text, weighted_length
        self.version, self.who, self.at = version, who, at
        by = who or "a run"
        super().__init__(
            f"{by} changed this suggestion at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC and it is {in_words(status)} "
            "now; look at it again and decide"
        )


class NotAllowed(ViralAssetsError):  # noqa: N818 - the word of the field
    """The decision is not possible, whoever makes it; nothing was done. The message says why."""


def unchanged(connection: sa.Connection, key: SuggestionKey, version: int) -> sa.Row[Any]:
    """The suggestion's row as it was looked at, nobody else's to change until the transaction ends.

    Raises:
        Conflict: it has changed since.
        NotAllowed: there is no such suggestion (any more).
    """
    row = locked(connection, [key]).get(key)
    if row is None:
        raise NotAllowed("there is no such suggestion any more: a later run has removed it; load the page again")
    if row.version != version:
        raise conflict_with(connection, row)
    return row


def locked(connection: sa.Connection, keys: Sequence[SuggestionKey]) -> dict[SuggestionKey, sa.Row[Any]]:
    """The rows of these suggestions, nobody else's to change until the transaction ends; in one order, so that two of
    these never wait for each other."""
    table = comment_suggestions.c
    columns = (
        "status",
        "text",
        "weighted_length",
        "version",
        "original_text",
        "decided_at",
        "decided_by",
        "created_at",
        "revised_text",
        "revised_by",
    )
    query = (
        sa.select(table.project, table.tweet_id, table.suggestion_type, *(table[name] for name in columns))
        .order_by(table.project, table.tweet_id, table.suggestion_type)
        .with_for_update()
    )
    wanted, by_project = set(keys), tweets_by_project(keys)
    return {
        key: row
        for project, tweet_ids in by_project.items()
        for row in connection.execute(
            query.where(table.project == project, one_of(connection, table.tweet_id, tweet_ids))
        )
        if (key := SuggestionKey(*row[:3])) in wanted
    }


def conflict_with(connection: sa.Connection, row: sa.Row[Any]) -> Conflict:
    key = key_of(row)
    events = events_of(connection, [key]).get(key, [])
    decided = events[-1] if events and events[-1].version == row.version else None
    return Conflict(
        key,
        status=row.status,
        text=row.text,
        weighted_length=row.weighted_length,
        version=row.version,
        who=decided.who if decided else "",
        at=decided.at if decided else _written_at(connection, key),
    )


def _written_at(connection: sa.Connection, key: SuggestionKey) -> datetime:
    table = comment_suggestions.c
    query = sa.select(table.created_at).where(
        table.project == key.project, table.tweet_id == key.tweet_id, table.suggestion_type == key.suggestion_type
    )
    at: datetime = connection.execute(query).scalar_one()
    return at
