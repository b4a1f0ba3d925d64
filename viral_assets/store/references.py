"""What tweets refer to: kept with each tweet, the posts themselves once however many tweets refer to them.

A post that is a tweet of ours is read where the tweets are. What was seen last counts, so that a post that somebody has
deleted is gone here, too, its text with it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from viral_assets.context import DELETED, MISSING, PICTURES, PRESENT, Context, Post, References
from viral_assets.hours import HourRange
from viral_assets.store.bulk import in_parts, one_of, serialise_writers, upsert, upsert_columns
from viral_assets.store.conditions import within
from viral_assets.store.forgotten import Subject, anything_forgotten, forgotten_among, subject_conditions
from viral_assets.store.tables import referenced_posts, tweet_references, tweets

Found = tuple[str, datetime, References]
"""A tweet's id, when its record was made, and what that says."""

Link = tuple[str | None, str | None, tuple[str, ...]]
"""What a tweet answers and quotes, and what its pictures show."""


def save_references(connection: sa.Connection, found: Sequence[Found]) -> None:
    """Keep what tweets refer to, and the posts that have come along. An id or a description that an earlier record had
    and a later one lacks stays.
    """
    found = _of_stored_tweets(connection, found)
    if not found:
        return
    serialise_writers(connection, tweet_references)
    known = _stored(connection, [tweet_id for tweet_id, _, _ in found])
    links = dict(known)
    for tweet_id, _, references in found:
        link, before = references[:3], links.get(tweet_id)
        links[tweet_id] = link if before is None else _joined(link, before)
    changed = sorted(tweet_id for tweet_id, link in links.items() if link != known.get(tweet_id))
    answers, quotes, alt_texts = zip(*map(links.__getitem__, changed), strict=True) if changed else ((), (), ())
    columns = {"tweet_id": changed, "answers_id": answers, "quotes_id": quotes}
    upsert_columns(connection, tweet_references, {**columns, "alt_texts": list(map(_written, alt_texts))})
    save_posts(connection, [(post, seen_at) for _, seen_at, references in found for post in references.posts])


def save_posts(connection: sa.Connection, seen: Iterable[tuple[Post, datetime]]) -> None:
    """Keep posts as they were seen at a time, which is aware; of several looks at one the last counts. Of what was to
    be forgotten nothing is kept but that it is gone.
    """
    seen = list(seen)
    forgotten = forgotten_among(
        connection,
        {
            "tweet_id": [post.post_id for post, _ in seen],
            "author_id": [post.author_id for post, _ in seen],
            "author_handle": [post.author_handle for post, _ in seen],
        },
    )
    seen = [(_gone(post), at) if number in forgotten else (post, at) for number, (post, at) in enumerate(seen)]
    latest: dict[str, tuple[Post, datetime]] = {}
    for post, at in seen:
        if post.post_id and (post.post_id not in latest or at >= latest[post.post_id][1]):
            latest[post.post_id] = (post, at)
    if not latest:
        return
    serialise_writers(connection, referenced_posts)
    table = referenced_posts.c
    query = sa.select(table.post_id, table.seen_at).where(one_of(connection, table.post_id, list(latest)))
    known = {row.post_id: row.seen_at for row in connection.execute(query)}
    rows = [
        _row(post, at) for post_id, (post, at) in sorted(latest.items()) if post_id not in known or known[post_id] < at
    ]
    if rows:
        upsert(connection, referenced_posts, rows)


class KnownPost(NamedTuple):
    """A post that tweets refer to, and what is known of it."""

    post_id: str
    author_id: str | None
    author_handle: str
    text: str


class Referring(NamedTuple):
    """A tweet that answers or quotes a post."""

    tweet_id: str
    window_start: datetime


def posts_of(connection: sa.Connection, subjects: Iterable[Subject]) -> list[KnownPost]:
    """The posts of these names of which anything is known."""
    table = referenced_posts.c
    known = sa.or_(table.state != DELETED, table.author_handle != "", table.author_id.is_not(None))
    wanted = sa.select(*(table[name] for name in KnownPost._fields)).where(known)
    found = {
        row.post_id: KnownPost(*row)
        for of_these in subject_conditions(connection, subjects, referenced_posts, table.post_id)
        for row in connection.execute(wanted.where(of_these))
    }
    return list(found.values())


def drop_posts(connection: sa.Connection, post_ids: Sequence[str]) -> None:
    """Keep of these posts nothing but that they are gone."""
    gone = {"author_id": None, "author_handle": "", "text": "", "alt_texts": "", "state": DELETED}
    for of_these in in_parts(connection, referenced_posts.c.post_id, post_ids):
        connection.execute(sa.update(referenced_posts).where(of_these).values(**gone))


def referring_to(connection: sa.Connection, post_ids: Sequence[str]) -> list[Referring]:
    """Tweets that answer or quote one of these posts."""
    query = sa.select(tweets.c.tweet_id, tweets.c.window_start).join_from(
        tweet_references, tweets, tweet_references.c.tweet_id == tweets.c.tweet_id
    )
    return [
        Referring(*row)
        for link in (tweet_references.c.answers_id, tweet_references.c.quotes_id)
        for of_these in in_parts(connection, link, post_ids)
        for row in connection.execute(query.where(of_these))
    ]


def _gone(post: Post) -> Post:
    return Post(post.post_id, state=DELETED)


def _of_stored_tweets(connection: sa.Connection, found: Sequence[Found]) -> Sequence[Found]:
    """All but those of tweets that were passed over, since they were to be forgotten."""
    if not found or not anything_forgotten(connection):
        return found
    ids = [tweet_id for tweet_id, _, _ in found]
    stored = set(connection.scalars(sa.select(tweets.c.tweet_id).where(one_of(connection, tweets.c.tweet_id, ids))))
    return [each for each in found if each[0] in stored]


def read_contexts(connection: sa.Connection, tweet_ids: Collection[str]) -> dict[str, Context]:
    """What is known around each of the tweets that have any context, but for what their authors were told."""
    of_these = one_of(connection, tweets.c.tweet_id, list(dict.fromkeys(tweet_ids)))
    refers = sa.or_(tweets.c.is_reply, tweets.c.is_quote, tweet_references.c.tweet_id.is_not(None))
    return _contexts(connection, _links().where(of_these, refers))


def read_contexts_of(connection: sa.Connection, window: HourRange) -> dict[str, Context]:
    """The same of all tweets of some hours that refer to anything by id or describe a picture."""
    return _contexts(connection, _links().where(*within(tweets, window), tweet_references.c.tweet_id.is_not(None)))


def _contexts(connection: sa.Connection, query: sa.Select[Any]) -> dict[str, Context]:
    links = list(connection.execute(query))
    ids = {post_id for link in links for post_id in (link.answers_id, link.quotes_id) if post_id}
    posts = _read_posts(connection, sorted(ids))
    found: dict[str, Context] = {}
    for link in links:
        answers, quotes = (
            _as_seen_by(link, posts.get(post_id or "") or Post(post_id, state=MISSING)) if post_id or there_is else None
            for post_id, there_is in ((link.answers_id, link.is_reply), (link.quotes_id, link.is_quote))
        )
        if context := Context(answers, quotes, _read_texts(link.alt_texts)):
            found[link.tweet_id] = context
    return found


def posts_to_look_up(connection: sa.Connection, tweet_ids: Sequence[str]) -> list[str]:
    """Ids of the posts that these tweets answer or quote and of which nothing is known, in the order of the tweets. One
    that was looked for in vain is known to be missing."""
    links = _stored(connection, tweet_ids)
    wanted = (links[tweet_id] for tweet_id in tweet_ids if tweet_id in links)
    ids = list(dict.fromkeys(post_id for link in wanted for post_id in link[:2] if post_id))
    known = _read_posts(connection, ids)
    return [post_id for post_id in ids if post_id not in known]


def forget_unreferenced(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Take out the posts that no tweet refers to any more, and return their rows."""
    links = (tweet_references.c.answers_id, tweet_references.c.quotes_id)
    still = sa.union(*(sa.select(link).where(link.is_not(None)) for link in links))
    gone = sa.delete(referenced_posts).where(referenced_posts.c.post_id.not_in(still)).returning(referenced_posts)
    return connection.execute(gone).all()


def _links() -> sa.Select[Any]:
    """Tweets, with what they refer to."""
    tweet, link = tweets.c, tweet_references.c
    return (
        sa.select(
            *(tweet.tweet_id, tweet.is_reply, tweet.is_quote, tweet.author_id, tweet.author_handle),
            *(link.answers_id, link.quotes_id, link.alt_texts),
        )
        .join_from(tweets, tweet_references, link.tweet_id == tweet.tweet_id, isouter=True)
        .where(~tweet.is_retweet)
    )


def _read_posts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Post]:
    """Those that are known, and those that are known to be gone or missing."""
    if not ids:
        return {}
    kept = {
        row.post_id: row
        for row in connection.execute(
            sa.select(referenced_posts).where(one_of(connection, referenced_posts.c.post_id, ids))
        )
    }
    found = {
        post_id: Post(post_id, row.author_handle, row.text, _read_texts(row.alt_texts), row.state, row.author_id)
        for post_id, row in kept.items()
    }
    tweet, link = tweets.c, tweet_references.c
    ours = (
        sa.select(tweet.tweet_id, tweet.author_handle, tweet.author_id, tweet.text, tweet.collected_at, link.alt_texts)
        .join_from(tweets, tweet_references, link.tweet_id == tweet.tweet_id, isouter=True)
        .where(one_of(connection, tweet.tweet_id, ids))
    )
    for row in connection.execute(ours):
        other = kept.get(row.tweet_id)
        if other is None or other.state == PRESENT or other.seen_at <= row.collected_at:
            alt_texts = _read_texts(row.alt_texts) or (found[row.tweet_id].alt_texts if other is not None else ())
            found[row.tweet_id] = Post(row.tweet_id, row.author_handle, row.text, alt_texts, author_id=row.author_id)
    return found


def _as_seen_by(tweet: sa.Row[Any], post: Post) -> Post:
    """Whether the tweet's own author wrote the post: by id, else by handle."""
    if tweet.author_id and post.author_id:
        same = tweet.author_id == post.author_id
    else:
        same = bool(post.author_handle) and tweet.author_handle.lower() == post.author_handle.lower()
    return replace(post, same_author=same)


def _joined(link: Link, before: Link) -> Link:
    answers, quotes, alt_texts = link
    pictures = tuple(dict.fromkeys((*before[2], *alt_texts)))[:PICTURES]
    return answers or before[0], quotes or before[1], pictures


def _stored(connection: sa.Connection, tweet_ids: Sequence[str]) -> dict[str, Link]:
    query = sa.select(tweet_references).where(one_of(connection, tweet_references.c.tweet_id, tweet_ids))
    return {
        row.tweet_id: (row.answers_id, row.quotes_id, _read_texts(row.alt_texts)) for row in connection.execute(query)
    }


def _row(post: Post, at: datetime) -> dict[str, Any]:
    known = post.state == PRESENT
    return {
        "post_id": post.post_id,
        "author_id": post.author_id,
        "author_handle": post.author_handle,
        "text": post.text if known else "",
        "alt_texts": _written(post.alt_texts if known else ()),
        "state": post.state,
        "seen_at": at,
    }


def _written(texts: Sequence[str]) -> str:
    return json.dumps(texts, ensure_ascii=False) if texts else ""


def _read_texts(written: str | None) -> tuple[str, ...]:
    return tuple(json.loads(written)) if written else ()
