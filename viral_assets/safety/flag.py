"""A flag, and how flags are kept: as one text a tweet, empty where nothing was found. Who only shows them needs no more
than this.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from viral_assets.vocabulary import SENSITIVE_CATEGORIES


@dataclass(frozen=True, slots=True)
class Flag:
    """A tweet touches a category (of :data:`~viral_assets.vocabulary.SENSITIVE_CATEGORIES`).

    ``score`` is from 0.5 to 1, and ``because`` the evidence in words: phrases of the tweet in quotation marks, or what
    it sounds like.
    """

    category: str
    score: float
    because: str


def flags_as_text(flags: Sequence[Flag]) -> str:
    """JSON; an empty text for none."""
    if not flags:
        return ""
    return json.dumps([[flag.category, flag.score, flag.because] for flag in flags], ensure_ascii=False)


def flags_of_text(text: str | None) -> tuple[Flag, ...]:
    """What :func:`flags_as_text` wrote. None is of a tweet that was scored before anybody looked, and has no flags."""
    if not text:
        return ()
    return tuple(Flag(category, float(score), because) for category, score, because in json.loads(text))


def flags_in_words(flags: Sequence[Flag]) -> str:
    """One line for a file: ``grief and death (“passed away”); politics and elections (“senate”)``."""
    return "; ".join(f"{SENSITIVE_CATEGORIES.get(flag.category, flag.category)} ({flag.because})" for flag in flags)
