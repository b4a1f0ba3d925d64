"""What a row of a table says of other posts: ids in columns of their own, in a cell with ``referenced_tweets``, and
objects inside cells; and of its pictures, in columns of descriptions and of media.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache

from viral_assets.context import References
from viral_assets.sources.parsers.cells import list_in, object_in
from viral_assets.sources.parsers.column_names import plain_name
from viral_assets.sources.parsers.fields import id_in_url, is_blank, optional_id
from viral_assets.sources.parsers.identities import plain_id
from viral_assets.sources.parsers.layouts import Layout
from viral_assets.sources.parsers.references import described, references_in

_OBJECTS = {"quotedpost": "quoted_post", "parentpostdetails": "parent_post_details"}
"""Columns that hold a post as an object, by their plain name, and what :func:`references_in` knows them as."""

RETWEETED, REPLIED_TO, QUOTED = "retweeted", "replied_to", "quoted"

_KINDS = {
    **dict.fromkeys(("retweet", "retweeted", "rt", "repost", "reposted", "share", "shared"), RETWEETED),
    **dict.fromkeys(("reply", "replied", "replyto", "repliedto", "repliesto", "comment"), REPLIED_TO),
    **dict.fromkeys(("quote", "quoted", "quotetweet", "quotedtweet", "quotepost", "quotedpost"), QUOTED),
    **dict.fromkeys(("quoteretweet", "quoterepost", "retweetwithcomment", "repostwithcomment"), QUOTED),
}
"""What tools call the kinds of posts, as it is compared; ``original post``, ``Tweet`` and ``Photo`` are of none."""
_LONGEST_KIND = 30
_NO_KINDS: Set[str] = frozenset()

_REFERENCE = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(retweeted|replied_to|quoted)\b""")
_ENTRY = re.compile(r"\{[^{}]*\}")
_ENTRY_KIND = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(replied_to|quoted)\b""")
_ENTRY_ID = re.compile(r"""["']?\bid["']?\s*[:=]\s*["']?(\d{1,19})\b""")
_DESCRIPTIONS = ("alttext", "alttexts")
"""How names of columns of descriptions end: ``media_alt_texts`` of minet, ``extendedEntities/media/0/ext_alt_text``."""

_MEDIA = frozenset({"media", "photos", "attachmentsmedia", "extendedentitiesmedia", "entitiesmedia"})
"""Columns with a list of media: of twitter-web-exporter, of ``twarc2 csv``, of data frames."""

_BETWEEN_DESCRIPTIONS = "|"
"""In minet's column; an author who writes it has two descriptions then."""

_OF_SNSCRAPE = re.compile(r"""\baltText=(?:"([^"]+)"|'([^']+)')""")
"""In ``[Photo(previewUrl='...', fullUrl='...', altText='...')]``."""

_OF_USERS = "user"
"""In the name of a column with the id of whom a tweet answers, not of the post."""


class ReferenceColumns:
    """Where the rows of one table name other posts."""

    def __init__(self, layout: Layout) -> None:
        self._names = layout.names
        self._fields = {
            kind: tuple(
                at
                for field in fields
                for at in layout.fields.get(field, ())
                if _OF_USERS not in plain_name(layout.names[at])
            )
            for kind, fields in {REPLIED_TO: ("reply_to", "parent_id"), QUOTED: ("quote_of",)}.items()
        }
        self._written = layout.fields.get("references", ())
        self._kinds = layout.fields.get("post_kind", ())
        plain = [plain_name(name) for name in layout.names]
        self._descriptions = tuple(at for at, name in enumerate(plain) if name.endswith(_DESCRIPTIONS))
        self._media = tuple(at for at, name in enumerate(plain) if name in _MEDIA)
        self._objects = tuple((at, _OBJECTS[prefix]) for at, prefix in layout.objects if prefix in _OBJECTS)

    @property
    def has_pictures(self) -> bool:
        """Whether there are columns about pictures."""
        return bool(self._descriptions or self._media)

    def kinds(self, cells: Sequence[str]) -> Set[str]:
        """What a row says in words that it is: ``retweeted``, ``replied_to``, ``quoted``."""
        if not (self._written or self._kinds):
            return _NO_KINDS
        written = next((cells[at] for at in self._written if not is_blank(cells[at])), "")
        return {*_REFERENCE.findall(written), *(kind for at in self._kinds if (kind := kind_in(cells[at])))}

    def references(self, cells: Sequence[str], own_id: str) -> References | None:
        """What a row refers to; None for nothing that has an id.

        Args:
            cells: as they came.
            own_id: of the row's tweet.
        """
        nested = references_in({name: object_in(cells[at]) for at, name in self._objects}, own_id) or References()
        ids = dict(self._ids(cells, own_id))
        answers, quotes = nested.answers or ids.get("replied_to"), nested.quotes or ids.get("quoted")
        return References(answers, quotes, self._pictures(cells), nested.posts) or None

    def _pictures(self, cells: Sequence[str]) -> tuple[str, ...]:
        found: list[object] = []
        for at in self._descriptions:
            several = plain_name(self._names[at]).endswith("s")
            found += cells[at].split(_BETWEEN_DESCRIPTIONS) if several else [cells[at]]
        media: list[object] = [item for at in self._media for item in list_in(cells[at])]
        for at in self._media:
            found += ["".join(pair) for pair in _OF_SNSCRAPE.findall(cells[at])]
        return described([*media, *({"alt_text": text} for text in found)])

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


def kind_in(cell: str) -> str | None:
    """The kind of post that a cell names: ``Repost`` and ``share`` one that repeats another, ``'@Reply`` an answer."""
    return _kind(cell) if len(cell) <= _LONGEST_KIND else None


@lru_cache(maxsize=256)
def _kind(cell: str) -> str | None:
    return _KINDS.get(plain_name(cell))
