"""What services put where a tweet should be, and charge for: that nothing was found, samples, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viral_assets.sources.parsers.remarks import NO_RESULTS

DEMO = "a demonstration item in place of a tweet"
ERROR = "an error in place of a tweet"

_TWEET_KEYS = frozenset({"text", "full_text", "fullText", "data", "legacy", "description", "content"})
# What an item consists of that means "nothing found", or that is shown in place of results.
_NOTHING = frozenset({"noResults", "no_results", "searchTerm", "query", "type", "id", "message", "url", "input"})
_OF_AN_EMPTY_SEARCH = frozenset({"noResults", "demo", "searchTerm", "query"})
_ERRORS = ("error", "error_code", "errorCode", "errorMessage", "error_message", "errorDescription", "warning_code")


def placeholder(value: Mapping[str, Any]) -> str | None:
    """The remark for an item that stands for no tweet; None for any other.

    Seen in datasets of Apify's Actors (``noResults``, ``demo``, ``mock_tweet`` with the id -1) and in Bright Data's
    records (``error``, ``error_code``).
    """
    if value.get("text") and "noResults" not in value and value.get("type") != "mock_tweet":
        return None
    if value.get("noResults") is True or value.get("no_results") is True:
        return NO_RESULTS
    empty = not any(map(value.get, _TWEET_KEYS))
    if value.get("type") == "mock_tweet" or (value.get("demo") is True and empty):
        return DEMO
    if empty:
        if any(isinstance(value.get(key), str) and value[key] for key in _ERRORS):
            return ERROR
        if not value.keys().isdisjoint(("noResults", "searchTerm", "query")) and value.keys() <= _NOTHING:
            return NO_RESULTS
    return NO_RESULTS if is_nothing(value) else None


def is_nothing(value: Mapping[str, Any]) -> bool:
    """Whether an item of Apify's says that there were no results, or is shown in place of some."""
    return value.get("noResults") is True or (bool(value) and value.keys() <= _OF_AN_EMPTY_SEARCH)
