"""Which row of a table names its columns: some exports begin with a title, or with what was searched for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from viral_assets.sources.base import ColumnNames
from viral_assets.sources.parsers.layouts import Layout, layout

HEADER_ROWS = 10
"""How far down that row may be."""

MOST_COLUMNS = 20_000
"""Apify's tables have one for every value of every nested list."""

Place = TypeVar("Place")


def best_layout(
    rows: Iterable[tuple[Place, Sequence[str] | None]], columns: ColumnNames | None = None
) -> tuple[Place, Layout] | None:
    """Of some rows the one that names the most columns, the first of several; None if none names at least two.

    Args:
        rows: where each is, and its cells; None for one that cannot be read.
        columns: a person's own names of columns.
    """
    best: tuple[Place, Layout] | None = None
    for place, cells in rows:
        if cells is None or len(cells) > MOST_COLUMNS:
            continue
        found = layout(cells, columns)
        if found.telling >= 2 and (best is None or found.telling > best[1].telling):
            best = place, found
    return best
