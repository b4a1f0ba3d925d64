"""What objects of JSON say of an author, under the names that the API, X's page and services have for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viral_assets.sources.parsers.fields import handle

Object = Mapping[str, Any]

_HANDLES = ("username", "screen_name", "userName", "screenName", "user_name")
_FOLLOWERS = ("followers_count", "followers", "followersCount", "follower_count")
_OTHER_MARKS = frozenset({"blue", "is_blue_verified", "isBlueVerified", "isVerified", "is_verified", "blue_verified"})
_VERIFIED_TYPES = ("blue", "business", "government")
_COUNTED = (("public_metrics", "followers_count"), ("relationship_counts", "followers"))
"""Of the API v2, and of X's web page in 2026."""


def author_handle(author: Object) -> str:
    """Without ``@``; empty where there is none."""
    # Said of every record, most of which have the first one.
    return handle(author.get("username")) or next((found for key in _HANDLES if (found := handle(author.get(key)))), "")


def author_followers(author: Object) -> object:
    """As it is written; None where nothing is."""
    for key, name in _COUNTED:
        counted = author.get(key)
        if isinstance(counted, dict) and (count := counted.get(name)) is not None:
            return count
    return next((found for key in _FOLLOWERS if (found := author.get(key)) is not None), None)


def is_verified(author: Object) -> bool:
    """Whether it has a check mark of any kind: a blue one counts whatever ``verified: false`` says."""
    return (
        author.get("verified") is True
        or author.get("verified_type") in _VERIFIED_TYPES
        or ("verification" in author and _is_verified(author["verification"]))
        or (not _OTHER_MARKS.isdisjoint(author) and any(author.get(key) is True for key in _OTHER_MARKS))
    )


def _is_verified(verification: object) -> bool:
    """The same of what X's web page has beside the author's names."""
    if not isinstance(verification, dict):
        return False
    kind = verification.get("verified_type")
    return verification.get("verified") is True or (isinstance(kind, str) and kind.lower() in _VERIFIED_TYPES)
