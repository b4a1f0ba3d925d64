"""Tweets with a label, and how well a way to find flags does on them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from viral_assets.safety.flag import Flag
from viral_assets.safety.flags import find_flags
from viral_assets.safety.resemblance import ORDINARY, Resemblance, Vectors
from viral_assets.text.phrases import TextColumn

Part = Literal["held_out", "fresh", "third", "fourth"]

_SECTION = re.compile(r"\[(\w+)\]")
_IN_A_LANGUAGE = re.compile(r"([a-z]{2}): (.+)")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A tweet, its language, and its category or ``ordinary``."""

    category: str
    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Of so many tweets of a category: which share has any flag, and which share the category's own. Of ordinary ones,
    ``flagged`` is the share of false alarms."""

    tweets: int
    flagged: float
    named: float


def labelled(part: Part) -> list[Labelled]:
    """The tweets of a file."""
    found: list[Labelled] = []
    category = ""
    for line in Path(__file__).with_name(f"{part}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("# "):
            continue
        if section := _SECTION.fullmatch(line):
            category = section[1]
        elif match := _IN_A_LANGUAGE.fullmatch(line):
            found.append(Labelled(category, match[1], match[2]))
        else:
            found.append(Labelled(category, "en", line))
    return found


def flags_of(
    tweets: Sequence[Labelled], vectors: Vectors | None = None, resemblance: Resemblance | None = None
) -> list[tuple[Flag, ...]]:
    """What is found in each."""
    column = TextColumn([each.text for each in tweets])
    flags = find_flags(column, [each.lang for each in tweets], vectors, resemblance)
    return [flags.get(row, ()) for row in range(len(tweets))]


def figures(tweets: Sequence[Labelled], flags: Sequence[Sequence[Flag]]) -> Mapping[str, Figures]:
    """By category, in the order of the file; and of all sensitive ones together, as ``all``."""
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for tweet, found in zip(tweets, flags, strict=True):
        seen = (bool(found), any(flag.category == tweet.category for flag in found))
        rows.setdefault(tweet.category, []).append(seen)
        if tweet.category != ORDINARY:
            rows.setdefault("all", []).append(seen)
    return {name: Figures(len(seen), *np.mean(seen, axis=0).tolist()) for name, seen in rows.items()}
