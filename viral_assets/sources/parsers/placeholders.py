"""What services put where a tweet should be, and charge for: that nothing was found, samples, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viral_assets.sources.parsers.json_envelopes import any_object
from viral_assets.sources.parsers.remarks import NO_RESULTS

DEMO = "a demonstration item in place of a tweet"
ERROR = "an error in place of a tweet"

_TWEET_KEYS = frozenset({"text", "full_text", "fullText", "data", "legacy", "description", "content"})
# What an item consists of that means "nothing found", or that is shown in place of results.
_NOTHING = frozenset({"noResults", "no_results", "searchTerm", "query", "type", "id", "message", "url", "input"})
_OF_AN_EMPTY_SEARCH = frozenset({"noResults", "demo", "searchTerm", "query"})
_ERRORS = (
    *("error", "errors", "error_code", "errorCode", "errorMessage", "error_message", "errorDescription"),
    "warning_code",
)
_OF_AN_ERROR = frozenset(
    {
        *("message", "msg", "detail", "title", "type", "status", "status_code", "statusCode", "code", "success"),
        *("info", "reason", "required_enrollment", "registration_url", "client_id", "account_id"),
    }
)
"""What an answer consists of with which a service refuses: X's problems have a title and a detail, RapidAPI's a
message (``You are not subscribed to this API.``)."""
_BESIDE_AN_ERROR = frozenset({*_ERRORS, "input", "discovery_input", "meta"})
"""Keys under which there may be an object or a list: what was asked for. Apify has more, that begin with ``#``."""
_DEPTH_OF_TWEETS = 20
_SAID = frozenset({"message", "msg", "detail"})


def placeholder(value: Mapping[str, Any]) -> str | None:
    """The remark for an item that stands for no tweet; None for any other.

    Seen in datasets of Apify's Actors (``noResults``, ``demo``, ``mock_tweet`` with the id -1), in Bright Data's
    records (``error``, ``error_code``), and as whole files: answers with which X, twitterapi.io and RapidAPI refuse.
    """
    if value.get("text") and "noResults" not in value and value.get("type") != "mock_tweet":
        return None
    if value.get("noResults") is True or value.get("no_results") is True:
        return NO_RESULTS
    empty = not any(map(value.get, _TWEET_KEYS))
    if value.get("type") == "mock_tweet" or (value.get("demo") is True and empty):
        return DEMO
    if empty:
        said = any(_is_error(value[key]) for key in _ERRORS if key in value)
        if (said and not _has_content(value)) or _is_refusal(value):
            return ERROR
        if not value.keys().isdisjoint(("noResults", "searchTerm", "query")) and value.keys() <= _NOTHING:
            return NO_RESULTS
    return NO_RESULTS if is_nothing(value) else None


def is_nothing(value: Mapping[str, Any]) -> bool:
    """Whether an item of Apify's says that there were no results, or is shown in place of some."""
    return value.get("noResults") is True or (bool(value) and value.keys() <= _OF_AN_EMPTY_SEARCH)


def _is_error(said: Any) -> bool:
    """Whether what stands where an error should be is one: its text, its number, or an object with both."""
    return bool(said) and (said is True or isinstance(said, str | dict | list) or type(said) is int)


def _has_content(value: Mapping[str, Any]) -> bool:
    """Whether something stands beside the error that may be tweets."""
    return any(
        any_object(inside, _has_text, _DEPTH_OF_TWEETS)
        for key, inside in value.items()
        if key not in _BESIDE_AN_ERROR and not key.startswith("#")
    )


def _has_text(value: Mapping[str, Any]) -> bool:
    """Whether an object has what a tweet has."""
    return any(map(value.get, _TWEET_KEYS - {"data"}))


def _is_refusal(value: Mapping[str, Any]) -> bool:
    return value.keys() <= _OF_AN_ERROR and any(isinstance(value.get(key), str) for key in _SAID)
