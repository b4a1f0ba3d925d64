"""What a project makes of flags, and how they are kept: as one text a tweet, empty where nothing was found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viral_assets.safety.flags import Flag
from viral_assets.vocabulary import ALLOW, LEAVE_OUT, SENSITIVE_CATEGORIES, Handling


@dataclass(frozen=True, slots=True)
class Handled:
    """Of each tweet (n,): the category ``unsafe`` for which it is not to be answered, or an empty text; and its
    ``flags`` as :func:`flags_as_text` writes them, without those that the project allows."""

    unsafe: npt.NDArray[np.object_]
    flags: npt.NDArray[np.object_]


def handle(found: Mapping[int, Sequence[Flag]], tweets: int, handlings: Mapping[str, Handling]) -> Handled:
    """Apply a project's choice to the flags of so many tweets, by row."""
    unsafe, kept = (np.full(tweets, "", dtype=np.object_) for _ in range(2))
    for row, flags in found.items():
        counted = [flag for flag in flags if handlings[flag.category] != ALLOW]
        kept[row] = flags_as_text(counted)
        unsafe[row] = next((flag.category for flag in counted if handlings[flag.category] == LEAVE_OUT), "")
    return Handled(unsafe, kept)


def flags_as_text(flags: Sequence[Flag]) -> str:
    """JSON; an empty text for none."""
    if not flags:
        return ""
    return json.dumps([[flag.category, flag.score, flag.because] for flag in flags], ensure_ascii=False)


def flags_of_text(text: str | None) -> tuple[Flag, ...]:
    """What :func:`flags_as_text` wrote. None is of a tweet that was scored before anybody looked, and has no flags."""
    return tuple(Flag(category, float(score), because) for category, score, because in json.loads(text or "[]"))


def flags_in_words(flags: Sequence[Flag]) -> str:
    """One line for a file: ``grief and death (“passed away”); politics and elections (“senate”)``."""
    return "; ".join(f"{SENSITIVE_CATEGORIES.get(flag.category, flag.category)} ({flag.because})" for flag in flags)
