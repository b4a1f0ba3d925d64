"""What people made of a language model's drafts of late, with the tweets they were about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.conditions import STANDS_APPROVED
from viral_assets.store.tables import comment_suggestions, embeddings, tweets
from viral_assets.vocabulary import OFFLINE


@dataclass(frozen=True, slots=True)
class EditedReply:
    """A draft, the reply that a person made of it and stands behind, and the tweet; ``tweet_hash`` is that of its
    text."""

    draft: str
    text: str
    suggestion_type: str
    tweet_id: str
    tweet: str
    tweet_hash: str


def read_edited(connection: sa.Connection, project: str, *, since: datetime, most: int) -> list[EditedReply]:
    """Drafts that were changed by hand and decided about since, the latest ones. Those that somebody had revised are
    left out: what a model made of a wish says little of how a person writes."""
    table = comment_suggestions.c
    query = (
        sa.select(
            table.original_text, table.text, table.suggestion_type, table.tweet_id, tweets.c.text, tweets.c.text_sha256
        )
        .join_from(comment_suggestions, tweets, tweets.c.tweet_id == table.tweet_id)
        .where(
            table.project == project,
            table.decided_at >= since,
            STANDS_APPROVED,
            table.original_text != table.text,
            table.provider != OFFLINE,
            table.revised_text.is_(None),
        )
        .order_by(table.decided_at.desc(), table.tweet_id, table.suggestion_type)
        .limit(most)
    )
    return [EditedReply(*row) for row in connection.execute(query)]


def models_with_vectors(connection: sa.Connection) -> list[str]:
    """Which embedders' vectors are stored, one look at the index for each."""
    found: list[str] = []
    model = embeddings.c.model
    after: sa.ColumnElement[bool] = sa.true()
    while (following := connection.scalar(sa.select(sa.func.min(model)).where(after))) is not None:
        found.append(following)
        after = model > following
    return found
