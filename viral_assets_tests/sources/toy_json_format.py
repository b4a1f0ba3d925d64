"""A format of JSON values in one file, as a new one would be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers.fields import UnusableError, handle, tweet_id, tweet_text
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

MAPPING = {"tweet_id": "no", "text": "says", "created_at": "at", "author_handle": "by"}


def confidence_in(value: object) -> float:
    """By a key that nothing else has."""
    return 0.85 if isinstance(value, dict) and "says" in value else 0.0


def probe(head: FileHead) -> float:
    """How sure it is that a file begins with such values."""
    return json_confidence(head, confidence_in)


class Sayings:
    """Turns parsed values into records."""

    def __init__(self, times: Times, remarks: Counter[str]) -> None:
        self._times = times

    def records(self, value: Any, locator: str) -> Iterator[Record]:
        """The record of one value."""
        try:
            yield Tweet(
                tweet_id=tweet_id(value.get("no")),
                created_at=self._times.created_at(value.get("at")),
                text=tweet_text(value.get("says")),
                author_handle=handle(value.get("by")),
            )
        except UnusableError as error:
            yield Reject(locator, error.reason, error.detail, raw_json(value))


FORMAT = JsonFormat("sayings", MAPPING, probe, confidence_in, Sayings)
