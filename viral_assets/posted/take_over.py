"""Posts of the team's account, taken over: suggestions marked as posted, replies and what they brought stored.

A reply that is stored already changes no suggestion again, so that what a person undid stays undone. What a person
decided otherwise is listed and left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from viral_assets.posted.claims import Claim, Listed, find_claims, listed, one_a_suggestion
from viral_assets.posted.matching import as_posted
from viral_assets.posted.own_post import AnswerSeen, OwnPost, merged
from viral_assets.posted.rows import reply_row, snapshot_rows, with_answers
from viral_assets.queries.drafts import authors_of
from viral_assets.store.audit import last_event_of
from viral_assets.store.decision_undo import undo_batch
from viral_assets.store.decisions import PostedSuggestion, mark_posted
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import forgotten_among
from viral_assets.store.posted_replies import fill_texts, known_replies, replies_to, save_replies, save_snapshots
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_status import after, refusal
from viral_assets.text.x_rules import POST_WEIGHT, text_weight
from viral_assets.vocabulary import OUTCOMES_PROGRAM, POST, POSTED

if TYPE_CHECKING:
    import sqlalchemy as sa

WHO = OUTCOMES_PROGRAM
"""In the audit: the program that found the replies."""


@dataclass(slots=True)
class TakenOver:
    """What came of posts.

    Args:
        posts: different ones.
        marked: suggestions that are marked as posted now.
        told_by: how it was told whose the replies are that are known now, by :data:`~viral_assets.vocabulary.FOUND_BY`.
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
    told_by: Counter[str] = field(default_factory=Counter)
    attached: int = 0
    known: int = 0
    snapshots: int = 0
    unclear: list[Listed] = field(default_factory=list)
    conflicts: list[Listed] = field(default_factory=list)
    none: int = 0
    forgotten: int = 0


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
    new = [post for name, post in mine.items() if name not in known]
    claims, done.unclear, done.none = find_claims(connection, new, project)
    belonging = {name: each.key for name, each in known.items()} | _settle(connection, claims, now, done)
    authors = authors_of(connection, (belonging[each.to].tweet_id for each in answers if each.to in belonging))
    rows = with_answers(snapshot_rows(mine, belonging), answers, belonging, authors)
    done.snapshots = save_snapshots(connection, rows)
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


def _settle(
    connection: sa.Connection, claims: Sequence[Claim], now: datetime, done: TakenOver
) -> dict[str, SuggestionKey]:
    """Mark and store what is clear. Returns whose each newly stored reply is."""
    tweet_ids = [claim.draft.key.tweet_id for claim in claims]
    taken = {reply.key: reply for reply in replies_to(connection, tweet_ids)}
    accepted: list[Claim] = []
    for each in one_a_suggestion(claims, taken):
        if isinstance(each, Listed):
            done.unclear.append(each)
        elif _possible(each, done):
            accepted.append(each)
    to_mark = [claim for claim in accepted if claim.draft.status != POSTED]
    decided, left = mark_posted(connection, map(_as_marked, to_mark), who=WHO, at=now)
    done.marked = [each.key for each in decided]
    changed = set(left)
    done.conflicts += [
        listed(claim.post, "the suggestion changed this moment; run it again", [claim.draft])
        for claim in to_mark
        if claim.draft.key in changed
    ]
    accepted = [claim for claim in accepted if claim.draft.key not in changed]
    done.attached = len(accepted) - len(done.marked)
    done.told_by.update(claim.found.by for claim in accepted)
    save_replies(connection, [reply_row(claim, now) for claim in accepted])
    return {claim.post.post_id: claim.draft.key for claim in accepted}


def _possible(claim: Claim, done: TakenOver) -> bool:
    draft = claim.draft
    if draft.status == POSTED or after(draft.status, POST) is not None:
        return True
    by = f" by {draft.decided_by}" if draft.decided_by else ""
    done.conflicts.append(listed(claim.post, f"{refusal(draft.status, POST)} (decided{by})", [draft]))
    return False


def _as_marked(claim: Claim) -> PostedSuggestion:
    draft, text = claim.draft, as_posted(claim.post, claim.draft)
    # A longer post, which some accounts may write, stays with the reply: suggestions are for everybody.
    fits = text is not None and len(text) <= 10 * POST_WEIGHT and text_weight(text) <= POST_WEIGHT
    return PostedSuggestion(draft.key, draft.version, claim.post.posted_at, text if fits else None)
