"""What the first rows of a table tell of its columns: how counts are written, and which column has handles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from viral_assets.sources.parsers.column_names import Layout
from viral_assets.sources.parsers.count_notation import decimal_mark
from viral_assets.sources.parsers.displayed_names import are_displayed_names

MOST_ROWS = 1_000
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
    """

    layout: Layout
    decimals: Mapping[int, str] = field(default_factory=dict)


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
    return Evidence(_without_names(layout, rows), decimals)


def _without_names(layout: Layout, rows: Sequence[Sequence[str]]) -> Layout:
    def column(field_name: str) -> list[str]:
        indexes = layout.fields.get(field_name, ())
        return [row[indexes[0]] for row in rows] if indexes else []

    handles = layout.fields.get("author_handle", ())
    addresses, ids = column("url"), column("author_id")
    names = tuple(index for index in handles if are_displayed_names([row[index] for row in rows], addresses, ids))
    if not names:
        return layout
    fields = {
        **layout.fields,
        "author_handle": tuple(index for index in handles if index not in names),
        "author_name": (*layout.fields.get("author_name", ()), *names),
    }
    return replace(layout, fields={name: indexes for name, indexes in fields.items() if indexes})
