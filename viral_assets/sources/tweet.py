"""The tweet as the rest of the project knows it, whatever file or API it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from viral_assets.context import References
from viral_assets.hours import floor_hour
from viral_assets.text.hashing import text_hash


class _Row(NamedTuple):
    """In the order of the columns of the table ``tweets``; ``refers_to`` goes to tables of its own."""

    tweet_id: str
    window_start: datetime
    created_at: datetime
    collected_at: datetime | None
    author_id: str | None
    author_handle: str
    author_name: str | None
    author_followers: int | None
    author_verified: bool
    text: str
    text_sha256: str
    lang: str | None
    is_retweet: bool
    is_reply: bool
    is_quote: bool
    like_count: int | None
    reply_count: int | None
    retweet_count: int | None
    quote_count: int | None
    view_count: int | None
    bookmark_count: int | None
    conversation_id: str | None
    is_promoted: bool
    refers_to: References | None


class Tweet(_Row):
    """One tweet with its metrics as seen at ``collected_at``. A tuple, since a file has millions of them.

    Times are aware and in UTC. Counts are non-negative, and None where the source does not have them, which is not the
    same as 0. A ``view_count`` of 0 beside likes, replies or retweets is unknown too: X's API gives it of posts from
    before it counted views, and gallery-dl wherever it finds none. ``lang`` is None where absent (``und`` is kept as it
    came).
    ``is_promoted``: somebody paid to have it shown where it was found.
    ``refers_to`` is None where the record names no post that the tweet answers or quotes, and describes no picture.
    ``collected_at`` is None until the reader of the whole file knows it; it is set before a tweet is stored.
    ``text_sha256`` and ``window_start`` follow from ``text`` and ``created_at``, so these two are not to be replaced.
    """

    __slots__ = ()

    def __new__(
        cls,
        *,
        tweet_id: str,
        created_at: datetime,
        text: str,
        author_handle: str,
        collected_at: datetime | None = None,
        author_id: str | None = None,
        author_name: str | None = None,
        author_followers: int | None = None,
        author_verified: bool = False,
        lang: str | None = None,
        is_retweet: bool = False,
        is_reply: bool = False,
        is_quote: bool = False,
        is_promoted: bool = False,
        like_count: int | None = None,
        reply_count: int | None = None,
        retweet_count: int | None = None,
        quote_count: int | None = None,
        view_count: int | None = None,
        bookmark_count: int | None = None,
        conversation_id: str | None = None,
        refers_to: References | None = None,
    ) -> Tweet:
        if view_count == 0 and (like_count or reply_count or retweet_count):
            view_count = None
        values: tuple[Any, ...] = (
            *(tweet_id, floor_hour(created_at), created_at, collected_at),
            *(author_id, author_handle, author_name, author_followers, author_verified),
            *(text, text_hash(text), lang, is_retweet, is_reply, is_quote),
            *(like_count, reply_count, retweet_count, quote_count, view_count, bookmark_count),
            *(conversation_id, is_promoted, refers_to),
        )
        return cls._make(values)

    @property
    def url(self) -> str:
        return f"https://x.com/{self.author_handle or 'i'}/status/{self.tweet_id}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._make, (tuple(self),)
