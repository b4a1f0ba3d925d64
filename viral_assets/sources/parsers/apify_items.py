"""Tweets out of the items of Apify's ``apidojo/tweet-scraper`` and the Actors that write like it.

Where items come from, a file or a dataset, does not matter here. Fields: https://apify.com/apidojo/tweet-scraper.
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
    handle_in_url,
    is_retweet_text,
    language,
    loose_count,
    optional_id,
    shown,
    tweet_text,
)
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.identities import identity_of_object
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.json_values import MalformedText
from viral_assets.sources.parsers.placeholders import is_nothing, placeholder
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.references import MEDIA_KEYS, references_in
from viral_assets.sources.parsers.remarks import own_counts
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

Object = Mapping[str, Any]

KEYS = frozenset({"fullText", "likeCount", "retweetCount", "createdAt", "noResults", "twitterUrl", "viewCount"})
"""An object with one of these keys, and none of the X API's, is an item."""

MAPPING = {
    "tweet_id": "id, else in url or twitterUrl",
    "text": "the longer of text and fullText; of a retweet, the original's where that is longer",
    "created_at": "createdAt",
    "author_handle": "author.userName",
    "author_followers": "author.followers",
    "author_verified": "author.isBlueVerified or author.isVerified",
    "lang": "lang",
    "is_retweet": "isRetweet or retweet",
    "is_reply": "isReply or inReplyToId",
    "is_quote": "isQuote or quote",
    "is_promoted": "isPromoted",
    "like_count": "likeCount (0 for retweets, as are the other counts)",
    "reply_count": "replyCount",
    "retweet_count": "retweetCount",
    "quote_count": "quoteCount",
    "view_count": "viewCount",
    "bookmark_count": "bookmarkCount",
    "conversation_id": "conversationId",
    "refers_to": "inReplyToId, quote or quoted_tweet; ext_alt_text of extendedEntities.media",
}

_TWEET_KEYS = ("id", "url", "twitterUrl", "text", "fullText", "createdAt")
_ORIGINALS = ("retweet", "retweeted_tweet", "retweetedTweet")
_QUOTED = ("quote", "quoted_tweet", "quotedTweet")


def confidence_in(value: object) -> float:
    """By its author as an object, beside a key of its own; or as an item that says there are no results."""
    if not isinstance(value, dict):
        return 0.0
    item = isinstance(value.get("author"), dict) and not value.keys().isdisjoint(KEYS)
    return 0.7 if item or is_nothing(value) else 0.0


def _by_keys(keys: Set[str]) -> float:
    return 0.7 if not keys.isdisjoint({"fullText", "noResults"}) and "author" in keys else 0.0


def probe(head: FileHead) -> float:
    """How sure it is that a file begins with items."""
    return json_confidence(head, confidence_in, by_keys=_by_keys)


class ApifyItems:
    """Turns parsed items into records.

    Args:
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
    """

    def __init__(self, times: Times, remarks: Counter[str]) -> None:
        self._times = times
        self._remarks = remarks

    def records(self, value: object, locator: str) -> Iterator[Record]:
        """The records of one value; a list is opened once. A search that found nothing is an item too, and no
        record.

        Args:
            locator: where the value is in its source.
        """
        if isinstance(value, list):
            for number, item in enumerate(value, 1):
                yield from self._of_item(item, f"{locator}, item {number}")
        else:
            yield from self._of_item(value, locator)

    def _of_item(self, item: object, locator: str) -> Iterator[Record]:
        if isinstance(item, dict) and (remark := placeholder(item)):
            self._remarks[remark] += 1
            return
        try:
            yield self._tweet(item)
        except UnusableError as error:
            yield Reject(locator, error.reason, error.detail, raw_json(item))

    def _tweet(self, item: object) -> Tweet:
        if isinstance(item, MalformedText):
            raise UnusableError("bad_json", f"this is not JSON: {item.error}")
        if not isinstance(item, dict) or not any(key in item for key in _TWEET_KEYS):
            raise UnusableError("not_a_tweet", f"{shown(item)} is not a tweet of Apify's")
        url = item.get("url") or item.get("twitterUrl")
        identity, of_x = identity_of_object(item.get("id"), item, self._remarks)
        created_at = self._times.created_at(item.get("createdAt"), identity, of_x=of_x)
        original = next((found for key in _ORIGINALS if (found := _object(item.get(key)))), {})
        text = tweet_text(item.get("text"), item.get("fullText"), _retweeted(original))
        author = _object(item.get("author")) or _object(item.get("user"))
        retweet = item.get("isRetweet") is True or bool(original)
        is_reply = item.get("isReply") is True or optional_id(item.get("inReplyToId")) is not None
        is_quote = item.get("isQuote") is True or any(_object(item.get(key)) for key in _QUOTED)
        referring = not retweet and (is_reply or is_quote or not item.keys().isdisjoint(MEDIA_KEYS))
        counts = {
            "like_count": loose_count("likeCount", item.get("likeCount")),
            "reply_count": loose_count("replyCount", item.get("replyCount")),
            "retweet_count": loose_count("retweetCount", item.get("retweetCount")),
            "quote_count": loose_count("quoteCount", item.get("quoteCount")),
            "view_count": loose_count("viewCount", item.get("viewCount")),
            "bookmark_count": loose_count("bookmarkCount", item.get("bookmarkCount")),
        }
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=author_handle(author) or handle_in_url(url if isinstance(url, str) else ""),
            collected_at=self._times.collected_at(item.get("scrapedAt")),
            author_id=optional_id(author.get("id")),
            author_name=author_name(author.get("name")),
            author_followers=loose_count("followers", author_followers(author)),
            author_verified=is_verified(author),
            lang=language(item.get("lang")),
            is_retweet=retweet or is_retweet_text(text),
            is_reply=is_reply,
            is_quote=is_quote,
            is_promoted=item.get("isPromoted") is True,
            conversation_id=optional_id(item.get("conversationId")),
            refers_to=references_in(item, identity) if referring else None,
            **(own_counts(counts, self._remarks) if retweet else counts),
        )


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _retweeted(original: Object) -> str | None:
    """The retweet's text in full, made of the original's: its own is cut."""
    texts = [text for key in ("text", "fullText") if isinstance(text := original.get(key), str) and text]
    return f"RT @{author_handle(_object(original.get('author')))}: {max(texts, key=len)}" if texts else None


FORMAT = JsonFormat("Apify tweet-scraper", MAPPING, probe, confidence_in, ApifyItems)
