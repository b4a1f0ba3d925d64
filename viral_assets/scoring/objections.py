"""What a tweet's own row has against it, in words and with the particular: which word, which minimum and by how much.

That something is against it is decided by ``gate`` and ``selection``; here it is only told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viral_assets.projects.model import Minima, Project
from viral_assets.safety.flag import flags_of_text
from viral_assets.scoring.gate import (
    BLOCKED_HANDLE,
    BLOCKED_KEYWORD,
    EMPTY,
    LANGUAGE,
    LINK_SPAM,
    MIN_RELEVANCE,
    OFF_TOPIC,
    PROMOTED,
    RETWEET,
    UNKNOWN_LANGUAGE,
    composition,
)
from viral_assets.text.amounts import full_count
from viral_assets.text.language import canonical, detected
from viral_assets.text.phrases import TextColumn
from viral_assets.vocabulary import DROP_REASONS, SENSITIVE_CATEGORIES

FIGURES = {
    "followers": ("author_followers", "followers"),
    "likes": ("like_count", "likes"),
    "views": ("view_count", "views"),
}
"""Minima by their key, the column that each is about, and what it counts."""


def own_objection(reason: str, tweet: Mapping[str, Any], project: Project) -> str:
    """Why a tweet is left out for what its own row says.

    Args:
        reason: of :data:`~viral_assets.vocabulary.DROP_REASONS`; of one that is not about the row alone, its words.
        tweet: a row of ``tweet_scores`` with the columns of ``tweets``; None for what is not known.
        project: as its file is now.
    """
    if reason == "gate":
        return gate_result(tweet["gate"], tweet, project)
    if reason == "label":
        thresholds = project.thresholds
        return (
            f"scored {tweet['total']:.2f}, which is {tweet['label']}: "
            f"yellow begins at {thresholds.yellow:.2f}, green at {thresholds.green:.2f}"
        )
    if reason == "minima":
        return f"below a minimum: {', '.join(_below(tweet, project.minima))}"
    if reason == "unknown":
        asked = [
            words
            for name, (column, words) in FIGURES.items()
            if getattr(project.minima, name) and tweet[column] is None
        ]
        return f"{', '.join(asked)} unknown, and the project insists on knowing (minima.unknown: fail)"
    if reason == "relevance":
        asked_for = f"minima.relevance asks for {project.minima.relevance:.2f}"
        return f"relevance {tweet['relevance']:.2f} to {tweet['topic']}, and {asked_for}"
    if reason in SENSITIVE_CATEGORIES:
        return not_safe(reason, tweet["flags"])
    return DROP_REASONS.get(reason, reason)


def not_safe(category: str, flags: str | None) -> str:
    """That a tweet is not safe to answer, and what speaks for it.

    Args:
        flags: as they are kept.
    """
    because = [flag.because for flag in flags_of_text(flags) if flag.category == category]
    key = f"safety.{category}: leave_out"
    return f"{DROP_REASONS[category]} ({'; '.join([*because, key])})"


def gate_result(result: str, tweet: Mapping[str, Any], project: Project) -> str:
    """What the gate has against a tweet; of a result that needs no particular, its name in words."""
    sources, text = project.sources, tweet["text"]
    if result == RETWEET:
        return "a retweet"
    if result == PROMOTED:
        return "promoted: somebody paid to have it shown (sources.promoted: leave_out)"
    if result == EMPTY:
        return "has no words"
    if result == BLOCKED_HANDLE:
        return f"its author @{tweet['author_handle']} is blocked (sources.block_handles)"
    if result == BLOCKED_KEYWORD:
        column = TextColumn([text])
        found = [word for word in sources.blocked_keywords if column.contains([word])[0]]
        which = ", ".join(f'"{word}"' for word in found) or "a word that was blocked when it was scored"
        return f"contains {which} (sources.blocked_keywords)"
    if result == LINK_SPAM:
        parts = composition(TextColumn([text]).folded[0])
        return f"link spam: {parts.links} links; {parts.entities} links, handles and hashtags to {parts.words} words"
    if result == LANGUAGE:
        language = canonical(tweet["lang"]) or detected(text) or "another language"
        return f"in {language}, and the project wants {', '.join(sources.languages)} (sources.languages)"
    if result == UNKNOWN_LANGUAGE:
        language = canonical(tweet["lang"]) or detected(text) or "a language"
        return f"in {language}, which the project's embedder does not know, so that its relevance is unknown"
    if result == OFF_TOPIC:
        return (
            f"off topic: relevance {tweet['relevance']:.2f} to {tweet['topic']}, and at least {MIN_RELEVANCE} is asked"
        )
    return f"the gate says {result.replace('_', ' ')}"


def _below(tweet: Mapping[str, Any], minima: Minima) -> list[str]:
    found = []
    for name, (column, words) in FIGURES.items():
        least, known = getattr(minima, name), tweet[column]
        if known is not None and known < least:
            found.append(f"{full_count(known)} {words} of the {full_count(least)} that minima.{name} asks for")
    return found
