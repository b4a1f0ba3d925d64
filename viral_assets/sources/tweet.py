"""The tweet as the rest of the project knows it, whatever file or API it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from viral_assets.context import References
from viral_assets.hours import floor_hour
from viral_assets.text.hashing import text_hash


@dataclass(frozen=True, slots=True)
class Tweet:
    """One tweet with its metrics as seen at ``collected_at``.

    Times are aware and in UTC. Counts are non-negative, and None where the source does not have them, which is not the
    same as 0. A ``view_count`` of 0 beside likes, replies or retweets is unknown too: X's API gives it of posts from
    before it counted views, and gallery-dl wherever it finds none. ``lang`` is None where absent (``und`` is kept as it
    came).
    ``is_promoted``: somebody paid to have it shown where it was found.
    ``refers_to`` is None where the record names no post that the tweet answers or quotes, and describes no picture.
    ``collected_at`` is None until the reader of the whole file knows it; it is set before a tweet is stored.
    """

    tweet_id: str
    created_at: datetime
    text: str
    author_handle: str
    collected_at: datetime | None = None
    author_id: str | None = None
    author_name: str | None = None
    author_followers: int | None = None
    author_verified: bool = False
    lang: str | None = None
    is_retweet: bool = False
    is_reply: bool = False
    is_quote: bool = False
    is_promoted: bool = False
    like_count: int | None = None
    reply_count: int | None = None
    retweet_count: int | None = None
    quote_count: int | None = None
    view_count: int | None = None
    bookmark_count: int | None = None
    conversation_id: str | None = None
    refers_to: References | None = None
    text_sha256: str = field(init=False)
    window_start: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text_sha256", text_hash(self.text))
        object.__setattr__(self, "window_start", floor_hour(self.created_at))
        if self.view_count == 0 and (self.like_count or self.reply_count or self.retweet_count):
            object.__setattr__(self, "view_count", None)

    @property
    def url(self) -> str:
        return f"https://x.com/{self.author_handle or 'i'}/status/{self.tweet_id}"
