"""What an author was told before, by the same project: shown beside the tweet that might be answered now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from viral_assets.queries.opportunity_view import Contact
from viral_assets.store.bulk import one_of
from viral_assets.store.conditions import STANDS_APPROVED
from viral_assets.store.tables import comment_opportunities, comment_suggestions

MEMORY = timedelta(days=60)
"""How long before a tweet a reply may lie to be worth mentioning beside it."""


class OfAuthor(Protocol):
    """A tweet that might be answered."""

    @property
    def project(self) -> str: ...
    @property
    def tweet_id(self) -> str: ...
    @property
    def window_start(self) -> datetime: ...
    @property
    def author_id(self) -> str | None: ...
    @property
    def author_handle(self) -> str: ...


def read_contacts(connection: sa.Connection, tweets: Sequence[OfAuthor]) -> list[tuple[Contact, ...]]:
    """What the author of each tweet was told from :data:`MEMORY` before its hour on: replies to the author's other
    tweets that a person stands behind, the latest first.

    Authors are found by id, and by handle where one of the two tweets does not know the id.
    """
    by_project: defaultdict[str, list[OfAuthor]] = defaultdict(list)
    for tweet in tweets:
        by_project[tweet.project].append(tweet)
    told = {project: _told(connection, project, of_project) for project, of_project in by_project.items()}
    return [told[tweet.project].before(tweet) for tweet in tweets]


class _Told:
    """What the authors of one project were told.

    Args:
        opportunities: of these authors: tweet_id, from_id and from_handle; the same one maybe twice.
        replies: the latest reply to each tweet that has one.
    """

    def __init__(self, opportunities: Iterable[sa.Row[Any]], replies: Mapping[str, Contact]) -> None:
        self._by_id: defaultdict[str, set[Contact]] = defaultdict(set)
        self._by_handle: defaultdict[str, set[Contact]] = defaultdict(set)
        self._with_id: set[Contact] = set()
        for row in opportunities:
            reply = replies.get(row.tweet_id)
            if reply is None:
                continue
            if row.from_id:
                self._by_id[row.from_id].add(reply)
                self._with_id.add(reply)
            if row.from_handle:
                self._by_handle[row.from_handle].add(reply)

    def before(self, view: OfAuthor) -> tuple[Contact, ...]:
        if not self._by_id and not self._by_handle:
            return ()
        author_id, handle = _author(view)
        found = self._by_handle.get(handle, set())
        if author_id:
            found = self._by_id.get(author_id, set()) | (found - self._with_id)
        since = view.window_start - MEMORY
        replies = (reply for reply in found if reply.tweet_id != view.tweet_id and reply.decided_at >= since)
        return tuple(sorted(replies, key=lambda reply: (reply.decided_at, reply.tweet_id), reverse=True))


def _told(connection: sa.Connection, project: str, views: Sequence[OfAuthor]) -> _Told:
    # By author and then by tweet, each in a statement of its own: joined, a database may go through all that was
    # decided in the time.
    table = comment_opportunities.c
    authors = [_author(view) for view in views]
    query = sa.select(table.tweet_id, table.from_id, table.from_handle).where(table.project == project)
    opportunities: list[sa.Row[Any]] = []
    for column, known in (
        (table.from_id, {author_id for author_id, _ in authors if author_id}),
        (table.from_handle, {handle for _, handle in authors if handle}),
    ):
        if known:
            opportunities += connection.execute(query.where(one_of(connection, column, sorted(known))))
    replies = _latest_replies(connection, project, sorted({row.tweet_id for row in opportunities}))
    return _Told(opportunities, replies)


def _latest_replies(connection: sa.Connection, project: str, tweet_ids: Sequence[str]) -> dict[str, Contact]:
    table = comment_suggestions.c
    query = (
        sa.select(table.tweet_id, table.text, table.status, table.decided_at)
        .where(table.project == project, one_of(connection, table.tweet_id, tweet_ids), STANDS_APPROVED)
        .order_by(table.decided_at)
    )
    # Not a condition of the statement: it would have SQLite go through all that was ever decided.
    return {row.tweet_id: Contact(*row) for row in connection.execute(query) if row.decided_at is not None}


def _author(view: OfAuthor) -> tuple[str, str]:
    """Id and handle as an opportunity has them; empty where unknown."""
    return (view.author_id or "").strip(), view.author_handle.strip().lstrip("@").lower()
