"""Names of people, and when two of them are the same person's."""

from __future__ import annotations

import unicodedata

from viral_assets.text.display import one_line

LONGEST_NAME = 60
"""Characters of a person's name."""


def as_name(typed: str) -> str:
    """What somebody typed, as a name on one line; empty where nothing is left."""
    return one_line(typed[: 10 * LONGEST_NAME])[:LONGEST_NAME].strip()


def name_key(name: str) -> str:
    """The same for every way in which a name is written: in capitals, wide letters, with more spaces."""
    return " ".join(unicodedata.normalize("NFKC", one_line(name)).casefold().split())


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same person's."""
    return name_key(one) == name_key(other)
