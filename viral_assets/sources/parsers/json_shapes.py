"""Which shape a JSON value has, value by value, and its records. The shapes themselves are in modules of their own.

A file may mix them; what a value is, its keys tell. Objects of unknown make are taken as rows of a table, if their
keys are names that tables have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.parsers import apify_items, x_api_v1, x_graphql
from viral_assets.sources.parsers.apify_items import ApifyItems
from viral_assets.sources.parsers.columns import Mapped, Rows, layout, named_texts
from viral_assets.sources.parsers.fields import Times, UnusableError
from viral_assets.sources.parsers.json_envelopes import is_document, plain_values, rows_within
from viral_assets.sources.parsers.x_api_v1 import NOTICES, StatusV1
from viral_assets.sources.parsers.x_api_v2 import XApiV2, raw_json

X_API_V2, X_API_V1, APIFY, OBJECTS = "X API v2", "X API v1.1", "Apify tweet-scraper", "JSON objects"
WEB_CLIENT = "X web page (GraphQL)"

NO_TWEETS = "page without tweets"

X_API_V2_MAPPING = {
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
}
MAPPINGS = {
    X_API_V2: X_API_V2_MAPPING,
    X_API_V1: x_api_v1.MAPPING,
    APIFY: apify_items.MAPPING,
    WEB_CLIENT: {**x_api_v1.MAPPING, "text": "the longer of legacy.full_text and note_tweet"},
}
"""For people: what each field of a tweet is made of."""

# Under these keys, other tools keep the list or the single one that this is about.
_WRAPPERS = ("statuses", "tweets", "items", "results", "tweet", "status", "_source")
_TEXTS = frozenset({"text", "full_text", "fullText"})
"""What has one of these is a tweet itself, whatever else it has."""
_V2_KEYS = frozenset({"data", "public_metrics", "edit_history_tweet_ids", "referenced_tweets", "note_tweet"})
_PAGE_KEYS = frozenset({"data", "includes", "meta", "errors", "matching_rules", "__twarc"})
_INCLUDED = frozenset({"users", "media", "places", "polls", "topics"})
_META = frozenset({"newest_id", "oldest_id", "result_count", "next_token", "previous_token"})
_MOST_LAYOUTS = 200


def shape_of(value: object) -> str | None:
    """The shape of a value; None where its keys do not tell."""
    if isinstance(value, list):
        return next((shape for item in value[:50] if (shape := shape_of(item))), None)
    if not isinstance(value, dict) or other_service(value):
        return None
    keys = value.keys()
    if x_graphql.is_answer(value):
        return WEB_CLIENT
    if not keys.isdisjoint(_V2_KEYS) or (value and keys <= _PAGE_KEYS):
        return X_API_V2
    if (
        isinstance(value.get("user"), dict) and not keys.isdisjoint(x_api_v1.KEYS) and "rawContent" not in keys
    ) or _is_notice(value):
        return X_API_V1
    if apify_items.is_nothing(value) or (
        isinstance(value.get("author"), dict) and not keys.isdisjoint(apify_items.KEYS)
    ):
        return APIFY
    wrapped = _wrapped(value)
    return shape_of(wrapped[1]) if wrapped else None


def other_service(value: object) -> str | None:
    """The service whose posts these are, if it is not X."""
    if not isinstance(value, dict):
        return None
    if "reblogs_count" in value and "favourites_count" in value:
        return "Mastodon"
    if isinstance(uri := value.get("uri"), str) and uri.startswith("at://"):
        return "Bluesky"
    if "subreddit" in value or "selftext" in value:
        return "Reddit"
    return None


@dataclass(frozen=True, slots=True)
class _Table:
    names: tuple[str, ...]
    rows: Rows | None


class JsonShapes:
    """Turns parsed values of any known shape into records.

    Args:
        times: reads and checks times.
        remarks: counts what is no record but worth telling.
        mapped: a person's own names of columns, for objects of unknown make.
    """

    def __init__(self, times: Times, remarks: Counter[str], mapped: Mapped | None = None) -> None:
        self._times = times
        self._remarks = remarks
        self._mapped = mapped
        self._v2 = XApiV2(times, remarks)
        self._v1 = StatusV1(times, remarks)
        self._apify = ApifyItems(times, remarks)
        self._tables: dict[tuple[str, ...], _Table] = {}

    def records(self, value: object, locator: str) -> Iterator[Record]:
        """The records of one value; a list is opened.

        Args:
            locator: where the value is in its source.
        """
        if isinstance(value, list):
            if not value:
                self._remarks[NO_TWEETS] += 1
            for number, item in enumerate(value, 1):
                yield from self._of_object(item, f"{locator}, item {number}")
        else:
            yield from self._of_object(value, locator)

    def _of_object(self, value: object, locator: str) -> Iterator[Record]:
        if not isinstance(value, dict):
            yield from self._v2.records(value, locator)
            return
        if "public_metrics" in value:
            yield from self._v2.records(value, locator)
        elif (inside := self._of_other_program(value, locator)) is not None:
            yield from inside
        elif "data" in value:
            yield from self._v2.records(value, locator)
        elif wrapped := _wrapped(value):
            yield from self._of_wrapped(*wrapped, locator)
        elif (shape := shape_of(value)) == X_API_V2:
            yield from self._v2.records(value, locator)
        elif shape == APIFY:
            yield from self._apify.records(value, locator)
        elif shape is None:
            yield from self._of_unknown(value, locator)
        elif _is_notice(value):
            self._remarks["notice of a stream"] += 1
        else:
            yield self._v1.record(value, locator)

    def _of_other_program(self, value: dict[str, Any], locator: str) -> Iterator[Record] | None:
        """The records of an object that another program than X's API has put around or in place of tweets; None if
        none has.
        """
        if is_document(value):
            plain = plain_values(value)
            return self._of_object({name: plain[name] for name in plain if name != "_id"}, locator)
        if x_graphql.is_answer(value):
            return self._of_web_client(value, locator)
        if (rows := rows_within(value)) is not None:
            return (
                record
                for number, row in enumerate(rows, 1)
                for record in self._of_object(row, f"{locator}, row {number}")
            )
        if service := other_service(value):
            return iter([Reject(locator, "not_a_tweet", f"a post of {service}, not of X", raw_json(value))])
        if value and (value.keys() <= _INCLUDED or value.keys() <= _META):
            self._remarks[NO_TWEETS] += 1
            return iter(())
        return None

    def _of_web_client(self, value: dict[str, Any], locator: str) -> Iterator[Record]:
        found = list(x_graphql.results(value))
        for number, result in enumerate(found, 1):
            yield self._v1.record(x_graphql.status_of(result), f"{locator}, tweet {number}" if found[1:] else locator)
        if not found:
            self._remarks["tweet that the page has not shown"] += 1

    def _of_wrapped(self, key: str, inside: Any, locator: str) -> Iterator[Record]:
        if isinstance(inside, list):
            if not inside:
                self._remarks[NO_TWEETS] += 1
            for number, item in enumerate(inside, 1):
                yield from self._of_object(item, f"{locator}, {key} {number}")
        else:
            yield from self._of_object(inside, f"{locator}, {key}")

    def _of_unknown(self, value: dict[str, Any], locator: str) -> Iterator[Record]:
        """A row of a table, if it has the columns; else a tweet of the newest API that lacks a lot, or none at all."""
        cells = dict(named_texts(value))
        names = tuple(cells)
        table = self._tables.get(names)
        if table is None:
            if len(self._tables) >= _MOST_LAYOUTS:  # objects with keys like ids
                self._tables.clear()
            found = layout(names, self._mapped)
            rows = Rows(found, self._times, self._remarks) if len(found.fields) >= 2 else None
            table = self._tables[names] = _Table(names, rows)
        if table.rows is None or not isinstance(value.get("text", ""), str | None):
            yield from self._v2.records(value, locator)
            return
        try:
            tweet = table.rows.tweet(list(cells.values()))
        except UnusableError as error:
            yield Reject(locator, error.reason, error.detail, raw_json(value))
        else:
            if tweet is not None:
                yield tweet


def _is_notice(value: dict[str, Any]) -> bool:
    return len(value) == 1 and not value.keys().isdisjoint(NOTICES)


def _wrapped(value: dict[str, Any]) -> tuple[str, Any] | None:
    """The key and the content of an object that is but a wrapping around tweets."""
    if value.keys().isdisjoint(_TEXTS):
        for key in _WRAPPERS:
            inside = value.get(key)
            if isinstance(inside, dict) or (
                isinstance(inside, list) and all(isinstance(item, dict) for item in inside)
            ):
                return key, inside
    return None
