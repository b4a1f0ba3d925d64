"""Tweets as the table ``tweets`` has them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from viral_assets.sources.tweet import Tweet
from viral_assets.store.tables import tweets

Row = dict[str, Any]

_COLUMNS = tuple(column.name for column in tweets.c)
_values = attrgetter(*_COLUMNS)

_ALWAYS_NUMBERS = ("like_count", "reply_count", "retweet_count", "quote_count")
"""What the table has no unknown for: where a source does not say, it is kept as 0."""


def tweet_row(tweet: Tweet) -> Row:
    """The values of one tweet by column."""
    row = dict(zip(_COLUMNS, _values(tweet), strict=True))
    return {name: value or 0 if name in _ALWAYS_NUMBERS else value for name, value in row.items()}


def tweet_columns(posted: Sequence[Tweet]) -> dict[str, list[Any]]:
    """The values of many tweets, column by column: several times faster to keep and to store than rows."""
    if not posted:
        return {name: [] for name in _COLUMNS}
    columns = dict(zip(_COLUMNS, map(list, zip(*map(_values, posted), strict=True)), strict=True))
    return columns | {name: [value or 0 for value in columns[name]] for name in _ALWAYS_NUMBERS}
