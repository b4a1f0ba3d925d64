"""Tweets out of the objects of X's API v1.1 (statuses), which archives and older tools still have.

Fields: https://docs.x.com/x-api/enterprise-gnip-2.0/fundamentals/data-dictionary. The quoted and the retweeted
original inside a status are merely referred to; the quoted one is kept as that (``references``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers.authors import author_followers, author_handle, is_verified
from viral_assets.sources.parsers.fields import (
    UnusableError,
    author_name,
    handle,
    is_retweet_text,
    language,
    loose_count,
    optional_id,
    refers,
    shown,
    tweet_text,
)
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.identities import handle_in_addresses, identity_of_object
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.references import MEDIA_KEYS, references_in
from viral_assets.sources.parsers.remarks import own_counts
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

Object = Mapping[str, Any]

KEYS = frozenset({"id_str", "full_text", "favorite_count", "retweeted_status", "extended_tweet", "is_quote_status"})
"""An object with one of these keys, and none of the API v2's, is a status."""

MAPPING = {
    "tweet_id": "id_str, else id",
    "text": "the longest of text, full_text and extended_tweet.full_text; of a retweet, the original's if longer",
    "created_at": "created_at",
    "author_handle": "user.screen_name",
    "author_followers": "user.followers_count",
    "author_verified": "user.verified",
    "lang": "lang",
    "is_retweet": "retweeted_status",
    "is_reply": "in_reply_to_status_id or in_reply_to_user_id",
    "is_quote": "is_quote_status or quoted_status",
    "is_promoted": "promotedMetadata",
    "like_count": "favorite_count (0 for retweets, as are the other counts)",
    "reply_count": "reply_count",
    "retweet_count": "retweet_count",
    "quote_count": "quote_count",
    "view_count": "ext_views.count, views.count or view_count",
    "bookmark_count": "bookmark_count",
    "conversation_id": "conversation_id_str",
    "refers_to": "in_reply_to_status_id_str, quoted_status; ext_alt_text of extended_entities.media",
}

_OF_OTHERS = frozenset({"rawContent", "tweet_id"})
"""Keys of programs that write their own objects with some of X's names: snscrape, gallery-dl, services."""

PROMOTED_KEYS = ("promotedMetadata", "promoted_metadata")
"""What X's web page has beside a post that somebody paid to have shown."""

NOTICES = frozenset(
    {
        *("delete", "scrub_geo", "limit", "status_withheld", "user_withheld", "disconnect", "warning", "friends"),
        *("friends_str", "event", "user_update", "info"),
    }
)
"""What a stream says besides tweets: an object with one of these keys alone."""


def confidence_in(value: object) -> float:
    """By its author as an object, beside a key of its own; or as a notice."""
    if not isinstance(value, dict):
        return 0.0
    keys = value.keys()
    if isinstance(value.get("user"), dict) and not keys.isdisjoint(KEYS) and keys.isdisjoint(_OF_OTHERS):
        return 0.8
    return 0.8 if is_notice(value) else 0.0


def is_notice(value: Object) -> bool:
    """Whether an object is what a stream says besides tweets."""
    return len(value) == 1 and not value.keys().isdisjoint(NOTICES)


def _by_keys(keys: Set[str]) -> float:
    return 0.8 if not keys.isdisjoint({"id_str", "full_text", "favorite_count"}) and "user" in keys else 0.0


def probe(head: FileHead) -> float:
    """How sure it is that a file begins with statuses, or with the notices of their stream."""
    return json_confidence(head, confidence_in, by_keys=_by_keys)


class StatusV1:
    """Turns parsed statuses into records.

    Args:
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
    """

    def __init__(self, times: Times, remarks: Counter[str]) -> None:
        self._times = times
        self._remarks = remarks

    def records(self, value: Object, locator: str) -> Iterator[Record]:
        """The record of one status; a notice is none.

        Args:
            locator: where the value is in its source.
        """
        if is_notice(value):
            self._remarks["notice of a stream"] += 1
        else:
            yield self.record(value, locator)

    def record(self, status: object, locator: str) -> Record:
        """The record of one status.

        Args:
            locator: where the status is in its source.
        """
        try:
            return self._tweet(status)
        except UnusableError as error:
            return Reject(locator, error.reason, error.detail, raw_json(status))

    def _tweet(self, status: object) -> Tweet:
        if not isinstance(status, dict):
            raise UnusableError("not_a_tweet", f"{shown(status)} is not a status of the X API v1.1")
        # As a number, the id has passed through programs that round it.
        identity, of_x = identity_of_object(status.get("id_str") or status.get("id"), status, self._remarks)
        created_at = self._times.created_at(status.get("created_at"), identity, of_x=of_x)
        original = _object(status.get("retweeted_status"))
        text = tweet_text(*_texts(status), _retweeted(original))
        user = _object(status.get("user"))
        views = _object(status.get("ext_views")) or _object(status.get("views"))
        counts = {
            "like_count": loose_count("favorite_count", status.get("favorite_count")),
            "reply_count": loose_count("reply_count", status.get("reply_count")),
            "retweet_count": loose_count("retweet_count", status.get("retweet_count")),
            "quote_count": loose_count("quote_count", status.get("quote_count")),
            "view_count": loose_count("views", views.get("count") if views else status.get("view_count")),
            "bookmark_count": loose_count("bookmark_count", status.get("bookmark_count")),
        }
        is_reply = (
            any(refers(status.get(key) or None) for key in ("in_reply_to_status_id_str", "in_reply_to_status_id"))
            or optional_id(status.get("in_reply_to_user_id_str") or status.get("in_reply_to_user_id")) is not None
        )
        is_quote = status.get("is_quote_status") is True or bool(_object(status.get("quoted_status")))
        referring = not original and (is_reply or is_quote or not status.keys().isdisjoint(MEDIA_KEYS))
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=author_handle(user) or handle_in_addresses(status, identity),
            author_id=optional_id(user.get("id_str") or user.get("id")),
            author_name=author_name(user.get("name")),
            author_followers=loose_count("followers_count", author_followers(user)),
            author_verified=is_verified(user),
            lang=language(status.get("lang")),
            is_retweet=bool(original) or is_retweet_text(text),
            is_reply=is_reply,
            is_quote=is_quote,
            is_promoted=any(status.get(key) for key in PROMOTED_KEYS),
            conversation_id=optional_id(status.get("conversation_id_str")),
            refers_to=references_in(status, identity) if referring else None,
            **(own_counts(counts, self._remarks) if original else counts),
        )


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _texts(status: Object) -> list[object]:
    extended = _object(status.get("extended_tweet"))
    return [status.get("text"), status.get("full_text"), extended.get("full_text"), extended.get("text")]


def _retweeted(original: Object) -> str | None:
    """The retweet's text in full, made of the original's: its own ends after 140 characters."""
    texts = [text for text in _texts(original) if isinstance(text, str) and text]
    author = handle(_object(original.get("user")).get("screen_name"))
    return f"RT @{author}: {max(texts, key=len)}" if texts else None


FORMAT = JsonFormat("X API v1.1", MAPPING, probe, confidence_in, StatusV1)
