"""What a suggestion must not say: the instruction, empty praise, or the tweet once more, or in another language.

Each rule returns what is wrong, in one line for a person, or None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from rapidfuzz.distance import Indel

from viral_assets.generation.drafting.words import runs, shortened, words_of
from viral_assets.text.language import REFUSED_FROM, canonical, most_likely

PARROTED_SHARE = 0.6
"""Share of a suggestion's words that may come from runs of four and more words of the tweet."""

PARROTED_SIMILARITY = 0.85
"""Similarity (word for word) from which a suggestion repeats the tweet."""

LEAKED_WORDS = 8
"""Words in a row shared with the instruction: nobody writes eight of them by chance."""

ENGLISH_WORDS_NEEDED = 3
"""So many different ones of the commonest words that no other language has, and nobody need ask a detector, which takes
longer than all other rules together."""

_ENGLISH = """
    the and with that this what which would they have your from because there about when where while those been
"""
_ENGLISH_WORDS = frozenset(_ENGLISH.split())
_IN_A_ROW = bytes([True]) * LEAKED_WORDS
_SENTENCE_END = re.compile(r"[.!?…]+(?:\s+|$)")
_ASIDE = re.compile(
    r"\bas an? (?:ai\b|(?:large )?language model|chatbot)|\bsystem prompt\b"
    r"|\b(?:ignore|disregard|forget)\b.{0,20}\b(?:above|previous|prior|earlier)\b.{0,15}\b(?:instruction|prompt)"
    r"|\b(?:ignore|disregard) (?:all |everything )?(?:of )?the above\b"
    r"|\bhere (?:is|are) (?:a|the|your|my|some) (?:reply|replies|suggestions?)\s*:"
    r"|\bi (?:cannot|can['’]t|am unable to) (?:assist|comply|fulfill|help (?:you )?with (?:that|this))\b",
    re.IGNORECASE,
)
_ASIDE_PARTS = ("as a", "system", "ignore", "disregard", "forget", "here is", "here are", "i can", "i am unable")
# A sentence made of nothing but these two kinds of words, with at least one of the first, says nothing.
_PRAISE_WORDS = """
    great good nice awesome amazing excellent brilliant fantastic wonderful fabulous incredible superb love
    loved insightful inspiring thoughtful spot true agree agreed exactly totally absolutely perfect perfectly
    well nailed thanks thank wow yes fire gold facts preach
"""
_FILLER_WORDS = """
    a an the this that it its it's what such so very really truly just is was were i we you your yours for of on
    in and my all to with as here more couldn't could not said say says put point points post posts take takes
    tweet tweets thread share sharing shared read insight insights perspective idea thought thoughts question
    stuff work content way words word one 100 percent pure right always much must indeed completely
    wholeheartedly
"""
_PRAISE = frozenset(_PRAISE_WORDS.split())
_PRAISE_OR_FILLER = _PRAISE | frozenset(_FILLER_WORDS.split())
_PRAISE_OPENER = re.compile(
    r"^(?:wow|yes|oh)?[,! ]*(?:(?:what an?|such an?|this is(?: an?)?|that's an?|really|very|so|absolutely) )*"
    r"(?:(?:great|good|nice|excellent|brilliant|fantastic|wonderful|amazing|awesome|solid|valid|insightful) "
    r"(?:point|post|take|question|thread|tweet|insight|perspective|observation|reminder)"
    r"|well said|love this|so true|couldn['’]t agree more|spot on|nailed it|thanks? (?:you )?(?:so much )?for sharing)"
    r"\s*(?:[-–—:,;!.…]|$)",
    re.IGNORECASE,
)


class Instruction:
    """What a project's requests share, to be recognised.

    Args:
        text: of it.
    """

    def __init__(self, text: str) -> None:
        words = words_of(text)
        self._words, self._runs = frozenset(words), frozenset(runs(words, LEAKED_WORDS))

    def first_run_in(self, words: Sequence[str]) -> tuple[str, ...] | None:
        """The first :data:`LEAKED_WORDS` words in a row that it has, too."""
        if _IN_A_ROW not in bytes(map(self._words.__contains__, words)):
            return None
        return next((run for run in runs(words, LEAKED_WORDS) if run in self._runs), None)


def leak(text: str, instruction: Instruction) -> str | None:
    if _may_be_aside(text) and (found := _ASIDE.search(text)):
        return f"talks about itself: {shortened(found[0])}"
    repeated = instruction.first_run_in(words_of(text))
    return f"repeats the instruction: {shortened(' '.join(repeated))}" if repeated else None


def praise(text: str) -> str | None:
    if opener := _PRAISE_OPENER.match(text):
        return f"opens with generic praise: {shortened(opener[0])}"
    if _PRAISE.isdisjoint(words_of(text)):
        return None
    for sentence in _SENTENCE_END.split(text):
        words = set(words_of(sentence))
        if words & _PRAISE and words <= _PRAISE_OR_FILLER:
            return f"generic praise: {shortened(sentence)}"
    return None


def parroting(text: str, tweet: str) -> str | None:
    reply_words, tweet_words = words_of(text), words_of(tweet)
    if not reply_words or not tweet_words:
        return None
    in_both = sum(map(_set_of_words(tweet).__contains__, reply_words))
    most_copied, most_similar = in_both / len(reply_words), 2 * in_both / (len(reply_words) + len(tweet_words))
    if most_copied <= PARROTED_SHARE and most_similar < PARROTED_SIMILARITY:
        # No more than these can be copied, and no more can be the same in the same order.
        return None
    tweet_runs = _runs_of_four(tweet)
    copied: set[int] = set()
    for start, run in enumerate(runs(reply_words, 4)):
        if run in tweet_runs:
            copied.update(range(start, start + 4))
    share = len(copied) / len(reply_words)
    if share > PARROTED_SHARE:
        return f"{share:.0%} of its words are the tweet's"
    similarity = Indel.normalized_similarity(reply_words, tweet_words, score_cutoff=PARROTED_SIMILARITY)
    return f"{similarity:.0%} the same as the tweet" if similarity >= PARROTED_SIMILARITY else None


@lru_cache(maxsize=1024)
def _runs_of_four(tweet: str) -> frozenset[tuple[str, ...]]:
    """Remembered, because each of a tweet's replies asks."""
    return frozenset(runs(words_of(tweet), 4))


@lru_cache(maxsize=1024)
def _set_of_words(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


def _may_be_aside(text: str) -> bool:
    """Whether the slow search is worth it: each of its phrases has one of these in it."""
    if not text.isascii():
        return True
    lower = text.lower()
    return any(map(lower.__contains__, _ASIDE_PARTS))


def language(text: str, tweet: str, tweet_language: str | None, languages: Collection[str]) -> str | None:
    """``tweet_language`` is what X says it is; ``languages`` are the project's."""
    if len(_ENGLISH_WORDS.intersection(words_of(text))) >= ENGLISH_WORDS_NEEDED:
        return None
    expected = _expected(tweet_language, tuple(languages))
    found, certainty = most_likely(text)
    if found in expected or certainty < REFUSED_FROM or found == most_likely(tweet)[0]:
        return None
    return f"written in another language ({found}) than the tweet"


@lru_cache(maxsize=256)
def _expected(tweet_language: str | None, languages: tuple[str, ...]) -> frozenset[str | None]:
    # English is the language of models and of the offline client; whoever edits will see it.
    return frozenset({None, *map(canonical, ("en", *languages, tweet_language))})
