"""Tweets as X's own web page loads them (GraphQL answers), which many scrapers keep as they are.

A result becomes a status of the API v1.1, which its ``legacy`` part nearly is; how a status is read is in
``x_api_v1``. Quoted and retweeted originals are merely referred to, and the quoted ones kept as that. Posts that
somebody paid to have shown in a timeline (``promotedMetadata`` beside the result) are marked as that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any

from viral_assets.sources.base import Record
from viral_assets.sources.parsers import x_api_v1
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.json_shapes import CERTAIN
from viral_assets.sources.parsers.times import Times

Object = Mapping[str, Any]

MOST_DEPTH = 40
"""Of objects and lists around a result; an answer has about twenty."""

_NOT_PAID: Object = {}
_REFERRED = frozenset({"quoted_status_result", "retweeted_status_result", "legacy", "core", "card", "note_tweet"})


_OF_TWEETS = frozenset({"id", "text", "id_str", "full_text", "fullText"})
_AROUND_TWEETS = frozenset({"includes", "meta", "author", "user"})
"""What other formats have beside tweets. Services keep the page's answer under any key: data, result, response."""
_LISTS = frozenset({"instructions", "entries", "moduleItems"})
"""Parts of an answer that are lists, which may be kept by themselves. The items of others are looked at one by one."""

MAPPING = {**x_api_v1.MAPPING, "text": "the longer of legacy.full_text and note_tweet"}


def confidence_in(value: object) -> float:
    """By results, whose nesting nothing else has."""
    return CERTAIN if isinstance(value, dict) and is_answer(value) else 0.0


def _by_keys(keys: Set[str]) -> float:
    """One answer may be larger than the beginning of a file that is looked at."""
    return 1.0 if "tweet_results" in keys or keys >= {"rest_id", "legacy", "core"} else 0.0


def probe(head: FileHead) -> float:
    """How sure it is that a file begins with answers of the web page, or with results out of them."""
    return json_confidence(head, confidence_in, by_keys=_by_keys)


class WebPage:
    """Turns parsed answers and results into records.

    Args:
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
    """

    def __init__(self, times: Times, remarks: Counter[str]) -> None:
        self._statuses = x_api_v1.StatusV1(times, remarks)
        self._remarks = remarks

    def records(self, value: object, locator: str) -> Iterator[Record]:
        """The records of one answer.

        Args:
            locator: where the value is in its source.
        """
        found = list(results(value))
        for number, result in enumerate(found, 1):
            place = f"{locator}, tweet {number}" if len(found) > 1 else locator
            yield self._statuses.record(status_of(result), place)
        if not found:
            self._remarks["tweet that the page has not shown"] += 1


def is_answer(value: Object) -> bool:
    """Whether an object is a result, or has some in it as the answers of the web page do, whatever is around them."""
    if is_result(value) or "tweet_results" in value:
        return True
    if not value.keys().isdisjoint(_OF_TWEETS):
        return False
    return any(
        next(results(item), None) is not None
        for key, inside in value.items()
        if key not in _AROUND_TWEETS
        for item in (inside if isinstance(inside, list) and key in _LISTS else [inside])
        if isinstance(item, dict) and item.keys().isdisjoint(_OF_TWEETS)
    )


def is_result(value: Object) -> bool:
    """Whether an object is one tweet of the web page."""
    if isinstance(value.get("legacy"), dict):
        return "rest_id" in value and not _is_user(value)
    return value.get("__typename") == "TweetWithVisibilityResults" and isinstance(value.get("tweet"), dict)


def results(value: object, depth: int = MOST_DEPTH, paid: Object = _NOT_PAID) -> Iterator[Object]:
    """The tweets in an answer, in its order.

    Args:
        paid: what says that somebody paid to have these shown, which is put into each.
    """
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from results(item, depth - 1, paid)
    elif isinstance(value, dict):
        if is_result(value):
            yield {**value, **paid} if paid else value
            return
        if "tweet_results" in value:
            paid = {key: value[key] for key in x_api_v1.PROMOTED_KEYS if value.get(key)}
        for key, inside in value.items():
            if key not in _REFERRED and isinstance(inside, dict | list):
                yield from results(inside, depth - 1, paid)


def status_of(result: Object) -> Object:
    """The result as a status of the API v1.1."""
    inner, paid = result.get("tweet"), {key: result[key] for key in x_api_v1.PROMOTED_KEYS if key in result}
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
        **_quoted(result, legacy),
        **paid,
    }


def _quoted(result: Object, legacy: Object) -> Object:
    """The quoted post as a status holds it, without what it quotes itself; or what stands in the place of one that is
    gone."""
    quoted = _inside(result, "quoted_status_result", "result")
    if not quoted:
        return {}
    if is_result(quoted):
        return {"quoted_status": status_of({**quoted, "quoted_status_result": None})}
    said = _inside(quoted, "tombstone", "text").get("text")
    identity = legacy.get("quoted_status_id_str")
    return {"quoted_status": {"__typename": "TweetTombstone", "id_str": identity, "text": said}}


def _is_nested(original: Object) -> bool:
    """Whether an original claims to be a retweet itself, which X has not."""
    return "retweeted_status_result" in _object(original.get("legacy"))


def _user(user: Object, identity: object) -> Object:
    # Newer answers keep names in `core`, older ones in `legacy`.
    legacy, core = _object(user.get("legacy")), _object(user.get("core"))
    verification = _object(user.get("verification"))
    verified = (
        user.get("is_blue_verified") is True
        or verification.get("verified") is True
        or bool(verification.get("verified_type"))
    )
    # Answers of 2026 keep followers beside both.
    followers = _object(user.get("relationship_counts")).get("followers", legacy.get("followers_count"))
    return {
        **legacy,
        **core,
        "id_str": user.get("rest_id") or identity,
        "is_blue_verified": verified,
        "followers_count": followers,
    }


def _is_user(value: Object) -> bool:
    return value.get("__typename") == "User" or "screen_name" in _object(value.get("legacy"))


def _inside(value: Object, *keys: str) -> Object:
    for key in keys:
        value = _object(value.get(key))
    return value


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


FORMAT = JsonFormat("X web page (GraphQL)", MAPPING, probe, confidence_in, WebPage)
