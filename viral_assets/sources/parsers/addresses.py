"""What the address of a post says: of which service it is.

How the id and the author are read from an address is in ``fields``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from viral_assets.sources.parsers.column_names import plain_name

_HOST = re.compile(r"^\s*(?:https?:)?(?://)?(?:[\w-]+@)?([\w-]+(?:\.[\w-]+)+)(?:[:/?#]|$)", re.IGNORECASE)

_SERVICES = {
    **dict.fromkeys(("threads.net", "threads.com"), "Threads"),
    **dict.fromkeys(("linkedin.com", "lnkd.in"), "LinkedIn"),
    **dict.fromkeys(("facebook.com", "fb.com", "fb.watch"), "Facebook"),
    **dict.fromkeys(("instagram.com", "instagr.am"), "Instagram"),
    **dict.fromkeys(("bsky.app", "bsky.social"), "Bluesky"),
    **dict.fromkeys(("reddit.com", "redd.it"), "Reddit"),
    **dict.fromkeys(("youtube.com", "youtu.be"), "YouTube"),
    **dict.fromkeys(("vk.com", "vk.ru"), "VK"),
    "tiktok.com": "TikTok",
    "truthsocial.com": "Truth Social",
    "weibo.com": "Weibo",
    "tumblr.com": "Tumblr",
    "t.me": "Telegram",
    "gab.com": "Gab",
}
_MASTODON = re.compile(r"^(?:https?://)?[\w.-]+/(?:@[\w.@-]+|users/\w+/statuses)/\d{15,}", re.IGNORECASE)

_NO_HOST = {"at://": "Bluesky", "did:plc:": "Bluesky", "did:web:": "Bluesky", "urn:li:": "LinkedIn"}
"""What names a post, or who wrote it, without a host: AT URIs (https://atproto.com/specs/at-uri-scheme), DIDs, URNs."""

_ADDRESS_NAMES = ("url", "uri", "link", "address", "href")
_EXACTLY = frozenset({"did", "urn", "authordid"})
_OF_OTHER_THINGS = (
    *("user", "author", "profile", "account", "avatar", "bio", "website", "media", "image", "photo", "picture"),
    *("video", "thumb", "expanded", "external", "quot", "parent", "reply"),
)
"""In names of columns with other addresses than that of the row's own post."""


def is_of_the_post(column: str) -> bool:
    """Whether a column is called as one with the address of its row's post is."""
    name = plain_name(column)
    return name in _EXACTLY or (
        any(word in name for word in _ADDRESS_NAMES) and not any(word in name for word in _OF_OTHER_THINGS)
    )


def service_in(addresses: Iterable[str]) -> str | None:
    """The service of the first address that tells one; None where none does."""
    return next(filter(None, map(service_of, addresses)), None)


def service_of(address: str) -> str | None:
    """The service that an address is of, by its host; None for X and for hosts nobody has told us about."""
    start = address.lstrip()[:8].lower()
    if named := next((of for beginning, of in _NO_HOST.items() if start.startswith(beginning)), None):
        return named
    found = _HOST.match(address)
    if found is None:
        return None
    labels = found[1].lower().split(".")
    for first in range(len(labels) - 1):
        if service := _SERVICES.get(".".join(labels[first:])):
            return service
    return "Mastodon" if _MASTODON.match(address.strip()) else None
