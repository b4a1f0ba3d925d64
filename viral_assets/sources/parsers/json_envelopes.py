"""What programs put around or in place of tweets as JSON: lists under a key, data frames, document databases, maps by
id, parts of X's pages, and the posts of other services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

MOST_ITEMS = 50
"""As many items of a list are examined to recognise it."""

MOST_DEPTH = 40
"""As many wrappings are opened for that."""

# Under these keys, other tools keep the list or the single one that this is about.
_WRAPPERS = ("statuses", "tweets", "items", "results", "tweet", "status", "_source")
_LISTS = ("timeline",)
"""Of RapidAPI's twitter-api45; X's own pages have an object under it."""
_PINNED = ("pin_tweet", "pinned")
"""Beside the list, the tweet that an account shows first: of twitterapi.io, of services that wrap twitter-api45."""
_REFERRED = ("quoted", "retweeted", "reposted", "referenced", "parent", "original", "includes")
"""In names of lists of tweets that those of another list answer or repeat."""
_TEXTS = frozenset({"text", "full_text", "fullText"})
"""What has one of these is a tweet itself, whatever else it has."""
_OF_ENTRIES = frozenset({"tweet_results", "user_results", "legacy"})
"""What tweets and accounts stand under on X's web page."""
_INCLUDED = frozenset({"users", "media", "places", "polls", "topics"})
_META = frozenset({"newest_id", "oldest_id", "result_count", "next_token", "previous_token"})
_FOLLOWERS = frozenset({"followers_count", "followersCount", "followers", "follower_count"})
_HANDLES = frozenset({"username", "screen_name", "userName", "screenName", "user_name"})
_OF_TWEETS = frozenset({"conversation_id", "in_reply_to_user_id", "tweet_id", "author_id", "content"})
_VERSION_OF_MESSAGES = [1, 1]
_URIS = ("uri", "post_uri", "at_uri", "id")
_DEPTH_OF_POSTS = 5
_NUMBERS = ("$numberLong", "$numberInt", "$numberDouble")


def objects_in(value: object, depth: int = MOST_DEPTH) -> Iterator[Mapping[str, Any]]:
    """The objects of a value that may be tweets: itself, and those under keys that tools keep tweets under."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value[:MOST_ITEMS]:
            yield from objects_in(message_content(item), depth - 1)
    elif isinstance(value, dict) and not other_service(value):
        yield value
        if found := wrapped(value):
            yield from objects_in(found[1], depth - 1)


def wrapped(value: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The key and the content of an object that is only a wrapping around tweets."""
    inner = value.get("data")
    if isinstance(inner, dict) and value.keys().isdisjoint(_TEXTS) and "id" not in inner and (found := wrapped(inner)):
        return f"data, {found[0]}", found[1]
    if value.keys().isdisjoint(_TEXTS) and "data" not in value:
        for key in _WRAPPERS:
            inside = value.get(key)
            if isinstance(inside, dict) or (
                isinstance(inside, list) and all(isinstance(item, dict) for item in inside)
            ):
                return key, inside
        for key in _LISTS:
            inside = value.get(key)
            if isinstance(inside, list) and all(isinstance(item, dict) for item in inside):
                return key, inside
        lists = () if "id" in value else sorted(_lists_of_tweets(value), key=lambda found: _is_referred(found[0]))
        return next(iter(lists), None)
    return None


def _lists_of_tweets(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The lists that have nothing but objects with texts, or but pages, under whatever keys a service has put them."""
    if "id" in value:
        return
    for key, inside in value.items():
        if not (isinstance(inside, list) and inside and all(isinstance(each, dict) for each in inside)):
            continue
        if all(_TEXTS & each.keys() for each in inside) or all("data" in each for each in inside):
            yield key, inside


def _is_referred(key: str) -> bool:
    return any(word in key.lower() for word in _REFERRED)


def beside(value: Mapping[str, Any], taken: str) -> Iterator[tuple[str, Any]]:
    """The keys and the contents of further tweets that a wrapping has: a pinned one, the answers to those of a list.

    Args:
        taken: what :func:`wrapped` has called the first of them.
    """
    inner = value.get("data")
    for around, prefix in ((value, ""), (inner, "data, ")) if isinstance(inner, dict) else ((value, ""),):
        for key in _PINNED:
            inside = around.get(key)
            if inside and all(isinstance(each, dict) for each in (inside if isinstance(inside, list) else [inside])):
                yield key, inside
        for key, inside in _lists_of_tweets(around):
            if key not in _PINNED and not _is_referred(key) and f"{prefix}{key}" != taken:
                yield f"{prefix}{key}", inside


def message_content(value: Any) -> Any:
    """The object of a message of gallery-dl, ``[2, {...}]`` or ``[3, "https://...", {...}]``; else the value itself."""
    if isinstance(value, list) and len(value) in (2, 3) and isinstance(value[-1], dict):
        kind, *middle = value[:-1]
        if type(kind) is int and all(isinstance(each, str) for each in middle):
            return value[-1]
    return value


def is_message_without_post(value: Any) -> bool:
    """Whether a message of gallery-dl has no post in it: the version of its protocol, ``[1, 1]``, or an address that it
    would go on with, ``[6, "https://...", {}]``.
    """
    if value == _VERSION_OF_MESSAGES:
        return True
    content = message_content(value)
    return content is not value and not content


def is_part_of_page(value: Mapping[str, Any]) -> bool:
    """Whether an object is what X's pages have beside tweets, by itself."""
    return bool(value) and (value.keys() <= _INCLUDED or value.keys() <= _META)


def other_service(value: object) -> str | None:
    """The service whose posts these are, if it is not X."""
    if not isinstance(value, dict):
        return None
    if "reblogs_count" in value and "favourites_count" in value:
        return "Mastodon"
    if any(isinstance(uri := value.get(key), str) and uri.startswith("at://") for key in _URIS):
        return "Bluesky"
    if isinstance(post := value.get("post"), dict) and "uri" in post:
        return other_service(post)
    if "subreddit" in value or "selftext" in value:
        return "Reddit"
    return None


def service_within(value: object, depth: int = _DEPTH_OF_POSTS) -> str | None:
    """The same of the first post in a value that is not of X, whatever is around it."""
    if depth == 0 or not isinstance(value, dict | list):
        return None
    if service := other_service(value):
        return service
    inside = value.values() if isinstance(value, dict) else value[:5]
    return next(filter(None, (service_within(each, depth - 1) for each in inside)), None)


def is_account(value: object) -> bool:
    """Whether an object is an account with its followers, and no tweet, much as the two are alike."""
    if not isinstance(value, dict) or any(value.get(key) for key in _TEXTS):
        return False
    if value.get("__typename") == "User" or (isinstance(value.get("legacy"), dict) and is_account(value["legacy"])):
        return True
    metrics = value.get("public_metrics")
    counted = not _FOLLOWERS.isdisjoint(value) or (isinstance(metrics, dict) and "followers_count" in metrics)
    return counted and not _HANDLES.isdisjoint(value) and _OF_TWEETS.isdisjoint(value)


def holds_accounts(value: object) -> bool:
    """Whether an answer of X's web page has accounts somewhere in it: a list of followers, of members."""
    return any_object(value, lambda each: "user_results" in each)


def is_page_without_tweets(value: Mapping[str, Any]) -> bool:
    """Whether an object is an answer of X's web page, or an instruction out of one, that has neither tweets nor
    accounts: at the end of a timeline there are cursors alone.
    """
    data = value.get("data")
    if "id" in value or (isinstance(data, dict) and "id" in data):  # a record, as most values are
        return False
    if not (_is_instruction(value) or _has_instructions(value)):
        return False
    return not any_object(value, lambda each: not _OF_ENTRIES.isdisjoint(each))


def _has_instructions(value: Mapping[str, Any], depth: int = MOST_DEPTH) -> bool:
    """Whether a timeline of X's web page is in an object, or in one within it."""
    if depth == 0 or not value.keys().isdisjoint(_TEXTS):
        return False
    instructions = value.get("instructions")
    if isinstance(instructions, list) and all(map(_is_instruction, instructions)):
        return True
    return any(_has_instructions(each, depth - 1) for each in value.values() if isinstance(each, dict))


def _is_instruction(value: object) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind.startswith("Timeline")


def any_object(value: object, fits: Callable[[Mapping[str, Any]], bool], depth: int = MOST_DEPTH) -> bool:
    """Whether a value, or any object within it, fits.

    Args:
        depth: it is looked for in so many objects and lists within each other.
    """
    if depth == 0 or not isinstance(value, dict | list):
        return False
    if isinstance(value, dict) and fits(value):
        return True
    return any(any_object(each, fits, depth - 1) for each in (value.values() if isinstance(value, dict) else value))


def rows_within(value: Mapping[str, Any]) -> Sequence[Any] | None:
    """The rows of an object that is a table or a map of rows by number or id; None where it is neither.

    ``DataFrame.to_json`` writes ``{"text": {"0": ...}}``, ``{"0": {"text": ...}}``, ``{"columns": [...], "data":
    [[...]]}`` or ``{"schema": ..., "data": [{...}]}``, depending on its ``orient``.
    """
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        rows = [row for row in data if isinstance(row, list) and len(row) == len(columns)]
        if data and len(rows) == len(data):
            return [dict(zip(map(str, columns), row, strict=True)) for row in rows]
    if isinstance(data, list) and isinstance(schema := value.get("schema"), dict) and "fields" in schema:
        return data
    if not value or not all(isinstance(inside, dict) and inside for inside in value.values()):
        return None
    if all(key.isdecimal() for key in value):
        return list(value.values())
    first, *others = value.values()
    if not others or not all(key.isdecimal() for key in first) or any(o.keys() != first.keys() for o in others):
        return None
    return [{name: column[row] for name, column in value.items()} for row in first]


def plain_values(value: Any, depth: int = 20) -> Any:
    """A document of MongoDB without the objects its export makes of numbers, ids and times."""
    if depth == 0 or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [plain_values(item, depth - 1) for item in value]
    if len(value) == 1:
        ((key, inside),) = value.items()
        if key in _NUMBERS and isinstance(inside, str) and inside.isdecimal() and len(inside) < 20:
            return int(inside)
        if key in ("$date", "$oid"):
            return plain_values(inside, depth - 1)
    return {key: plain_values(inside, depth - 1) for key, inside in value.items()}


def document_fields(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an object that MongoDB exported, without its identity there; None where it is none."""
    identity = value.get("_id")
    if not (isinstance(identity, dict) and "$oid" in identity):
        return None
    return {name: plain_values(inside) for name, inside in value.items() if name != "_id"}
