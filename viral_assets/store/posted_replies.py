"""Replies that people posted and what they brought: rows in, rows out. Whose a reply is, is decided in ``posted``.

Nothing here is changed once it is known, but for what nobody knew: a text that no source had, and that a reply is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import in_parts, insert_ignore, serialise_writers
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import posted_replies, reply_snapshots

COUNTS = ("view_count", "like_count", "reply_count", "retweet_count", "quote_count", "bookmark_count")
"""Of a snapshot; null where nobody said."""


@dataclass(frozen=True, slots=True)
class KnownReply:
    """A reply that is stored; ``text`` is empty where no source had it."""

    reply_id: str
    key: SuggestionKey
    posted_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ReplyLook:
    """A reply, and when it was looked at last; None where never."""

    reply_id: str
    tweet_id: str
    posted_at: datetime
    last_seen_at: datetime | None


def known_replies(connection: sa.Connection, reply_ids: Iterable[str]) -> dict[str, KnownReply]:
    """Those that are stored, by id. Until the transaction ends nobody else stores any."""
    serialise_writers(connection, posted_replies)
    return {
        row.reply_id: _known(row)
        for these in in_parts(connection, posted_replies.c.reply_id, sorted(set(reply_ids)))
        for row in connection.execute(_KNOWN.where(these))
    }


def replies_to(connection: sa.Connection, tweet_ids: Iterable[str]) -> list[KnownReply]:
    """Those that are stored for these tweets."""
    return [
        _known(row)
        for these in in_parts(connection, posted_replies.c.tweet_id, sorted(set(tweet_ids)))
        for row in connection.execute(_KNOWN.where(these))
    ]


def save_replies(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store replies that are not known yet: rows of ``posted_replies``. Returns how many there were."""
    return insert_ignore(connection, posted_replies, [dict(row) for row in rows]) if rows else 0


def fill_texts(connection: sa.Connection, texts: Mapping[str, str]) -> None:
    """Keep the texts of replies, by id, of which there was none."""
    columns = posted_replies.c
    for reply_id, text in sorted(texts.items()):
        empty = sa.and_(columns.reply_id == reply_id, columns.text == "")
        connection.execute(sa.update(posted_replies).where(empty).values(text=text))


def save_snapshots(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Append what replies had brought: rows of ``reply_snapshots``. What a source has said of a reply before is not
    said again, whenever it is taken to be of. Returns how many were new."""
    if not rows:
        return 0
    seen = reply_snapshots.c
    said = {
        (row.reply_id, row.source)
        for these in in_parts(connection, seen.reply_id, sorted({row["reply_id"] for row in rows}))
        for row in connection.execute(sa.select(seen.reply_id, seen.source).where(these))
    }
    new = [dict(row) for row in rows if (row["reply_id"], row["source"]) not in said]
    return insert_ignore(connection, reply_snapshots, new) if new else 0


def looks_since(connection: sa.Connection, since: datetime) -> list[ReplyLook]:
    """The replies that were posted since then and are not known to be gone, the newest first."""
    replies, seen = posted_replies.c, reply_snapshots.c
    last = (
        sa.select(sa.func.max(seen.collected_at, type_=seen.collected_at.type))
        .where(seen.reply_id == replies.reply_id)
        .scalar_subquery()
    )
    query = (
        sa.select(replies.reply_id, replies.tweet_id, replies.posted_at, last.label("last_seen_at"))
        .where(replies.posted_at >= since, replies.gone_at.is_(None))
        .order_by(replies.posted_at.desc(), replies.reply_id)
    )
    return [ReplyLook(*row) for row in connection.execute(query)]


def answered_among(connection: sa.Connection, reply_ids: Iterable[str]) -> set[str]:
    """Those of which it is known that the author of the tweet answered."""
    seen = reply_snapshots.c
    return {
        reply_id
        for these in in_parts(connection, seen.reply_id, sorted(set(reply_ids)))
        for reply_id in connection.execute(
            sa.select(seen.reply_id).where(these, seen.author_answered.is_(True))
        ).scalars()
    }


def note_gone(connection: sa.Connection, reply_ids: Sequence[str], at: datetime) -> None:
    """X has these no more: nobody asks for them again. What they brought until then stays."""
    for these in in_parts(connection, posted_replies.c.reply_id, sorted(reply_ids)):
        connection.execute(
            sa.update(posted_replies).where(these, posted_replies.c.gone_at.is_(None)).values(gone_at=at)
        )


_KNOWN = sa.select(posted_replies)


def _known(row: sa.Row[Any]) -> KnownReply:
    return KnownReply(
        row.reply_id, SuggestionKey(row.project, row.tweet_id, row.suggestion_type), row.posted_at, row.text
    )
