"""Whose each of many posts is: claims on suggestions, and those that two posts would have. What becomes of them is in
``take_over``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viral_assets.posted.matching import MEMORY, AmbiguousMatch, MatchedSuggestion, TextIndex, answering
from viral_assets.posted.own_post import OwnPost
from viral_assets.queries.drafts import Draft, drafts_between, drafts_for
from viral_assets.store.posted_replies import KnownReply
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.vocabulary import FOUND_BY

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Listed:
    """A post that was left for a person to look at, and the suggestions that it may be."""

    post_id: str
    text: str
    why: str
    keys: tuple[SuggestionKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A post, and the suggestion that it is."""

    post: OwnPost
    found: MatchedSuggestion

    @property
    def draft(self) -> Draft:
        return self.found.draft


def find_claims(
    connection: sa.Connection, posts: Sequence[OwnPost], project: str | None
) -> tuple[list[Claim], list[Listed], int]:
    """Which suggestion each post is.

    Args:
        project: only its suggestions; None for all.

    Returns:
        The claims, the posts of which that is unclear, and how many are none.
    """
    by_tweet: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in drafts_for(connection, (post.answers for post in posts if post.answers), project):
        by_tweet[draft.key.tweet_id].append(draft)
    alone = [post for post in posts if not post.answers and post.text]
    index = _index(connection, alone, project)
    claims: list[Claim] = []
    unclear: list[Listed] = []
    none = 0
    for post in posts:
        if not post.answers and not post.text:
            unclear.append(listed(post, "neither its text nor the tweet that it answers is known", ()))
            continue
        found = answering(post, by_tweet.get(post.answers, [])) if post.answers else index.find(post)
        if isinstance(found, MatchedSuggestion):
            claims.append(Claim(post, found))
        elif isinstance(found, AmbiguousMatch):
            unclear.append(listed(post, found.why, found.drafts))
        else:
            none += 1
    return claims, unclear, none


def _index(connection: sa.Connection, posts: Sequence[OwnPost], project: str | None) -> TextIndex:
    times = [post.posted_at for post in posts]
    if not times:
        return TextIndex(())
    return TextIndex(drafts_between(connection, min(times) - MEMORY, max(times), project))


def one_a_suggestion(claims: Sequence[Claim], taken: Mapping[SuggestionKey, KnownReply]) -> Iterator[Claim | Listed]:
    """Of the posts that may be the same suggestion, the one that is surely so, if there is one; the others are unclear.

    Args:
        taken: the replies that are stored, by the suggestion that they are.
    """
    by_key: defaultdict[SuggestionKey, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_key[claim.draft.key].append(claim)
    for key, rivals in sorted(by_key.items()):
        if key in taken:
            why = f"another post, {taken[key].reply_id}, is this suggestion already"
            yield from (listed(claim.post, why, [claim.draft]) for claim in rivals)
            continue
        surest = min(FOUND_BY.index(claim.found.by) for claim in rivals)
        best = [claim for claim in rivals if FOUND_BY.index(claim.found.by) == surest]
        losers = [claim for claim in rivals if claim not in best] if len(best) == 1 else rivals
        why = f"{len(rivals)} posts may be this suggestion" if len(best) > 1 else "another post is this suggestion"
        yield from (listed(claim.post, why, [claim.draft]) for claim in losers)
        if len(best) == 1:
            yield best[0]


def listed(post: OwnPost, why: str, drafts: Sequence[Draft]) -> Listed:
    """A post that is left, with the suggestions that it may be."""
    return Listed(post.post_id, post.text, why, tuple(draft.key for draft in drafts))
