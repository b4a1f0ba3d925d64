"""From tweets to flags: which category each touches, how sure that is, and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence

from viral_assets.safety.flag import Flag
from viral_assets.safety.lexicon import Mentions, PhraseMatches, find_mentions
from viral_assets.safety.resemblance import CATEGORIES, Resemblance, Vectors
from viral_assets.text.phrases import TextColumn

SURE = 0.9
"""Of a tweet with a phrase that is enough by itself: nobody is surer of what a word means in a tweet."""

SUSPECTED = 0.5
"""Where the embedder, and phrases that are not enough by themselves, just about agree."""

WHATEVER_IS_AROUND = ("instruction", "self_harm")
"""A phrase of these counts in a text that is ordinary otherwise, too: what a tweet says to a model is hidden in one,
and nobody should joke back."""

DECIMALS = 2
_PHRASES_SHOWN = 3
_EXEMPLAR_SHOWN = 80


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
        _ask_embedder(flags, languages, vectors, resemblance, found)
    order = {category: number for number, category in enumerate(CATEGORIES)}
    return {
        row: tuple(sorted(several, key=lambda flag: (-flag.score, order[flag.category])))
        for row, several in sorted(flags.items())
        if several
    }


def _ask_embedder(
    flags: dict[int, list[Flag]],
    languages: Sequence[str | None],
    vectors: Vectors,
    resemblance: Resemblance,
    found: PhraseMatches,
) -> None:
    """Where no phrase has said what a text is about, the embedder flags it for the category it is most like, since
    those near to it are neighbours more often than subjects of their own. Where one has, and the text is plainly an
    ordinary one to the embedder, it is a figure of speech, and its flags go."""
    known = resemblance.languages
    rows = [row for row, language in enumerate(languages) if language is None or known is None or language in known]
    excess = resemblance.excess(vectors[rows])
    scores = resemblance.scores(excess)
    best = excess.argmax(axis=1)
    for place, row in enumerate(rows):
        category = CATEGORIES[best[place]]
        if row in flags:
            if excess[place, best[place]] < resemblance.learnt.plain:
                flags[row] = [flag for flag in flags[row] if flag.category in WHATEVER_IS_AROUND]
            continue
        score = float(scores[place, best[place]])
        said = found.mentions.get((row, category), Mentions())
        # A harmless phrase explains what the tweet sounds like.
        if score < 0 or (row in found.harmless and not said.hints):
            continue
        rounded = round(SUSPECTED + (1.0 - SUSPECTED) * min(1.0, score), DECIMALS)
        like = f"sounds like “{_shortened(resemblance.nearest(category, vectors[row]))}”"
        flags[row] = [Flag(category, rounded, f"{_quoted(said.hints)}; {like}" if said.hints else like)]


def _quoted(phrases: Sequence[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases[:_PHRASES_SHOWN])


def _shortened(text: str) -> str:
    return text if len(text) <= _EXEMPLAR_SHOWN else text[: _EXEMPLAR_SHOWN - 1] + "…"
