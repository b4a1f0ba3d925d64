"""Tweets whose ids look rounded, held back until their neighbours tell whether they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers.fields import ROUNDED_ID
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.rounded_ids import Rounding, is_rounded, may_be_rounded, roundings_in
from viral_assets.sources.tweet import Tweet


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A tweet whose id looks rounded, and what its reject would have: where it is, and its text when it is wanted."""

    tweet: Tweet
    locator: str
    raw: Callable[[], str]


Candidate: TypeAlias = Record | Doubtful


def doubted(record: Record, locator: str, value: Any) -> Candidate:
    """The record of a value of JSON, to be doubted if its id looks rounded."""
    if isinstance(record, Reject) or not may_be_rounded(record.tweet_id):
        return record
    identity = record.tweet_id
    return Doubtful(record, f"{locator}, tweet {identity}", lambda: raw_json(piece_with(value, identity) or value))


def piece_with(value: Any, identity: str, depth: int = 40) -> dict[str, Any] | None:
    """The innermost object with this id in a value of JSON; None where none has it."""
    if depth == 0 or not isinstance(value, dict | list):
        return None
    for inside in value.values() if isinstance(value, dict) else value:
        if found := piece_with(inside, identity, depth - 1):
            return found
    if isinstance(value, dict) and any(str(value.get(key)) == identity for key in ("id_str", "id", "tweet_id")):
        return value
    return None


class DoubtfulIds:
    """Decides about the tweets of one file that were held back; what it has learnt of the file stays."""

    def __init__(self) -> None:
        self._roundings: frozenset[Rounding] = frozenset()

    def settled(self, batch: Sequence[Candidate]) -> list[Record]:
        """The records, those with rounded ids as rejects."""
        if any(isinstance(each, Doubtful) for each in batch):
            self._roundings |= roundings_in(_identity(each) for each in batch if not isinstance(each, Reject))
        return [self._settled(each) if isinstance(each, Doubtful) else each for each in batch]

    def _settled(self, doubtful: Doubtful) -> Record:
        tweet = doubtful.tweet
        if not is_rounded(tweet.tweet_id, self._roundings):
            return tweet
        kept = " and ".join(sorted(rounding.value for rounding in self._roundings))
        return Reject(
            doubtful.locator,
            ROUNDED_ID,
            f"{tweet.tweet_id} was rounded by a program ({kept}), as others of this file were; export ids as text",
            doubtful.raw(),
        )


def _identity(record: Tweet | Doubtful) -> str:
    return record.tweet.tweet_id if isinstance(record, Doubtful) else record.tweet_id
