"""What the columns of the assets' tables mean and where their values come from, as the Dagster UI shows it. Types and
constraints are those of ``store.tables``; how a table is described to Dagster is in ``display``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

TWEET_COLUMNS = {
    "tweet_id": "X's id of the tweet",
    "created_at": "when the tweet was posted",
    "author_id": "X's id of the author",
    "author_handle": "the author's handle, without the @",
    "author_name": "the name the author goes by",
    "author_followers": "followers of the author; empty where the source does not say",
    "author_verified": "whether X marks the account as verified",
    "text": "the whole text, with entities like &amp; resolved",
    "text_sha256": "hash of the text, by which its embedding is found",
    "lang": "language as X or the source says; empty where it does not",
    "is_retweet": "a retweet of somebody else's tweet",
    "is_reply": "an answer to another tweet",
    "is_quote": "quotes another tweet",
    "is_promoted": "somebody paid to have it shown where it was found; most sources do not say so",
    "like_count": "likes when the counts were seen; empty where the source does not say",
    "reply_count": "replies when the counts were seen; empty where the source does not say",
    "retweet_count": "retweets when the counts were seen; empty where the source does not say",
    "quote_count": "quotes when the counts were seen; empty where the source does not say",
    "view_count": "views when the counts were seen; empty where the source does not say",
    "bookmark_count": "bookmarks when the counts were seen; empty where the source does not say",
    "conversation_id": "the tweet that began the conversation",
}

SCORE_COLUMNS = {
    "velocity": "0 to 1: engagement per minute of age, for an author of that size; empty where nobody counted any",
    "relevance": "0 to 1: closeness in meaning to the best topic, and how clear that choice is",
    "openness": "0 to 1: does it ask or wonder?",
    "author_quality": "0 to 1: by the project's lists of authors",
    "total": "0 to 1: weighted mean of the four, with the project's weights",
    "label": "green, yellow or red, by the project's thresholds",
    "why": "the score in words",
}

SUGGESTION_COLUMNS = {
    "suggestion_type": "which of the project's kinds of reply it is",
    "text": "the suggested reply",
    "model": "the language model that wrote it",
    "created_at": "when the answer was read",
    "status": "what a person decided: pending, approved, edited, rejected, exported or posted",
}

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "tweets": TWEET_COLUMNS,
    "embeddings": {"text_sha256": "hash of the text"},
    "tweet_scores": SCORE_COLUMNS,
    "comment_opportunities": {
        **{name: SCORE_COLUMNS[name] for name in ("total", "label", "why")},
        "topic": "the topic of the project it is closest to",
        "from_id": "X's id of the author; empty where no source says",
        "from_handle": "the author's handle in small letters, without the @",
        "chosen_at": "when the latest run over the hour chose it",
    },
    "comment_suggestions": SUGGESTION_COLUMNS,
}
"""By table. What the table itself says of a column stands; what it leaves open is said here."""

EVERYWHERE: Mapping[str, str] = {
    "project": "name of the project",
    "tweet_id": "X's id of the tweet",
    "window_start": "hour in which the tweet was posted",
}


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The column of another asset that a value is computed or copied from."""

    asset: str
    column: str


def _same(asset: str, *columns: str) -> dict[str, list[FromColumn]]:
    return {column: [FromColumn(asset, column)] for column in columns}


def _of_tweets(*columns: str) -> list[FromColumn]:
    return [FromColumn("tweets", column) for column in columns]


LINEAGE: Mapping[str, Mapping[str, list[FromColumn]]] = {
    "embeddings": {
        "text_sha256": _of_tweets("text_sha256"),
        "vector": _of_tweets("text"),
    },
    "tweet_scores": {
        **_same("tweets", "tweet_id", "window_start"),
        "velocity": _of_tweets(
            "like_count", "reply_count", "retweet_count", "author_followers", "created_at", "collected_at"
        ),
        "relevance": [FromColumn("tweet_embeddings", "vector")],
        "topic": [FromColumn("tweet_embeddings", "vector")],
        "openness": _of_tweets("text"),
        "author_quality": _of_tweets("author_handle"),
        "gate": _of_tweets("text", "lang", "is_retweet", "is_promoted", "author_handle"),
        "unsafe": [*_of_tweets("text", "lang"), FromColumn("tweet_embeddings", "vector")],
        "flags": [*_of_tweets("text", "lang"), FromColumn("tweet_embeddings", "vector")],
    },
    "comment_opportunities": {
        **_same("tweet_scores", "project", "tweet_id", "window_start", "total", "label", "topic", "why"),
        "rank": [FromColumn("tweet_scores", "total")],
    },
    "comment_suggestions": {
        **_same("comment_opportunities", "project", "tweet_id", "window_start"),
        "text": [*_of_tweets("text"), FromColumn("comment_opportunities", "topic")],
    },
}
"""By table and column; what comes from nowhere else is left out. Dagster's open-source UI does not draw it, but its API
hands it to whoever asks, as data catalogues do.
"""


def description_of(column: sa.Column[object]) -> str | None:
    """What a column means."""
    return column.comment or DESCRIPTIONS.get(column.table.name, {}).get(column.name) or EVERYWHERE.get(column.name)
