"""From tweets to flags: which category each touches, how sure that is, and what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from viral_assets.safety.lexicon import Found, Mentions, find_mentions
from viral_assets.safety.resemblance import CATEGORIES, Resemblance, Vectors
from viral_assets.text.phrases import TextColumn

SURE = 0.9
"""Of a tweet with a phrase that is enough by itself: nobody is surer of what a word means in a tweet."""

SUSPECTED = 0.5
"""Where the embedder, and phrases that are not enough by themselves, just about agree."""

HINT_WEIGHTS = (0.0, 0.0, 0.3, 0.5)
"""What no, one, two and more phrases that are not enough add to how much a tweet resembles their category."""

DECIMALS = 2
_PHRASES_SHOWN = 3
_EXEMPLAR_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Flag:
    """A tweet touches a category (of :data:`~viral_assets.vocabulary.SENSITIVE_CATEGORIES`).

    ``score`` is from 0.5 to 1, and ``because`` the evidence in words: phrases of the tweet in quotation marks, or what
    it sounds like.
    """

    category: str
    score: float
    because: str


def find_flags(
    column: TextColumn,
    languages: Sequence[str | None],
    vectors: Vectors | None = None,
    resemblance: Resemblance | None = None,
) -> dict[int, tuple[Flag, ...]]:
    """The flags of each text that has any, by row, the surest first.

    Args:
        column: the texts (n,).
        languages: theirs (n,), as :func:`~viral_assets.text.language.languages_of` gives them.
        vectors: theirs (n, d), by the embedder that ``resemblance`` was learnt from. Without both, phrases alone count,
            as they do for texts in a language that the embedder does not know.
    """
    found = find_mentions(column, languages)
    flags: dict[int, list[Flag]] = {}
    for (row, category), said in found.mentions.items():
        if said.sure:
            flags.setdefault(row, []).append(Flag(category, SURE, _quoted(said.sure)))
    if resemblance is not None and vectors is not None:
        for row, flag in _resembling(languages, vectors, resemblance, found):
            flags.setdefault(row, []).append(flag)
    order = {category: number for number, category in enumerate(CATEGORIES)}
    return {
        row: tuple(sorted(several, key=lambda flag: (-flag.score, order[flag.category])))
        for row, several in sorted(flags.items())
    }


def _resembling(
    languages: Sequence[str | None], vectors: Vectors, resemblance: Resemblance, found: Found
) -> Iterator[tuple[int, Flag]]:
    """What the embedder finds in texts of which no phrase has said what they are about: the category they are most
    like, since those near to it are neighbours more often than subjects of their own."""
    known = resemblance.languages
    readable = np.array([language is None or known is None or language in known for language in languages], bool)
    readable[[row for (row, _), said in found.mentions.items() if said.sure]] = False
    rows = np.flatnonzero(readable)
    scores = resemblance.scores(vectors[rows])
    place_of = {row: place for place, row in enumerate(rows.tolist())}
    for (row, category), said in found.mentions.items():
        if row in place_of:
            scores[place_of[row], CATEGORIES.index(category)] += _weight(said)
    best = scores.argmax(axis=1)
    for place in np.flatnonzero(scores[np.arange(len(rows)), best] >= 0.0).tolist():
        row, category = int(rows[place]), CATEGORIES[best[place]]
        said = found.mentions.get((row, category), Mentions())
        # A harmless phrase explains what the tweet sounds like.
        if row in found.harmless and not said.hints:
            continue
        above = min(1.0, float(scores[place, best[place]]))
        score = round(SUSPECTED + (1.0 - SUSPECTED) * above, DECIMALS)
        like = f"sounds like “{_shortened(resemblance.nearest(category, vectors[row]))}”"
        yield row, Flag(category, score, f"{_quoted(said.hints)}; {like}" if said.hints else like)


def _weight(said: Mentions) -> float:
    return HINT_WEIGHTS[min(len(said.hints), len(HINT_WEIGHTS) - 1)]


def _quoted(phrases: Sequence[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases[:_PHRASES_SHOWN])


def _shortened(text: str) -> str:
    return text if len(text) <= _EXEMPLAR_SHOWN else text[: _EXEMPLAR_SHOWN - 1] + "…"
