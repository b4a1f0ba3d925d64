"""What is stored of posts: rows of ``posted_replies`` and ``reply_snapshots``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from viral_assets.posted.claims import Claim
from viral_assets.posted.own_post import AnswerSeen, OwnPost, PostCounts
from viral_assets.store.posted_replies import COUNTS
from viral_assets.store.suggestion_keys import SuggestionKey

Row = dict[str, Any]


def reply_row(claim: Claim, now: datetime) -> Row:
    """A reply that is known now."""
    key, post = claim.draft.key, claim.post
    return {
        "reply_id": post.post_id,
        "project": key.project,
        "tweet_id": key.tweet_id,
        "suggestion_type": key.suggestion_type,
        "posted_at": post.posted_at,
        "text": post.text,
        "found_by": claim.found.by,
        "noted_at": now,
        "gone_at": None,
    }


def snapshot_rows(mine: Mapping[str, OwnPost], belonging: Mapping[str, SuggestionKey]) -> list[Row]:
    """What posts had brought.

    Args:
        mine: by id.
        belonging: of each that is a reply, the suggestion that it is.
    """
    rows = {
        (name, look.source): _snapshot(name, belonging[name], look)
        for name, post in sorted(mine.items())
        if name in belonging
        for look in post.seen
    }
    return list(rows.values())


def with_answers(
    rows: Iterable[Row],
    answers: Iterable[AnswerSeen],
    belonging: Mapping[str, SuggestionKey],
    authors: Mapping[str, tuple[str, str | None]],
) -> list[Row]:
    """Those rows, and that the authors of tweets have answered.

    Args:
        authors: handle, in small letters, and id, by tweet.
    """
    found = {(row["reply_id"], row["source"]): row for row in rows}
    for answer in sorted(answers, key=lambda each: (each.to, each.source, each.at)):
        key = belonging.get(answer.to)
        if key is not None and _is_author(answer, *authors.get(key.tweet_id, ("", None))):
            seen = PostCounts(answer.at, answer.source, author_answered=True)
            found.setdefault((answer.to, answer.source), _snapshot(answer.to, key, seen))["author_answered"] = True
    return list(found.values())


def _is_author(answer: AnswerSeen, handle: str, author_id: str | None) -> bool:
    """By id; by handle where one of the two is not known."""
    if answer.author_id and author_id:
        return answer.author_id == author_id
    return bool(handle) and answer.handle.casefold() == handle


def _snapshot(reply_id: str, key: SuggestionKey, look: PostCounts) -> Row:
    counts = {name: look.counts.get(name) for name in COUNTS}
    place = {"reply_id": reply_id, "collected_at": look.at, "source": look.source, "tweet_id": key.tweet_id}
    return {**place, **counts, "author_answered": look.answered}
