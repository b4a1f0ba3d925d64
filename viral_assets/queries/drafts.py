"""Suggestions that a post at X may be: those for a tweet, and those of some days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import in_parts, values_of
from viral_assets.store.conditions import between
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_status import stands_approved
from viral_assets.store.tables import comment_suggestions, tweets

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A suggestion.

    Args:
        texts: what it says, and what the model wrote where a person has changed it.
        decided: a person's decision is on record; an export is none.
        window_start: the hour of its tweet, before which nobody can have posted it.
    """

    key: SuggestionKey
    status: str
    texts: tuple[str, ...]
    decided: bool
    version: int
    window_start: datetime
    decided_by: str = ""

    @property
    def stands(self) -> bool:
        """Whether a person stands behind it."""
        return stands_approved(self.status, decided=self.decided)


def drafts_for(connection: sa.Connection, tweet_ids: Iterable[str], project: str | None) -> list[Draft]:
    """All suggestions for these tweets.

    Args:
        project: only its own; None for all.
    """
    ids, table = sorted(set(tweet_ids)), comment_suggestions.c
    return [
        _draft(row)
        for name in ([project] if project is not None else list(values_of(connection, table.project)) if ids else [])
        for these in in_parts(connection, table.tweet_id, ids)
        for row in connection.execute(_DRAFTS.where(table.project == name, these))
    ]


def drafts_between(connection: sa.Connection, start: datetime, end: datetime, project: str | None) -> Iterator[Draft]:
    """All suggestions for the tweets of some hours."""
    query = _DRAFTS.where(*between(comment_suggestions, start, end, project)).execution_options(yield_per=_AT_ONCE)
    return map(_draft, connection.execute(query))


_NAMES = ("project", "tweet_id", "suggestion_type", "status", "text", "original_text", "decided_at", "decided_by")
_DRAFTS = sa.select(*(comment_suggestions.c[name] for name in (*_NAMES, "version", "window_start")))


def _draft(row: sa.Row[Any]) -> Draft:
    texts: Sequence[str] = [row.text] if row.original_text in (None, row.text) else [row.text, row.original_text]
    return Draft(
        key=SuggestionKey(row.project, row.tweet_id, row.suggestion_type),
        status=row.status,
        texts=tuple(texts),
        decided=row.decided_at is not None,
        version=row.version,
        window_start=row.window_start,
        decided_by=row.decided_by or "",
    )


def authors_of(connection: sa.Connection, tweet_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Handle, in small letters, and id of who wrote each of these tweets, of those that are stored."""
    ids, table = sorted(set(tweet_ids)), tweets.c
    query = sa.select(table.tweet_id, table.author_handle, table.author_id)
    return {
        row.tweet_id: (row.author_handle.casefold(), row.author_id)
        for these in in_parts(connection, table.tweet_id, ids)
        for row in connection.execute(query.where(these))
    }
