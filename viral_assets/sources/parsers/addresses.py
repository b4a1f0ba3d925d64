"""What the address of a post says: of which service it is.

How the id and the author are read from an address is in ``fields``.
"""

from __future__ import annotations

import re

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


def service_of(address: str) -> str | None:
    """The service that an address is of, by its host; None for X and for hosts nobody has told us about."""
    found = _HOST.match(address)
    if found is None:
        return None
    labels = found[1].lower().split(".")
    for first in range(len(labels) - 1):
        if service := _SERVICES.get(".".join(labels[first:])):
            return service
    return "Mastodon" if _MASTODON.match(address.strip()) else None
