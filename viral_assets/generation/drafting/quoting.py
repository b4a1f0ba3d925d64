"""What a prompt quotes: tweets, and what they stand in. Each text is cut and cleaned here; that it stays inside one
JSON string is up to ``prompt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from viral_assets.context import STATE_WORDS, Context, Post
from viral_assets.text.cleaning import text_for_prompt

MAX_TWEET_CHARACTERS = 2_000
"""A long post is cut here: its beginning is enough to reply to, and every further word costs tokens."""

MAX_REFERRED_CHARACTERS = 600
"""Of a post that a tweet answers or quotes: enough to know what it is about."""

MAX_PICTURE_CHARACTERS = 300
"""Of the description of a picture."""

MAX_TOLD_CHARACTERS = 300
"""Of the latest reply that the author has had from the team."""


def around(context: Context) -> dict[str, Any]:
    """What a tweet's object says of what the tweet stands in; nothing where nothing is known."""
    # Not "answers": the answer says of each tweet whether it should be answered.
    names = {"answers": "replies_to", "quotes": "quotes"}
    said: dict[str, Any] = {names[how]: _referred(post) for how, post in context.posts}
    if context.alt_texts:
        said["pictures"] = _pictures(context.alt_texts)
    if context.told:
        said["we_told_them"] = quoted(context.told[0], MAX_TOLD_CHARACTERS)
    return said


def _referred(post: Post) -> dict[str, Any] | str:
    if not post.known:
        return STATE_WORDS[post.state]
    by = "the same person" if post.same_author else f"@{post.author_handle}" if post.author_handle else "someone"
    pictures = {"pictures": _pictures(post.alt_texts)} if post.alt_texts else {}
    return {"by": by, "text": quoted(post.text, MAX_REFERRED_CHARACTERS), **pictures}


def _pictures(alt_texts: Sequence[str]) -> list[str]:
    return [quoted(text, MAX_PICTURE_CHARACTERS) for text in alt_texts]


def quoted(text: str, most: int = MAX_TWEET_CHARACTERS) -> str:
    """A text as a model reads it: on one line, without what nobody sees, and not endless."""
    text = text_for_prompt(text)
    return text if len(text) <= most else text[: most - 1] + "…"
