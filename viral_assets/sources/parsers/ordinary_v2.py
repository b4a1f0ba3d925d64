"""The ordinary tweet of the X API v2, read in one go: a file has millions of them.

It is what :class:`~.x_api_v2.XApiV2` makes of the same object field by field, or None where anything about the object
is out of the ordinary. Nothing is repaired, rejected or counted here. That both say the same is held by a test with
objects of every kind, ``test_ordinary_v2``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from viral_assets.sources.parsers.authors import is_verified
from viral_assets.sources.parsers.fields import (
    LARGEST_COUNT,
    LONGEST_TEXT,
    author_name,
    is_retweet_text,
    language,
    optional_id,
)
from viral_assets.sources.parsers.references import Included, reference_kinds, references_v2
from viral_assets.sources.parsers.snowflakes import FIRST_BY_ITSELF, is_time_of_number
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet
from viral_assets.text.hashing import text_hash

KEYS = frozenset(
    {
        *("id", "text", "created_at", "author_id", "author", "lang", "public_metrics", "conversation_id", "__twarc"),
        *("referenced_tweets", "in_reply_to_user_id", "attachments"),
        # Which nobody reads.
        *("edit_history_tweet_ids", "edit_controls", "possibly_sensitive", "reply_settings", "source", "entities"),
        *("context_annotations", "display_text_range", "community_id", "geo", "in_reply_to_user"),
    }
)
"""A tweet with any other key has a long text, or came through another program."""

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,64}").fullmatch
_ID = re.compile(r"[1-9][0-9]{0,18}").fullmatch
_REFERRING = frozenset({"referenced_tweets", "in_reply_to_user_id", "attachments"})

_COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count", "impression_count", "bookmark_count")
_VIEWS = _COUNTS.index("impression_count")
_LARGEST_ID = 2**63 - 1
_MOST_DIGITS = len(str(_LARGEST_ID))
_MOST_HOURS = 10_000

Object = Mapping[str, Any]


class OrdinaryTweets:
    """Reads the ordinary tweets of one file.

    Args:
        times: says what lies in the future.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._hours: dict[str, datetime] = {}

    def read(self, value: Object, users: Object, included: Included, collected_at: datetime | None) -> Tweet | None:
        """The tweet; None where it is to be read field by field.

        Args:
            users: of its page, by their ids.
            included: what else its page has.
        """
        if not value.keys() <= KEYS:
            return None
        try:
            return self._read(value, users, included, collected_at)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            # Something is missing, or of another type.
            return None

    def _read(self, value: Object, users: Object, included: Included, collected_at: datetime | None) -> Tweet | None:
        identity, written, text = value["id"], value["created_at"], value["text"]
        number = int(identity) if _ID(identity) else 0
        if not FIRST_BY_ITSELF <= number <= _LARGEST_ID:
            return None
        if written[-1] != "Z" or len(written) < 16:
            return None
        created_at = datetime.fromisoformat(written)
        if not is_time_of_number(created_at, number) or self._times.is_future(created_at):
            return None
        if "&" in text or "\x00" in text or len(text) > LONGEST_TEXT or not text.strip():
            return None
        author_id, conversation_id = value["author_id"], value.get("conversation_id")
        if not (_ID(author_id) and (len(author_id) < _MOST_DIGITS or int(author_id) <= _LARGEST_ID)):
            return None
        if conversation_id is not None and not (_ID(conversation_id) and int(conversation_id) <= _LARGEST_ID):
            return None
        author, metrics = users.get(author_id) or value["author"], value["public_metrics"]
        handle, followers = author["username"], author["public_metrics"]["followers_count"]
        counts = tuple(map(metrics.get, _COUNTS))
        for count in (followers, *counts):
            if count is not None and not (type(count) is int and 0 <= count <= LARGEST_COUNT):
                return None
        if followers is None or not _HANDLE(handle):
            return None
        if counts[_VIEWS] == 0 and any(counts[:_VIEWS]):
            return None
        retweet, reply, quote, refers_to = is_retweet_text(text), False, False, None
        if not _REFERRING.isdisjoint(value):
            kinds = reference_kinds(value.get("referenced_tweets"))
            retweet = retweet or "retweeted" in kinds
            reply = "replied_to" in kinds or optional_id(value.get("in_reply_to_user_id")) is not None
            quote = "quoted" in kinds
            refers_to = None if "retweeted" in kinds else references_v2(value, identity, included)
        row = (
            identity,
            self._hours.get(written[:13]) or self._hour(written, created_at),
            created_at,
            collected_at,
            author_id,
            handle,
            author_name(author["name"]),
            followers,
            is_verified(author),
            text,
            text_hash(text),
            language(value.get("lang")),
            retweet,
            reply,
            quote,
            *counts,
            conversation_id,
            False,
            refers_to,
        )
        # Half an emoji is no Unicode, and raises.
        return tuple.__new__(Tweet, row) if text.isascii() or text.encode() else None

    def _hour(self, written: str, instant: datetime) -> datetime:
        """The hour of a time in UTC, from now on also by what is written: in any notation of ISO 8601, its beginning
        tells.

        One object for all tweets of an hour, which costs nothing to keep and to store.
        """
        if len(self._hours) >= _MOST_HOURS:
            self._hours.clear()
        found = self._hours[written[:13]] = instant.replace(minute=0, second=0, microsecond=0)
        return found
