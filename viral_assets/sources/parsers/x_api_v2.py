"""Tweets out of the objects X's API v2 answers with, in every shape they are kept in.

Pages (``data`` a list), stream objects (``data`` one tweet), and tweets flattened by twarc2 (the author inside the
tweet). Tweets are what ``data`` holds; those in ``includes`` are merely referred to, and kept as that (``references``).
Fields: https://docs.x.com/x-api/fundamentals/data-dictionary. Reading bytes is not done here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from typing import Any

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers.authors import author_followers, author_handle, is_verified
from viral_assets.sources.parsers.fields import (
    ACCOUNTS,
    UnusableError,
    author_name,
    count,
    handle,
    is_retweet_text,
    language,
    loose_count,
    optional_id,
    shown,
    tweet_text,
)
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.identities import handle_in_addresses, identity_of_object
from viral_assets.sources.parsers.json_envelopes import holds_accounts, is_account
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.json_values import MENDED, MalformedText
from viral_assets.sources.parsers.ordinary_v2 import OrdinaryTweets
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.references import Included, reference_kinds, references_v2
from viral_assets.sources.parsers.remarks import NO_TWEETS
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

Object = Mapping[str, Any]

KEYS = frozenset({"data", "public_metrics", "edit_history_tweet_ids", "referenced_tweets", "note_tweet"})
"""An object with one of these keys is a page or a tweet."""

MAPPING = {
    "tweet_id": "id",
    "text": "the longer of text and note_tweet.text",
    "created_at": "created_at",
    "collected_at": "__twarc.retrieved_at of the page",
    "author_handle": "username of author_id in includes.users, or author.username",
    "author_followers": "its public_metrics.followers_count",
    "author_verified": "its verified or verified_type",
    "lang": "lang",
    "is_retweet": "referenced_tweets: retweeted",
    "is_reply": "referenced_tweets: replied_to, or in_reply_to_user_id",
    "is_quote": "referenced_tweets: quoted",
    "like_count": "public_metrics.like_count",
    "reply_count": "public_metrics.reply_count",
    "retweet_count": "public_metrics.retweet_count",
    "quote_count": "public_metrics.quote_count",
    "view_count": "public_metrics.impression_count",
    "bookmark_count": "public_metrics.bookmark_count",
    "conversation_id": "conversation_id",
    "refers_to": "referenced_tweets with includes.tweets and errors; alt_text of its media",
}

_TWEET_KEYS = frozenset({"id", "text", "created_at"})
_AROUND_DATA = frozenset({"includes", "meta", "errors", "matching_rules", "__twarc"})
_PAGE_KEYS = _AROUND_DATA | {"data"}
_OF_ITS_OWN = frozenset({"public_metrics", "edit_history_tweet_ids", "author_id"})
_HANDLES_BESIDE = ("username", "author_username", "screen_name", "author_screen_name", "account", "author", "user")
_OF_AUTHOR, _NOT_OF_AUTHOR = "author_", frozenset({"id", "public_metrics"})


def confidence_in(value: object) -> float:
    """By its metrics, which have a name of their own; less by the other keys, some of which are everybody's."""
    if not isinstance(value, dict):
        return 0.0
    keys = value.keys()
    if "public_metrics" in keys:
        return 1.0
    return 0.9 if not keys.isdisjoint(KEYS) or (value and keys <= _PAGE_KEYS) else 0.0


def _by_keys(keys: Set[str]) -> float:
    return 0.9 if not keys.isdisjoint(_OF_ITS_OWN) or keys >= {"data", "text"} else 0.0


def probe(head: FileHead) -> float:
    """How sure it is that a file begins with pages, stream objects or tweets of the API v2."""
    return json_confidence(head, confidence_in, by_keys=_by_keys)


class XApiV2:
    """Turns parsed objects into records.

    Args:
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
    """

    def __init__(self, times: Times, remarks: Counter[str]) -> None:
        self._times = times
        self._remarks = remarks
        self._ordinary = OrdinaryTweets(times)

    def ordinary(self, value: Object) -> Tweet | None:
        """The tweet of an object that is nothing but one, with its author inside; None for any other. What
        :meth:`records` makes of it, in less time."""
        tweet = self._ordinary.read(value, _NO_USERS, _NOTHING_INCLUDED, None)
        if tweet is not None and "__twarc" in value:
            retrieved = _object(value["__twarc"]).get("retrieved_at")
            return tweet._replace(collected_at=self._times.collected_at(retrieved))
        return tweet

    def records(self, value: object, locator: str) -> Iterator[Record]:
        """The records of one value; a list is opened once.

        Args:
            value: a page, a stream object, a flattened tweet, a list of these, or anything else.
            locator: where the value is in its source.
        """
        if isinstance(value, list):
            for number, item in enumerate(value, 1):
                yield from self._of_object(item, f"{locator}, item {number}")
        else:
            yield from self._of_object(value, locator)

    def _of_object(self, value: object, locator: str) -> Iterator[Record]:
        if isinstance(value, dict) and "data" in value:
            yield from self._of_page(value, locator)
        elif isinstance(value, dict) and value and value.keys() <= _AROUND_DATA:
            self._remarks[NO_TWEETS] += 1
        else:
            retrieved = _object(value.get("__twarc")).get("retrieved_at") if isinstance(value, dict) else None
            yield self._record(value, locator, {}, _NOTHING_INCLUDED, self._times.collected_at(retrieved))

    def _of_page(self, page: Object, locator: str) -> Iterator[Record]:
        if page.get(MENDED) is True:
            self._remarks["damaged page, its undamaged tweets are kept"] += 1
        data = page["data"]
        if not data and not isinstance(data, str | bool | int | float):  # null, and {} where a list is due
            self._remarks[NO_TWEETS] += 1
            return
        users, included = _users(_object(page.get("includes")).get("users")), Included(page)
        collected_at = self._times.collected_at(_object(page.get("__twarc")).get("retrieved_at"))
        if isinstance(data, list):
            for number, tweet in enumerate(data, 1):
                yield self._record(tweet, f"{locator}, tweet {number}", users, included, collected_at)
        else:
            yield self._record(data, locator, users, included, collected_at)

    def _record(
        self, value: object, locator: str, users: Object, included: Included, collected_at: datetime | None
    ) -> Record:
        try:
            ordinary = self._ordinary.read(value, users, included, collected_at) if isinstance(value, dict) else None
            return self._tweet(value, users, included, collected_at) if ordinary is None else ordinary
        except UnusableError as error:
            return Reject(locator, error.reason, error.detail, raw_json(value))

    def _tweet(self, value: object, users: Object, included: Included, collected_at: datetime | None) -> Tweet:
        if isinstance(value, MalformedText):
            raise UnusableError("bad_json", f"this is not JSON: {value.error}")
        if not isinstance(value, dict) or _TWEET_KEYS.isdisjoint(value):
            if is_account(value):
                raise UnusableError("not_a_tweet", ACCOUNTS[0])
            if holds_accounts(value):
                raise UnusableError("not_a_tweet", ACCOUNTS[1])
            raise UnusableError("not_a_tweet", f"{shown(value)} is not a tweet of the X API v2")
        if not value.get("text") and is_account(value):
            raise UnusableError("not_a_tweet", ACCOUNTS[0])
        identity, of_x = identity_of_object(value.get("id"), value, self._remarks)
        created_at = self._times.created_at(value.get("created_at"), identity, of_x=of_x)
        note = value.get("note_tweet")
        text = tweet_text(value.get("text"), note.get("text") if isinstance(note, dict) else None)
        metrics = _metrics(value)
        author_id = optional_id(value.get("author_id"))
        author = _author(value, users, author_id)
        kinds = reference_kinds(value.get("referenced_tweets"))
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=author_handle(author) or handle_in_addresses(value, identity),
            collected_at=collected_at,
            author_id=author_id or optional_id(author.get("id")),
            author_name=author_name(author.get("name")),
            author_followers=loose_count("followers_count", author_followers(author)),
            author_verified=is_verified(author),
            lang=language(value.get("lang")),
            is_retweet="retweeted" in kinds or is_retweet_text(text),
            is_reply="replied_to" in kinds or optional_id(value.get("in_reply_to_user_id")) is not None,
            is_quote="quoted" in kinds,
            like_count=count("like_count", metrics.get("like_count")),
            reply_count=count("reply_count", metrics.get("reply_count")),
            retweet_count=count("retweet_count", metrics.get("retweet_count")),
            quote_count=count("quote_count", metrics.get("quote_count")),
            view_count=count("impression_count", metrics.get("impression_count")),
            bookmark_count=count("bookmark_count", metrics.get("bookmark_count")),
            conversation_id=optional_id(value.get("conversation_id")),
            refers_to=None if "retweeted" in kinds else references_v2(value, identity, included),
        )


_NOTHING_INCLUDED = Included({})
_NO_USERS: Object = {}


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _author(tweet: Object, users: Object, author_id: str | None) -> Object:
    """The author: of the page, inside the tweet, or beside the metrics, as flattening programs leave it."""
    for author in (users.get(author_id or ""), tweet.get("author"), tweet.get("account"), tweet.get("user")):
        if author and isinstance(author, dict):
            return author
    names = (tweet.get(key) for key in _HANDLES_BESIDE)
    beside = {key: value for key, value in tweet.items() if key not in _NOT_OF_AUTHOR}
    prefixed = {key.removeprefix(_OF_AUTHOR): value for key, value in tweet.items() if key.startswith(_OF_AUTHOR)}
    return {**beside, **prefixed, "username": next(filter(None, map(handle, names)), None)}


def _users(value: object) -> dict[str, Object]:
    if not isinstance(value, list):
        return {}
    users = ((optional_id(user.get("id")), user) for user in value if isinstance(user, dict))
    return {identity: user for identity, user in users if identity is not None}


def _metrics(tweet: Object) -> Object:
    metrics = tweet.get("public_metrics")
    if isinstance(metrics, dict):
        return metrics
    if metrics is None or metrics == []:
        return {}
    raise UnusableError("bad_count", f"public_metrics is {shown(metrics)}, which holds no counts")


FORMAT = JsonFormat("X API v2", MAPPING, probe, confidence_in, XApiV2)
