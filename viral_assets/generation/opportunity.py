"""A tweet that is worth a reply, with just what the prompt and the bookkeeping need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from viral_assets.context import NO_CONTEXT, Context

TweetKey = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One thing to ask about.

    ``suggestion_types`` are the names still wanted, in the project's order. ``window_start`` is aware and in UTC.
    ``context`` is what is known around the tweet.
    """

    project: str
    tweet_id: str
    window_start: datetime
    text: str
    topic: str
    suggestion_types: tuple[str, ...]
    author_handle: str = ""
    lang: str | None = None
    context: Context = NO_CONTEXT

    @property
    def key(self) -> TweetKey:
        return (self.project, self.tweet_id)
