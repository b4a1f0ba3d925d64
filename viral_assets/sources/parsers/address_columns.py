"""Columns of tweets' addresses, told by what is in them: exports call them what they like, in any language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viral_assets.sources.parsers.column_names import IDENTITY, plain_name
from viral_assets.sources.parsers.identities import address_of_x
from viral_assets.sources.parsers.layouts import Layout

_LEAST_SHARE = 0.9
_OF_OTHERS = ("quot", "reply", "replied", "parent", "retweet", "repost", "conversation", "thread", "original", "media")
"""In names of columns with addresses of other tweets."""


def with_addresses(known: Layout, rows: Sequence[Sequence[str]]) -> Layout:
    """The layout with a column of tweets' addresses, where no column is called one and none has ids.

    Args:
        rows: the first ones, each with as many cells as there are columns.
    """
    if IDENTITY not in known.missing:
        return known
    used = {index for indexes in known.fields.values() for index in indexes}
    found = [
        index
        for index, name in enumerate(known.names)
        if index not in used
        and not any(word in plain_name(name) for word in _OF_OTHERS)
        and _has_addresses(rows, index)
    ]
    return replace(known, fields={**known.fields, "url": (found[0],)}) if len(found) == 1 else known


def _has_addresses(rows: Sequence[Sequence[str]], index: int) -> bool:
    cells = [row[index] for row in rows if row[index].strip()]
    return bool(cells) and sum(address_of_x(cell) is not None for cell in cells) >= _LEAST_SHARE * len(cells)
