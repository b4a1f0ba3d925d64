"""What a row of a table says of other posts: ids in columns of their own, in a cell with ``referenced_tweets``, and
objects inside cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from viral_assets.context import References
from viral_assets.sources.parsers.cells import object_in
from viral_assets.sources.parsers.column_names import plain_name
from viral_assets.sources.parsers.fields import id_in_url, optional_id
from viral_assets.sources.parsers.identities import plain_id
from viral_assets.sources.parsers.layouts import Layout
from viral_assets.sources.parsers.references import references_in

_OBJECTS = {"quotedpost": "quoted_post", "parentpostdetails": "parent_post_details"}
"""Columns that hold a post as an object, by their plain name, and what :func:`references_in` knows them as."""

_ENTRY = re.compile(r"\{[^{}]*\}")
_ENTRY_KIND = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(replied_to|quoted)\b""")
_ENTRY_ID = re.compile(r"""["']?\bid["']?\s*[:=]\s*["']?(\d{1,19})\b""")
_OF_USERS = "user"
"""In the name of a column with the id of whom a tweet answers, not of the post."""


class ReferenceColumns:
    """Where the rows of one table name other posts."""

    def __init__(self, layout: Layout) -> None:
        self._fields = {
            kind: tuple(
                at
                for field in fields
                for at in layout.fields.get(field, ())
                if _OF_USERS not in plain_name(layout.names[at])
            )
            for kind, fields in {"replied_to": ("reply_to", "parent_id"), "quoted": ("quote_of",)}.items()
        }
        self._written = layout.fields.get("references", ())
        self._objects = tuple((at, _OBJECTS[prefix]) for at, prefix in layout.objects if prefix in _OBJECTS)

    def references(self, cells: Sequence[str], own_id: str) -> References | None:
        """What a row refers to; None for nothing that has an id.

        Args:
            cells: as they came.
            own_id: of the row's tweet.
        """
        nested = references_in({name: object_in(cells[at]) for at, name in self._objects}, own_id) or References()
        ids = dict(self._ids(cells, own_id))
        answers, quotes = nested.answers or ids.get("replied_to"), nested.quotes or ids.get("quoted")
        return References(answers, quotes, posts=nested.posts) or None

    def _ids(self, cells: Sequence[str], own_id: str) -> Iterator[tuple[str, str]]:
        """Kind and id of what is referred to; the last of a kind is the surest."""
        for entry in (entry for at in self._written for entry in _ENTRY.findall(cells[at])):
            kind, post_id = _ENTRY_KIND.search(entry), _ENTRY_ID.search(entry)
            if kind and post_id and post_id[1] != own_id and optional_id(post_id[1]):
                yield kind[1], post_id[1]
        for kind_of, columns in self._fields.items():
            for at in reversed(columns):
                found = optional_id(plain_id(cells[at])) or id_in_url(cells[at])
                if found and found != own_id:
                    yield kind_of, found
