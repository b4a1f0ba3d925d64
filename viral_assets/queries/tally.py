"""Numbers that can be added up, hours to days and days to a report: what is counted, by names, and how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache

import orjson

Names = tuple[str, ...]
"""What is counted: first a word of ours, then a project, then what else tells it from others of the project."""

Number = int | float

Counted = Iterator[tuple[datetime, Names, Number]]
"""Numbers as they are counted, each of an hour."""

Tally = dict[str, Number]
"""By :func:`packed` names, as that is written down and read again hundreds of times a page."""


def packed(names: Iterable[str]) -> str:
    return orjson.dumps(list(names)).decode()


@lru_cache(maxsize=10_000)
def unpacked(key: str) -> Names:
    return tuple(orjson.loads(key))


def by_hour(counted: Iterable[tuple[datetime, Names, Number]], hours: Iterable[datetime]) -> dict[datetime, Tally]:
    """The numbers of each of these hours, those of a name added up; nothing of what there is none of."""
    found: dict[datetime, Tally] = {hour: {} for hour in hours}
    for hour, names, number in counted:
        if number and hour in found:
            key, tally = packed(names), found[hour]
            tally[key] = tally.get(key, 0) + number
    return found


def add(to: Tally, numbers: Mapping[str, Number]) -> None:
    """Add numbers to those there are."""
    for key, number in numbers.items():
        to[key] = to.get(key, 0) + number


def of_project(tally: Tally, project: str | None) -> Iterator[tuple[Names, Number]]:
    """The numbers of a project, and those of none; of all for None."""
    for key, number in tally.items():
        names = unpacked(key)
        if project is None or len(names) == 1 or names[1] == project:
            yield names, number
