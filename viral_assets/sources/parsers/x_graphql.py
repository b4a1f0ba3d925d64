"""Tweets as X's own web page loads them (GraphQL answers), which many scrapers keep as they are.

A result becomes a status of the API v1.1, which its ``legacy`` part nearly is; what is in a status is told in
``x_api_v1``. Quoted and retweeted originals are merely referred to and not taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

MOST_DEPTH = 40
"""Of objects and lists around a result; an answer has about twenty."""

_REFERRED = frozenset({"quoted_status_result", "retweeted_status_result", "legacy", "core", "card", "note_tweet"})


def is_answer(value: Object) -> bool:
    """Whether an object is a result, or has some in it as the answers of the web page do."""
    if is_result(value) or "tweet_results" in value:
        return True
    data = value.get("data")
    return isinstance(data, dict) and not {"id", "text"} & data.keys() and next(results(data), None) is not None


def is_result(value: Object) -> bool:
    """Whether an object is one tweet of the web page."""
    if isinstance(value.get("legacy"), dict):
        return "rest_id" in value and not _is_user(value)
    return value.get("__typename") == "TweetWithVisibilityResults" and isinstance(value.get("tweet"), dict)


def results(value: object, depth: int = MOST_DEPTH) -> Iterator[Object]:
    """The tweets in an answer, in its order."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from results(item, depth - 1)
    elif isinstance(value, dict):
        if is_result(value):
            yield value
            return
        for key, inside in value.items():
            if key not in _REFERRED and isinstance(inside, dict | list):
                yield from results(inside, depth - 1)


def status_of(result: Object) -> Object:
    """The result as a status of the API v1.1."""
    inner = result.get("tweet")
    if "legacy" not in result and isinstance(inner, dict):
        result = inner
    legacy = _object(result.get("legacy"))
    original = _object(_object(legacy.get("retweeted_status_result")).get("result"))
    note = _inside(result, "note_tweet", "note_tweet_results", "result")
    return {
        **{key: value for key, value in legacy.items() if key != "retweeted_status_result"},
        "id_str": legacy.get("id_str") or result.get("rest_id"),
        "user": _user(_inside(result, "core", "user_results", "result"), legacy.get("user_id_str")),
        "views": _object(result.get("views")),
        **({"extended_tweet": {"full_text": note["text"]}} if isinstance(note.get("text"), str) else {}),
        **({"retweeted_status": status_of(original)} if original and not _is_nested(original) else {}),
    }


def _is_nested(original: Object) -> bool:
    """Whether an original claims to be a retweet itself, which X has not."""
    return "retweeted_status_result" in _object(original.get("legacy"))


def _user(user: Object, identity: object) -> Object:
    # Newer answers keep names in `core`, older ones in `legacy`.
    legacy, core = _object(user.get("legacy")), _object(user.get("core"))
    verified = user.get("is_blue_verified") is True or _object(user.get("verification")).get("verified") is True
    return {**legacy, **core, "id_str": user.get("rest_id") or identity, "is_blue_verified": verified}


def _is_user(value: Object) -> bool:
    return value.get("__typename") == "User" or "screen_name" in _object(value.get("legacy"))


def _inside(value: Object, *keys: str) -> Object:
    for key in keys:
        value = _object(value.get(key))
    return value


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}
