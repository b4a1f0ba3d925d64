"""Posts of the team's account, taken over: suggestions marked as posted, replies and what they brought stored.

A reply that is stored already changes no suggestion again, so that what a person undid stays undone. What a person
decided otherwise is listed and left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from viral_assets.posted.matching import MEMORY, Found, TextIndex, Unclear, answering, as_posted
from viral_assets.posted.own_post import AnswerSeen, OwnPost, Seen, merged
from viral_assets.queries.drafts import Draft, authors_of, drafts_between, drafts_for
from viral_assets.store.decisions import Posted, SuggestionKey, last_event_of, mark_posted, undo_batch
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import forgotten_among
from viral_assets.store.posted_replies import (
    COUNTS,
    KnownReply,
    fill_texts,
    known_replies,
    replies_to,
    save_replies,
    save_snapshots,
)
from viral_assets.store.suggestion_status import after, refusal
from viral_assets.text.x_rules import POST_WEIGHT, text_weight
from viral_assets.vocabulary import FOUND_BY, POST, POSTED

if TYPE_CHECKING:
    import sqlalchemy as sa

WHO = "outcomes"
"""In the audit: the program that found the replies."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A post that was left for a person to look at, and the suggestions that it may be."""

    post_id: str
    text: str
    why: str
    keys: tuple[SuggestionKey, ...] = ()


@dataclass(slots=True)
class TakenOver:
    """What came of posts.

    Args:
        posts: different ones.
        marked: suggestions that are marked as posted now.
        attached: those that a person had marked; their reply is known now.
        known: replies that were known before.
        snapshots: of counts, that are new.
        unclear: nobody can tell which suggestion it is.
        conflicts: a person decided otherwise.
        none: posts that are no suggestion.
        forgotten: that are not to be stored.
    """

    posts: int = 0
    marked: list[SuggestionKey] = field(default_factory=list)
    attached: int = 0
    known: int = 0
    snapshots: int = 0
    unclear: list[Listed] = field(default_factory=list)
    conflicts: list[Listed] = field(default_factory=list)
    none: int = 0
    forgotten: int = 0


class _DryRun(Exception):  # noqa: N818 - no error: it undoes the transaction
    pass


@contextmanager
def transaction(database: Database, *, dry_run: bool) -> Iterator[sa.Connection]:
    """One that is undone at its end where it was only to see what would happen."""
    try:
        with database.begin() as connection:
            yield connection
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass


def take_over(
    connection: sa.Connection,
    posts: Iterable[OwnPost],
    answers: Iterable[AnswerSeen] = (),
    *,
    now: datetime,
    project: str | None = None,
) -> TakenOver:
    """Take posts over, in a transaction for writing.

    Args:
        answers: posts of others, of which some may be by an author whom a reply was for.
        project: only its suggestions; None for all.
    """
    mine, done = merged(posts), TakenOver()
    done.posts = len(mine)
    for post_id in _forgotten(connection, sorted(mine)):
        del mine[post_id]
        done.forgotten += 1
    answers = list(answers)
    known = known_replies(connection, {*mine, *(answer.to for answer in answers)})
    done.known = len(known.keys() & mine.keys())
    fill_texts(connection, {name: mine[name].text for name, each in known.items() if name in mine and not each.text})
    claims = _claims(connection, [post for name, post in mine.items() if name not in known], project, done)
    belonging = {name: each.key for name, each in known.items()} | _settle(connection, claims, now, done)
    done.snapshots = save_snapshots(connection, _snapshots(connection, mine, answers, belonging))
    return done


def undo_last(database: Database, now: datetime) -> tuple[int, int] | None:
    """Take back what was marked last in one go. Replies and counts stay, and change no suggestion again.

    Returns:
        How many suggestions are as they were, and how many have changed since and stay; None where there is nothing.
    """
    with database.begin() as connection:
        event = last_event_of(connection, WHO)
        if event is None:
            return None
        undone, left = undo_batch(connection, event.batch, who=WHO, at=now)
    return len(undone), len(left)


def _forgotten(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    nobody: list[str] = [""] * len(ids)
    columns = {"tweet_id": list(ids), "author_id": nobody, "author_handle": nobody}
    return [ids[at] for at in sorted(forgotten_among(connection, columns))]


@dataclass(frozen=True, slots=True)
class _Claim:
    post: OwnPost
    found: Found


def _claims(connection: sa.Connection, posts: Sequence[OwnPost], project: str | None, done: TakenOver) -> list[_Claim]:
    """Which suggestion each post is. What is none, or unclear, is counted."""
    by_tweet: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in drafts_for(connection, (post.answers for post in posts if post.answers), project):
        by_tweet[draft.key.tweet_id].append(draft)
    alone = [post for post in posts if not post.answers and post.text]
    index = _index(connection, alone, project)
    claims: list[_Claim] = []
    for post in posts:
        if not post.answers and not post.text:
            done.unclear.append(_listed(post, "neither its text nor the tweet that it answers is known", ()))
            continue
        found = answering(post, by_tweet.get(post.answers, [])) if post.answers else index.find(post)
        if isinstance(found, Found):
            claims.append(_Claim(post, found))
        elif isinstance(found, Unclear):
            done.unclear.append(_listed(post, found.why, found.drafts))
        else:
            done.none += 1
    return claims


def _index(connection: sa.Connection, posts: Sequence[OwnPost], project: str | None) -> TextIndex:
    times = [post.posted_at for post in posts]
    if not times:
        return TextIndex(())
    return TextIndex(drafts_between(connection, min(times) - MEMORY, max(times), project))


def _settle(
    connection: sa.Connection, claims: Sequence[_Claim], now: datetime, done: TakenOver
) -> dict[str, SuggestionKey]:
    """Mark and store what is clear. Returns whose each newly stored reply is."""
    tweet_ids = [claim.found.draft.key.tweet_id for claim in claims]
    taken = {reply.key: reply for reply in replies_to(connection, tweet_ids)}
    accepted = [claim for claim in _one_a_suggestion(claims, taken, done) if _possible(claim, done)]
    to_mark = [claim for claim in accepted if claim.found.draft.status != POSTED]
    decided, left = mark_posted(connection, map(_as_marked, to_mark), who=WHO, at=now)
    done.marked = [each.key for each in decided]
    changed = set(left)
    done.conflicts += [
        _listed(claim.post, "the suggestion changed this moment; run it again", [claim.found.draft])
        for claim in to_mark
        if claim.found.draft.key in changed
    ]
    accepted = [claim for claim in accepted if claim.found.draft.key not in changed]
    done.attached = len(accepted) - len(done.marked)
    save_replies(connection, [_row(claim, now) for claim in accepted])
    return {claim.post.post_id: claim.found.draft.key for claim in accepted}


def _one_a_suggestion(
    claims: Sequence[_Claim], taken: Mapping[SuggestionKey, KnownReply], done: TakenOver
) -> Iterator[_Claim]:
    """Of the posts that may be the same suggestion, the one that is surely so; where there is none, none."""
    by_key: defaultdict[SuggestionKey, list[_Claim]] = defaultdict(list)
    for claim in claims:
        by_key[claim.found.draft.key].append(claim)
    for key, rivals in sorted(by_key.items()):
        if key in taken:
            why = f"another post, {taken[key].reply_id}, is this suggestion already"
            done.unclear += [_listed(claim.post, why, [claim.found.draft]) for claim in rivals]
            continue
        surest = min(FOUND_BY.index(claim.found.by) for claim in rivals)
        best = [claim for claim in rivals if FOUND_BY.index(claim.found.by) == surest]
        losers = [claim for claim in rivals if claim not in best] if len(best) == 1 else rivals
        why = f"{len(rivals)} posts may be this suggestion" if len(best) > 1 else "another post is this suggestion"
        done.unclear += [_listed(claim.post, why, [claim.found.draft]) for claim in losers]
        if len(best) == 1:
            yield best[0]


def _possible(claim: _Claim, done: TakenOver) -> bool:
    draft = claim.found.draft
    if draft.status == POSTED or after(draft.status, POST) is not None:
        return True
    by = f" by {draft.decided_by}" if draft.decided_by else ""
    done.conflicts.append(_listed(claim.post, f"{refusal(draft.status, POST)} (decided{by})", [draft]))
    return False


def _as_marked(claim: _Claim) -> Posted:
    draft, text = claim.found.draft, as_posted(claim.post, claim.found.draft)
    # A longer post, which some accounts may write, stays with the reply: suggestions are for everybody.
    fits = text is not None and len(text) <= 10 * POST_WEIGHT and text_weight(text) <= POST_WEIGHT
    return Posted(draft.key, draft.version, claim.post.posted_at, text if fits else None)


def _row(claim: _Claim, now: datetime) -> dict[str, object]:
    key, post = claim.found.draft.key, claim.post
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


def _snapshots(
    connection: sa.Connection,
    mine: Mapping[str, OwnPost],
    answers: Sequence[AnswerSeen],
    belonging: Mapping[str, SuggestionKey],
) -> list[dict[str, object]]:
    """What the posts had brought, and whether those who were answered did answer."""
    rows = {
        (name, look.source): _snapshot(name, belonging[name], look)
        for name, post in sorted(mine.items())
        if name in belonging
        for look in post.seen
    }
    authors = authors_of(connection, (belonging[each.to].tweet_id for each in answers if each.to in belonging))
    for answer in sorted(answers, key=lambda each: (each.to, each.source, each.at)):
        key = belonging.get(answer.to)
        handle, author_id = authors.get(key.tweet_id, ("", None)) if key else ("", None)
        same = answer.author_id == author_id if answer.author_id and author_id else answer.handle.casefold() == handle
        if key is None or not handle or not same:
            continue
        seen = Seen(answer.at, answer.source, author_answered=True)
        rows.setdefault((answer.to, answer.source), _snapshot(answer.to, key, seen))["author_answered"] = True
    return list(rows.values())


def _snapshot(reply_id: str, key: SuggestionKey, look: Seen) -> dict[str, object]:
    counts = {name: look.counts.get(name) for name in COUNTS}
    place = {"reply_id": reply_id, "collected_at": look.at, "source": look.source, "tweet_id": key.tweet_id}
    return {**place, **counts, "author_answered": look.answered}


def _listed(post: OwnPost, why: str, drafts: Sequence[Draft]) -> Listed:
    return Listed(post.post_id, post.text, why, tuple(draft.key for draft in drafts))
