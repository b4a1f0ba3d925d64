"""A post of the team's account as one source showed it, and somebody's answer to it. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from viral_assets.sources.tweet import Tweet
from viral_assets.store.posted_replies import COUNTS
from viral_assets.store.suggestion_keys import SuggestionKey

Counts = Mapping[str, int | None]
"""By the names of :data:`~viral_assets.store.posted_replies.COUNTS`; None for what the source does not say."""


@dataclass(frozen=True, slots=True)
class PostCounts:
    """What a post had brought.

    Args:
        at: when that was.
        source: SHA-256 (hex) of the file or the answer that says so.
        author_answered: whether the author of the tweet that it answers did; None where nobody knows.
    """

    at: datetime
    source: str
    counts: Counts = field(default_factory=dict)
    author_answered: bool | None = None

    @property
    def says_anything(self) -> bool:
        return self.author_answered is not None or any(count is not None for count in self.counts.values())

    @property
    def answered(self) -> bool | None:
        """As ``author_answered``; where nobody has answered, the author has not."""
        if self.author_answered is None and self.counts.get("reply_count") == 0:
            return False
        return self.author_answered


@dataclass(frozen=True, slots=True)
class OwnPost:
    """One post.

    Args:
        text: as it is at X; empty where the source does not have it.
        answers: the tweet that it replies to; None where the source does not say.
        named: the suggestion that somebody says it was.
    """

    post_id: str
    posted_at: datetime
    text: str = ""
    answers: str | None = None
    named: SuggestionKey | None = None
    seen: tuple[PostCounts, ...] = ()

    @property
    def has_replies(self) -> bool:
        """Somebody has answered it."""
        return any(look.counts.get("reply_count") for look in self.seen)


@dataclass(frozen=True, slots=True)
class AnswerSeen:
    """A post of somebody else that answers one which may be ours."""

    to: str
    handle: str
    author_id: str | None
    at: datetime
    source: str


def own_post(tweet: Tweet, *, at: datetime, source: str) -> OwnPost:
    """What a source of tweets says of a post.

    Args:
        at: when its counts were seen, where it does not say so.
    """
    seen = PostCounts(
        max(tweet.collected_at or at, tweet.created_at), source, {name: getattr(tweet, name) for name in COUNTS}
    )
    answers = tweet.refers_to.answers if tweet.refers_to else None
    return OwnPost(tweet.tweet_id, tweet.created_at, tweet.text, answers, None, (seen,) if seen.says_anything else ())


def answer_seen(tweet: Tweet, *, at: datetime, source: str) -> list[AnswerSeen]:
    """The answer that a post of somebody else is, where it is one."""
    to = tweet.refers_to.answers if tweet.refers_to else None
    when = max(tweet.collected_at or at, tweet.created_at)
    return [AnswerSeen(to, tweet.author_handle, tweet.author_id, when, source)] if to else []


def merged(posts: Iterable[OwnPost]) -> dict[str, OwnPost]:
    """Each post once, with all that its sources say, in whatever order they came."""
    in_order = sorted(posts, key=lambda each: (each.post_id, _sources(each), -len(each.text), each.text))
    return {post_id: _merged(list(same)) for post_id, same in groupby(in_order, key=lambda each: each.post_id)}


def _merged(posts: Sequence[OwnPost]) -> OwnPost:
    seen = sorted(
        {(look.at, look.source): look for each in posts for look in each.seen}.values(),
        key=lambda look: (look.at, look.source),
    )
    return replace(
        posts[0],
        posted_at=min(each.posted_at for each in posts),
        text=max((each.text for each in posts), key=lambda text: (len(text), text)),
        answers=next((each.answers for each in posts if each.answers), None),
        named=next((each.named for each in posts if each.named), None),
        seen=tuple(seen),
    )


def _sources(post: OwnPost) -> tuple[str, ...]:
    return tuple(look.source for look in post.seen)
