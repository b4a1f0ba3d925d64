"""What is sensitive in the posts that a tweet answers and quotes, and in the descriptions of its pictures: a joke about
a bereavement is not safe to answer, whatever words the joke itself has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from viral_assets.context import Context
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.flag import Flag
from viral_assets.safety.flags import find_flags
from viral_assets.safety.resemblance import CATEGORIES, Embed, Resemblance
from viral_assets.text.language import languages_of
from viral_assets.text.phrases import TextColumn

FlagsByRow = Mapping[int, tuple[Flag, ...]]

_PLACES = {"quotes": "in the quoted post", "answers": "in the post it answers", "pictures": "in a picture"}


@dataclass(frozen=True, slots=True)
class SafetyDetectors:
    """What tells sensitive texts: with ``closer_look``, that alone; else phrases, and ``resemblance`` by the vectors
    that ``embed`` makes, where there are both."""

    embed: Embed | None = None
    resemblance: Resemblance | None = None
    closer_look: CloserLook | None = None


def with_flags_around(flags: FlagsByRow, contexts: Mapping[int, Context], detectors: SafetyDetectors) -> FlagsByRow:
    """The flags of tweets by row, with those of what they stand in, which say where that is. A category comes once,
    where the tweet itself has it as that.

    Args:
        contexts: by row; not all tweets have one.
    """
    found_in = [(row, place, text) for row, context in sorted(contexts.items()) for place, text in context.texts]
    if not found_in:
        return flags
    column = TextColumn([text for _, _, text in found_in])
    languages = languages_of([None] * len(column), column.texts)
    if detectors.closer_look is not None:
        found = detectors.closer_look.flags_of(column, languages, np.arange(len(column)))
    elif detectors.embed is not None and detectors.resemblance is not None:
        found = find_flags(column, languages, detectors.embed(column.texts), detectors.resemblance)
    else:
        found = find_flags(column, languages)
    joined = {row: list(several) for row, several in flags.items()}
    for number, several in found.items():
        row, place, _ = found_in[number]
        own = joined.setdefault(row, [])
        known = {flag.category for flag in own}
        own += [
            replace(flag, because=f"{_PLACES[place]}: {flag.because}") for flag in several if flag.category not in known
        ]
    order = {category: number for number, category in enumerate(CATEGORIES)}
    return {
        row: tuple(sorted(several, key=lambda flag: (-flag.score, order[flag.category])))
        for row, several in sorted(joined.items())
    }
