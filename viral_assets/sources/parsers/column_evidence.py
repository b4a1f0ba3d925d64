"""What the first rows of a table tell of its columns: how counts are written, and which column has handles.

Tables have their rows' cells in one order. Objects of JSON have not: of them it is known by the names of their values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from viral_assets.sources.base import ColumnNames
from viral_assets.sources.parsers.cells import named_texts
from viral_assets.sources.parsers.column_names import TIME, plain_name
from viral_assets.sources.parsers.count_notation import are_spoilt, decimal_mark
from viral_assets.sources.parsers.displayed_names import are_displayed_names
from viral_assets.sources.parsers.fields import id_in_url
from viral_assets.sources.parsers.identities import plain_id
from viral_assets.sources.parsers.layouts import Layout, layout
from viral_assets.sources.parsers.snowflakes import tells_its_time

MOST_ROWS = 1_000
MOST_NAMES = 2_000
"""Of the values of objects; those that a tweet is made of come early."""

_CALLED_HANDLES = ("screenname", "handle", "preferredusername")
_OF_THE_EXPORTER = frozenset({"full_text", "favorited", "bookmarked"})
"""Columns of twitter-web-exporter, which writes ``\\n``: https://github.com/prinsss/twitter-web-exporter."""

_FEWEST_TEXTS, _SMALLEST_SHARE = 20, 0.05

_TELLING = ("url", "text", "author_handle", "author_id")
COUNTS = (
    *("like_count", "reply_count", "retweet_count", "quote_count", "view_count", "bookmark_count"),
    "author_followers",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the columns of one table.

    Args:
        layout: without columns of displayed names among those of handles.
        decimals: of columns that show one, the mark before fractions.
        escaped: columns of texts whose line breaks are written as ``\\n``.
        spoilt: columns of counts of which a program has taken thousands for fractions.
    """

    layout: Layout
    decimals: Mapping[int, str] = field(default_factory=dict)
    escaped: frozenset[int] = frozenset()
    spoilt: frozenset[int] = frozenset()


def evidence(layout: Layout, rows: Sequence[Sequence[str]]) -> Evidence:
    """What some rows tell.

    Args:
        rows: the first ones, each with as many cells as there are columns.
    """
    decimals = {
        index: mark
        for counted in COUNTS
        for index in layout.fields.get(counted, ())
        if (mark := decimal_mark(row[index] for row in rows))
    }
    exported = _OF_THE_EXPORTER.issubset(layout.names)
    escaped = (
        index
        for index in layout.fields.get("text", ())
        if has_escaped_breaks([row[index] for row in rows], certainly=exported)
    )
    spoilt = (index for index, mark in decimals.items() if are_spoilt([row[index] for row in rows], mark))
    return Evidence(_without_names(layout, rows), decimals, frozenset(escaped), frozenset(spoilt))


def telling_columns(layout: Layout, integers: Collection[int] = ()) -> frozenset[int]:
    """The columns whose cells tell something.

    Args:
        integers: columns of whole numbers, of which nobody asks how they are written.
    """
    ids = ("tweet_id",) if layout.missing == [TIME] else ()
    counts = (index for name in COUNTS for index in layout.fields.get(name, ()) if index not in integers)
    others = (index for name in (*ids, *_TELLING) for index in layout.fields.get(name, ()))
    return frozenset((*counts, *others))


def has_escaped_breaks(texts: Sequence[str], *, certainly: bool = False) -> bool:
    """Whether the line breaks of a column of texts are written as a backslash and an ``n``.

    One text alone may well speak of ``\\n``. Of tweets, 1 in 4 has a line break: a column of which none has one, and
    some have ``\\n``, is written so.

    Args:
        certainly: whether the program is known to write them so.
    """
    written = sum("\\n" in text for text in texts)
    if not written or any("\n" in text for text in texts):
        return False
    return certainly or (len(texts) >= _FEWEST_TEXTS and written >= _SMALLEST_SHARE * len(texts))


def missing(layout: Layout, rows: Sequence[Sequence[str]]) -> list[str]:
    """What a tweet needs and no column gives; not the time, where the ids of most of these rows tell it."""
    lacking = layout.missing
    if lacking != [TIME]:
        return lacking
    found = [_tells_its_time(layout, row) for row in rows]
    return [] if sum(found) > len(found) / 2 else lacking


def _tells_its_time(layout: Layout, row: Sequence[str]) -> bool:
    written = (plain_id(row[at]) for at in layout.fields.get("tweet_id", ()))
    of_addresses = (id_in_url(row[at]) or "" for at in layout.fields.get("url", ()))
    return any(map(tells_its_time, (*written, *of_addresses)))


class ObjectColumns:
    """What objects of JSON that lie beside each other tell of the values they have under a name.

    Args:
        columns: a person's own names of columns.
    """

    def __init__(self, columns: ColumnNames | None = None) -> None:
        self._columns = columns
        self.has_news = False
        """Whether objects were seen since something was asked of them."""
        self._unseen: Sequence[Any] = ()
        self._seen = 0
        self._decimals: dict[str, str] = {}
        self._spoilt: frozenset[str] = frozenset()
        self._displayed: frozenset[str] = frozenset()

    def see(self, objects: Sequence[Any]) -> None:
        """Take notice of some objects; of a few beside many that are known, there is nothing to learn."""
        if len(objects) >= max(2 * max(self._seen, len(self._unseen)), 1):
            self._unseen = objects[:MOST_ROWS]
            self.has_news = True

    def evidence(self, of: Layout) -> Evidence:
        """What is known of the columns of an object with these names."""
        if self._unseen:
            self._learn()
        names = tuple(at for at in of.fields.get("author_handle", ()) if of.names[at] in self._displayed)
        decimals = {at: mark for at, name in enumerate(of.names) if (mark := self._decimals.get(name))}
        spoilt = frozenset(at for at, name in enumerate(of.names) if name in self._spoilt)
        return Evidence(_with_displayed(of, names), decimals, spoilt=spoilt)

    def _learn(self) -> None:
        rows = [dict(named_texts(each)) for each in self._unseen]
        self._seen, self._unseen = len(rows), ()
        self.has_news = False
        known = layout(list(islice(dict.fromkeys(name for row in rows for name in row), MOST_NAMES)), self._columns)
        cells = [[row.get(name, "") for name in known.names] for row in rows]
        found = evidence(known, cells)
        self._decimals |= {known.names[at]: mark for at, mark in found.decimals.items()}
        self._spoilt |= {known.names[at] for at in found.spoilt}
        self._displayed |= {known.names[at] for at in _displayed_names(known, cells)}


def _without_names(layout: Layout, rows: Sequence[Sequence[str]]) -> Layout:
    return _with_displayed(layout, _displayed_names(layout, rows))


def _displayed_names(layout: Layout, rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Of the columns of handles, those that have displayed names."""

    def column(field_name: str) -> list[str]:
        indexes = layout.fields.get(field_name, ())
        return [row[indexes[0]] for row in rows] if indexes else []

    handles = layout.fields.get("author_handle", ())
    addresses, ids = column("url"), column("author_id")
    return tuple(
        index
        for index in handles
        if are_displayed_names(
            [row[index] for row in rows],
            addresses,
            ids,
            called_handles=any(word in plain_name(layout.names[index]) for word in _CALLED_HANDLES),
        )
    )


def _with_displayed(layout: Layout, names: Iterable[int]) -> Layout:
    """The layout with some of the columns of handles as those of displayed names."""
    named = tuple(names)
    if not named:
        return layout
    fields = {
        **layout.fields,
        "author_handle": tuple(index for index in layout.fields["author_handle"] if index not in named),
        "author_name": (*layout.fields.get("author_name", ()), *named),
    }
    return replace(layout, fields={name: indexes for name, indexes in fields.items() if indexes})
