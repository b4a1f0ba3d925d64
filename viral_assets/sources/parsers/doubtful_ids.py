"""Tweets whose ids look rounded, held back until what stands beside them tells whether they are: the ids of other
records, the tweet's own address, and the conversation that it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers.fields import ROUNDED_ID, id_in_url
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.rounded_ids import Rounding, is_rounded, may_be_rounded, near, roundings_in
from viral_assets.sources.tweet import Tweet

CONVERSATION_TOLD = "rounded id, the true one of which its conversation told"
FLOATS_LOOK_ALIKE = (
    "some ids were rounded to 53 bits: true ids of this file may look the same, and are rejected with them unless "
    "an address or a conversation confirms them; give a file with ids as text, or with the tweets' addresses"
)

_DIGITS_OF_A_FLOAT = 17

_PROOFS = 3
"""So many ids that a column of conversations has whole, and the column of ids has not, show that it was not rounded."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A tweet whose id looks rounded.

    Args:
        locator: of its reject, if it becomes one.
        raw: its text, when it is wanted.
        addressed: whether the id is that of its address.
        value: what it was made of, where its address may stand too; None where ``addressed`` says all.
    """

    tweet: Tweet
    locator: str
    raw: Callable[[], str]
    addressed: bool = False
    value: Any = None


class IdFromAddress(NamedTuple):
    """A tweet whose id is that of its address and looks like no rounded one: what it says is of other addresses."""

    tweet: Tweet


Candidate: TypeAlias = Record | Doubtful | IdFromAddress
_RECORD = (Tweet, Reject)


def doubted(record: Record, locator: str, value: Any, addresses: Sequence[str] = ()) -> Candidate:
    """The record of a value of JSON, to be doubted if its id looks rounded.

    Args:
        addresses: see :func:`~.identities.addresses_in`.
    """
    if isinstance(record, Reject):
        return record
    identity = record.tweet_id
    addressed = bool(addresses) and any(identity in address for address in addresses)
    if not may_be_rounded(identity):
        return IdFromAddress(record) if addressed else record
    place = f"{locator}, tweet {identity}"
    return Doubtful(record, place, lambda: raw_json(piece_with(value, identity) or value), addressed, value)


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


def told_by_conversation(tweet: Tweet) -> Tweet | None:
    """A tweet that began its conversation, with the id that the conversation has, where its own was rounded; else None.

    No two tweets are as near to each other as an id is to what rounding makes of it.
    """
    whole = tweet.conversation_id
    if whole is None or whole == tweet.tweet_id or may_be_rounded(whole) or not near(tweet.tweet_id, whole):
        return None
    if len(whole.rstrip("0")) <= _DIGITS_OF_A_FLOAT:  # may be what JavaScript prints of an id that is true
        return None
    return tweet._replace(tweet_id=whole)


class DoubtfulIds:
    """Decides about the tweets of one file that were held back; what it has learnt of the file stays.

    Args:
        remarks: counts the ids that were repaired.
    """

    def __init__(self, remarks: Counter[str]) -> None:
        self._remarks = remarks
        self._roundings: frozenset[Rounding] = frozenset()
        self._of_addresses: frozenset[Rounding] = frozenset()
        self._proofs = 0

    def settled(self, batch: Sequence[Candidate]) -> list[Record]:
        """The records, those with rounded ids as rejects."""
        kinds = {*map(type, batch)}
        if Doubtful in kinds:
            of_columns, of_addresses = _by_origin(batch)
            self._roundings |= roundings_in(of_columns)
            self._of_addresses |= roundings_in(of_addresses)
        if not (self._roundings or self._of_addresses):
            if kinds.issubset(_RECORD):
                return cast("list[Record]", list(batch))
            return [each if isinstance(each, _RECORD) else self._trusted(each) for each in batch]
        settled = [each if isinstance(each, _RECORD) else self._repaired(each) for each in batch]
        confirmed = self._confirmed(settled) if self._roundings else frozenset()
        return [each if isinstance(each, _RECORD) else self._settled(each, confirmed) for each in settled]

    def _trusted(self, candidate: Doubtful | IdFromAddress) -> Record:
        found = self._repaired(candidate)
        return found.tweet if isinstance(found, Doubtful) else found

    def _repaired(self, candidate: Doubtful | IdFromAddress) -> Record | Doubtful:
        if isinstance(candidate, IdFromAddress):
            return candidate.tweet
        if candidate.addressed:
            return candidate
        whole = told_by_conversation(candidate.tweet)
        if whole is None:
            return candidate
        self._proofs += 1
        self._remarks[CONVERSATION_TOLD] += 1
        return whole

    def _confirmed(self, records: Sequence[Record | Doubtful]) -> frozenset[str]:
        """The ids that something other than the column of ids says too, which was not rounded with it."""
        tweets = [
            each.tweet if isinstance(each, Doubtful) else each for each in records if not isinstance(each, Reject)
        ]
        confirmed: set[str] = set()
        if self._proofs >= _PROOFS:
            confirmed.update(tweet.conversation_id for tweet in tweets if tweet.conversation_id)
        in_addresses = {
            each.tweet.tweet_id
            for each in records
            if isinstance(each, Doubtful) and each.value is not None and _has_address(each.value, each.tweet.tweet_id)
        }
        # Addresses that were made of rounded ids are as rounded as those.
        seen = [
            tweet.tweet_id for tweet in tweets if tweet.tweet_id in in_addresses or not may_be_rounded(tweet.tweet_id)
        ]
        if in_addresses and not roundings_in(seen):
            confirmed |= in_addresses
        return frozenset(confirmed)

    def _settled(self, doubtful: Doubtful, confirmed: frozenset[str]) -> Record:
        tweet = doubtful.tweet
        roundings = self._of_addresses if doubtful.addressed else self._roundings
        if not is_rounded(tweet.tweet_id, roundings) or (not doubtful.addressed and tweet.tweet_id in confirmed):
            return tweet
        kept = " and ".join(sorted(rounding.value for rounding in roundings))
        if Rounding.FLOAT in roundings:
            self._remarks[FLOATS_LOOK_ALIKE] = 1
        return Reject(
            doubtful.locator,
            ROUNDED_ID,
            f"{tweet.tweet_id} looks rounded by a program ({kept}), as others of this file were, and nothing beside it "
            "tells the true one; export ids as text, or with the tweets' addresses",
            doubtful.raw(),
        )


def _by_origin(batch: Iterable[Candidate]) -> tuple[list[str], list[str]]:
    """The ids of records in their order: those that are not known to be of addresses, and those that are."""
    of_columns: list[str] = []
    of_addresses: list[str] = []
    for each in batch:
        if isinstance(each, Tweet):
            of_columns.append(each.tweet_id)
        elif isinstance(each, IdFromAddress):
            of_addresses.append(each.tweet.tweet_id)
        elif isinstance(each, Doubtful):
            (of_addresses if each.addressed else of_columns).append(each.tweet.tweet_id)
    return of_columns, of_addresses


def _has_address(value: Any, identity: str) -> bool:
    piece = piece_with(value, identity) or {}
    return any(id_in_url(each) == identity for each in piece.values() if isinstance(each, str))
