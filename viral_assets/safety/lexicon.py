"""Words and phrases that say what a tweet is about, looked for in the language of the tweet. They are in
``lexicon.yml``; how much a find counts is decided in ``flags``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from viral_assets.bundled import load_table
from viral_assets.text.phrases import UNSPACED, IntArray, Phrases, TextColumn, fold

HARMLESS = "harmless"
"""Beside the categories: phrases in which no other is seen."""

Entries = Mapping[str, str | Mapping[str, str]]
"""Of one language: phrases by category, or by how much they say and category."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What one text says of one category: phrases that are enough, and phrases that are not, each once."""

    sure: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PhraseMatches:
    """Mentions by row and category, and the rows in which a harmless phrase stands."""

    mentions: dict[tuple[int, str], Mentions] = field(default_factory=dict)
    harmless: set[int] = field(default_factory=set)


def find_mentions(column: TextColumn, languages: Sequence[str | None]) -> PhraseMatches:
    """What the texts mention.

    Args:
        languages: of the texts (n,), as :func:`~viral_assets.text.language.canonical` writes them. A text whose
            language nobody knows is searched in all that there are tables for; one in another language in none.
    """
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, language in enumerate(languages):
        for known in (language,) if language is not None else entries():
            rows_of[known].append(row)
    found = PhraseMatches()
    for language, rows in rows_of.items():
        if language in entries():
            table_of(language).find(column, np.array(rows, dtype=np.int64), found)
    return found


class Table:
    """The phrases of one language."""

    def __init__(self, entries: Entries) -> None:
        self._meaning: dict[str, list[tuple[str, bool]]] = {}
        for category, phrases in entries.items():
            if category == HARMLESS:
                continue
            by_strength = {"sure": phrases} if isinstance(phrases, str) else phrases
            for strength, listed in by_strength.items():
                for phrase in _phrases(listed):
                    self._meaning.setdefault(phrase, []).append((category, strength == "sure"))
        harmless = entries.get(HARMLESS, "")
        self._harmless = frozenset(_phrases(harmless if isinstance(harmless, str) else ""))
        every = {*self._meaning, *self._harmless}
        self._search: Phrases | re.Pattern[str]
        if UNSPACED.search(" ".join(every)):
            # Longest first: what is harmless is read over together with what it begins with.
            self._search = re.compile("|".join(map(re.escape, sorted(every, key=len, reverse=True))))
        else:
            self._search = Phrases(every)

    def find(self, column: TextColumn, rows: IntArray, found: PhraseMatches) -> None:
        """Add to ``found`` what stands in these rows."""
        for place, phrase in self._spoken_of(column.part(rows)):
            row = int(rows[place])
            if phrase in self._harmless:
                found.harmless.add(row)
            for category, is_sure in self._meaning.get(phrase, ()):
                mentions = found.mentions.setdefault((row, category), Mentions())
                known = mentions.sure if is_sure else mentions.hints
                if phrase not in known:
                    known.append(phrase)

    def _spoken_of(self, column: TextColumn) -> Iterator[tuple[int, str]]:
        """Row and phrase of each find that is not within a harmless one."""
        if isinstance(self._search, re.Pattern):
            for row, text in enumerate(column.folded):
                yield from ((row, phrase) for phrase in self._search.findall(text))
            return
        covered = 0
        # In the order of their places: a harmless phrase covers what begins before it ends.
        for row, place, phrase in zip(*column.find_spans(self._search), strict=True):
            if phrase in self._harmless:
                covered = max(covered, int(place) + len(phrase.encode()))
            elif place < covered:
                continue
            yield int(row), phrase


@cache
def entries() -> Mapping[str, Entries]:
    """What there is to look for, by language."""
    loaded: Mapping[str, Entries] = load_table("viral_assets.safety", "lexicon.yml")
    return loaded


@cache
def table_of(language: str) -> Table:
    """The table of a language that there are entries for, made once some text is in it: most hours have a few."""
    return Table(entries()[language])


def _phrases(listed: str) -> list[str]:
    """A list separated by commas, as texts are searched."""
    return [phrase for each in listed.split(",") if (phrase := fold(" ".join(each.split())))]
