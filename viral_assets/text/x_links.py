"""Links to X: the tweet, its author, and the composer prefilled with a reply.

X forbids automated replies, so a link is as far as this project goes: the composer opens with the text, and a person
reads it, changes it and posts it. Nothing here talks to X.
"""

from __future__ import annotations

import re
from urllib.parse import quote

COMPOSER = "https://x.com/intent/post"

# X's own rule is 4 to 15 of these; some old accounts have up to 20.
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,20}", re.ASCII)


def handle_in(written: str) -> str | None:
    """The handle that a person wrote, with or without its ``@``; None for what cannot be one."""
    bare = written.strip().removeprefix("@")
    return bare if _HANDLE.fullmatch(bare) else None


def _quoted(text: str) -> str:
    if text.isascii() and text.isalnum():  # as ids are: nothing in it to quote
        return text
    # A lone surrogate is no character and cannot be sent; everything else survives the round trip.
    return quote(text, safe="", errors="replace")


def composer_link(tweet_id: str, text: str = "") -> str:
    """Open X's composer as a reply to ``tweet_id``, prefilled with ``text`` (every character of it quoted).

    Without a text the composer opens empty. Source: X's "Post button" documentation, parameters of the web intent.
    """
    link = f"{COMPOSER}?in_reply_to={_quoted(tweet_id)}"
    return f"{link}&text={_quoted(text)}" if text else link


def tweet_link(tweet_id: str, author_handle: str) -> str:
    """The tweet's page. What is not a possible handle is not put into the address: X finds the tweet without it."""
    handle = author_handle if _HANDLE.fullmatch(author_handle) else "i"
    return f"https://x.com/{handle}/status/{_quoted(tweet_id)}"


def profile_link(author_handle: str) -> str | None:
    """The author's page, or None for what cannot be a handle."""
    return f"https://x.com/{author_handle}" if _HANDLE.fullmatch(author_handle) else None
