"""Which suggestion a post is. Pure: a post and suggestions in, the suggestion out, or why nobody can tell.

A post that is known to answer a tweet is one of the suggestions for that tweet or none; of a post of which that is not
known, the text has to be enough. Only what is clear is taken: where two suggestions would do, neither is.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rapidfuzz import fuzz, process

from viral_assets.posted.own_post import OwnPost
from viral_assets.queries.drafts import Draft
from viral_assets.store.suggestion_status import CHOSEN
from viral_assets.text.cleaning import persons_reply
from viral_assets.vocabulary import BY_ID, LIKE_TEXT, ONLY_CHOICE, REJECTED, SAME_TEXT, FoundBy

MEMORY = timedelta(days=14)
"""So long after its tweet a suggestion may have been posted to be told by its text alone."""

LIKE, LIKE_IN_ANSWER = 90.0, 60.0
"""Per cent of two texts that are the same (rapidfuzz's ratio) from which one is taken for the other: by the text
alone, and where the post answers the tweet that the suggestion is for."""

AHEAD = 5.0
"""Per cent by which the best suggestion must be ahead of the next one."""

SHORTEST = 20
"""Characters of a text that is told by itself: "Thank you!" is everybody's."""

_ADDRESSED = re.compile(r"^(?:@\w{1,20}\s+)+")
_LINK = re.compile(r"(?:https?://|\bt\.co/)\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MatchedSuggestion:
    """The suggestion that a post is, and how that was told; ``likeness`` in per cent."""

    draft: Draft
    by: FoundBy
    likeness: float = 100.0


@dataclass(frozen=True, slots=True)
class AmbiguousMatch:
    """Why nobody can tell, and between which suggestions."""

    why: str
    drafts: tuple[Draft, ...] = ()


def comparable(text: str) -> str:
    """A text without what X changes on the way: handles in front, links (X shortens them), entities, and how it is
    spaced and capitalised."""
    text = _LINK.sub(" ", _ADDRESSED.sub("", persons_reply(html.unescape(text))))
    return " ".join(text.casefold().split())


def as_posted(post: OwnPost, draft: Draft) -> str | None:
    """The text that the post has, where it is another one than the suggestion's: without the handles that X puts in
    front, unless the suggestion has some there."""
    if not post.text or comparable(post.text) == comparable(draft.texts[0]):
        return None
    text = persons_reply(html.unescape(post.text))
    return text if _ADDRESSED.match(draft.texts[0]) else _ADDRESSED.sub("", text) or None


def answering(post: OwnPost, drafts: Sequence[Draft]) -> MatchedSuggestion | AmbiguousMatch | None:
    """Which of the suggestions for the tweet that it answers a post is; None where it is none of them.

    Args:
        drafts: all for that tweet, of whichever projects.
    """
    if post.named is not None:
        named = next((draft for draft in drafts if draft.key == post.named), None)
        return MatchedSuggestion(named, BY_ID) if named else AmbiguousMatch("there is no such suggestion (any more)")
    text = comparable(post.text)
    if text and (same := [draft for draft in drafts if text in map(comparable, draft.texts)]):
        return _one_of(same, SAME_TEXT, "several suggestions say just that")
    open_ones = [draft for draft in drafts if draft.status != REJECTED]
    if text and (like := _likest({draft: _likeness(text, draft) for draft in open_ones}, LIKE_IN_ANSWER)):
        return like
    standing = [draft for draft in open_ones if draft.stands]
    if len(standing) == 1:
        return MatchedSuggestion(standing[0], ONLY_CHOICE, 0.0)
    if standing:
        return AmbiguousMatch("several suggestions for the tweet stand approved", tuple(standing))
    return None if text or not open_ones else AmbiguousMatch("no text tells which suggestion it is", tuple(open_ones))


class TextIndex:
    """Suggestions by what they say, for posts of which nobody knows what they answer."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self._same: defaultdict[str, dict[Draft, None]] = defaultdict(dict)
        for draft in drafts:
            for text in draft.texts:
                self._same[comparable(text)][draft] = None
        self._chosen = [text for text, said in self._same.items() if any(draft.status in CHOSEN for draft in said)]

    def find(self, post: OwnPost) -> MatchedSuggestion | AmbiguousMatch | None:
        """The suggestion with the post's text, in so many words; else the one chosen that is much like it."""
        text = comparable(post.text)
        if len(text) < SHORTEST:
            return None
        if same := self._in_time(post, [text]):
            return _one_of(same, SAME_TEXT, "several suggestions say just that")
        best: dict[Draft, float] = {}
        for said, likeness, _ in process.extract(text, self._chosen, scorer=fuzz.ratio, score_cutoff=LIKE, limit=None):
            for draft in self._in_time(post, [said]):
                if draft.status in CHOSEN:
                    best[draft] = max(likeness, best.get(draft, 0.0))
        return _likest(best, LIKE)

    def _in_time(self, post: OwnPost, texts: Sequence[str]) -> list[Draft]:
        said = (draft for text in texts for draft in self._same.get(text, ()))
        return [
            draft
            for draft in dict.fromkeys(said)
            if draft.window_start <= post.posted_at <= draft.window_start + MEMORY
        ]


def _one_of(drafts: Sequence[Draft], by: FoundBy, why_not: str) -> MatchedSuggestion | AmbiguousMatch:
    """The only one, or the only one that somebody stands behind or has exported."""
    for some in (
        drafts,
        [draft for draft in drafts if draft.stands],
        [each for each in drafts if each.status in CHOSEN],
    ):
        if len(some) == 1:
            return MatchedSuggestion(some[0], by)
    return AmbiguousMatch(why_not, tuple(drafts))


def _likeness(text: str, draft: Draft) -> float:
    return max(fuzz.ratio(text, comparable(each)) for each in draft.texts)


def _likest(likeness: Mapping[Draft, float], least: float) -> MatchedSuggestion | AmbiguousMatch | None:
    """The one most like it; where others are nearly as much, it must be the only one that somebody stands behind."""
    ranked = sorted(likeness, key=lambda draft: (-likeness[draft], draft.key))
    if not ranked or likeness[ranked[0]] < least:
        return None
    best, *rest = ranked
    close = [draft for draft in rest if likeness[draft] > likeness[best] - AHEAD]
    if close and not (best.stands and not any(draft.stands for draft in close)):
        return AmbiguousMatch("several suggestions are like it", (best, *close))
    return MatchedSuggestion(best, LIKE_TEXT, likeness[best])
