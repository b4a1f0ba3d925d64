"""What shows in languages other than English that a reply is welcome: the table ``openness.yml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, get_args

import numpy as np

from viral_assets.bundled import load_table
from viral_assets.text.phrases import UNSPACED, IntArray, Phrases, TextColumn, fold

Sign = Literal["asks", "invites", "hedges"]
SIGNS: tuple[Sign, ...] = get_args(Sign)


class SignTable:
    """The signs of one language."""

    def __init__(self, entries: Mapping[Sign, str]) -> None:
        self._sign_of: dict[str, Sign] = {}
        # What asks may stand within what invites, and is not lost for it.
        for sign in reversed(SIGNS):
            for phrase in entries[sign].split(","):
                self._sign_of[fold(" ".join(phrase.split()))] = sign
        ordered = sorted(self._sign_of, key=len, reverse=True)
        self._search: Phrases | re.Pattern[str]
        if UNSPACED.search(" ".join(ordered)):
            self._search = re.compile("|".join(map(re.escape, ordered)))
        else:
            self._search = Phrases(ordered)

    def find(self, column: TextColumn, rows: IntArray) -> Iterator[tuple[int, Sign]]:
        """Row and sign of each occurrence in these rows."""
        part = column.part(rows)
        if isinstance(self._search, re.Pattern):
            for place, text in enumerate(part.folded):
                yield from ((int(rows[place]), self._sign_of[each]) for each in self._search.findall(text))
        else:
            places, found = part.find(self._search)
            yield from ((int(rows[place]), self._sign_of[each]) for place, each in zip(places, found, strict=True))


@cache
def entries() -> Mapping[str, Mapping[Sign, str]]:
    """The signs there are, by language."""
    loaded: Mapping[str, Mapping[Sign, str]] = load_table("viral_assets.scoring", "openness.yml")
    return loaded


@cache
def table_of(language: str) -> SignTable:
    """The table of a language that there are signs of."""
    return SignTable(entries()[language])


def signs(column: TextColumn, languages: Sequence[str | None]) -> Iterator[tuple[int, Sign]]:
    """Row and sign of what stands in texts whose language (n,) is known, and has a table."""
    rows_of: dict[str, list[int]] = {}
    for row, language in enumerate(languages):
        if language in entries():
            rows_of.setdefault(str(language), []).append(row)
    for language, rows in rows_of.items():
        yield from table_of(language).find(column, np.array(rows, dtype=np.int64))
