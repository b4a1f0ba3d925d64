"""Tweets as the table ``tweets`` has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from viral_assets.context import References
from viral_assets.sources.tweet import Tweet
from viral_assets.store.tables import tweets

Row = dict[str, Any]

_COLUMNS = tuple(column.name for column in tweets.c)


def tweet_row(tweet: Tweet) -> Row:
    """The values of one tweet by column."""
    return dict(zip(_COLUMNS, tweet, strict=False))


def references_of(posted: Iterable[Tweet]) -> list[tuple[str, datetime | None, References]]:
    """Of the tweets that refer to anything: id, when they were collected as far as that is known, and to what."""
    return [(tweet.tweet_id, tweet.collected_at, tweet.refers_to) for tweet in posted if tweet.refers_to is not None]


def tweet_columns(posted: Sequence[Tweet]) -> dict[str, list[Any]]:
    """The values of many tweets, column by column: several times faster to keep and to store than rows."""
    if not posted:
        return {name: [] for name in _COLUMNS}
    return dict(zip(_COLUMNS, map(list, zip(*posted, strict=True)), strict=False))
