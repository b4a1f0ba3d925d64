"""How a row of any table becomes a tweet: of CSV, of Parquet, and JSON objects of unknown make.

A row is a list of texts, blank where there is nothing. Which column means what is in ``column_names``; where rows come
from is in ``csv_table``, ``parquet_table`` and ``json_objects``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from viral_assets.sources.parsers.cells import named_texts, object_in
from viral_assets.sources.parsers.column_names import FIELD_OF, Layout, plain_name
from viral_assets.sources.parsers.fields import (
    UnusableError,
    author_name,
    handle,
    handle_in_url,
    id_in_url,
    is_blank,
    is_retweet_text,
    language,
    optional_id,
    tweet_id,
    tweet_text,
    written_count,
)
from viral_assets.sources.parsers.remarks import NO_RESULTS, own_counts
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "t", "share"})
_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')
_MARKED_ID = re.compile(r"""(?:x|tag:search\.twitter\.com,2005:)(\d{5,19})""")
_REFERENCE = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(retweeted|replied_to|quoted)\b""")


class RowParser:
    """Turns rows of one table into tweets.

    Args:
        ids_rounded: a spreadsheet has rounded the ids of this table to 15 digits.
    """

    def __init__(self, layout: Layout, times: Times, remarks: Counter[str], *, ids_rounded: bool = False) -> None:
        self._fields = layout.fields
        self._objects = layout.objects
        self._times = times
        self._remarks = remarks
        self._ids_rounded = ids_rounded

    def tweet(self, cells: Sequence[str]) -> Tweet | None:
        """The tweet of one row, which has as many cells as the table has columns; None where it says there is none.

        Raises:
            UnusableError: it lacks what a tweet needs, or has it in a form that makes no sense.
        """
        fields, inside = self._fields, self._opened(cells) if self._objects else {}
        if inside:
            opened = {index for index, _ in self._objects}
            cells = ["" if index in opened and cell.startswith("{") else cell for index, cell in enumerate(cells)]

        def first(field: str) -> str:
            for index in fields.get(field, ()):
                if not is_blank(cells[index]):
                    return cells[index].strip()
            return inside.get(field, "")

        def number(field: str) -> int | None:
            return written_count(field, first(field))

        def flag(field: str) -> bool:
            return first(field).lower() in _TRUE

        if flag("no_results"):
            self._remarks[NO_RESULTS] += 1
            return None
        url = first("url")
        identity = self._tweet_id(first("tweet_id"), url)
        created_at = self._times.created_at(self._time(cells), identity)
        text = tweet_text(*[cells[index] for index in fields.get("text", ())])
        references = _REFERENCE.findall(first("references"))
        retweet = flag("is_retweet") or bool(first("retweet_of")) or "retweeted" in references
        counts: dict[str, Any] = {
            "like_count": number("like_count"),
            "reply_count": number("reply_count"),
            "retweet_count": number("retweet_count"),
            "quote_count": number("quote_count"),
            "view_count": number("view_count"),
            "bookmark_count": number("bookmark_count"),
        }
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=handle_in_url(url) or handle(first("author_handle")),
            collected_at=self._times.collected_at(first("collected_at")),
            author_id=optional_id(plain_id(first("author_id"))),
            author_name=author_name(first("author_name")),
            author_followers=number("author_followers"),
            author_verified=flag("author_verified"),
            lang=language(first("lang")),
            is_retweet=retweet or is_retweet_text(text),
            is_reply=flag("is_reply") or bool(first("reply_to")) or "replied_to" in references,
            is_quote=flag("is_quote") or bool(first("quote_of")) or "quoted" in references,
            conversation_id=optional_id(first("conversation_id")),
            **(own_counts(counts, self._remarks) if retweet else counts),
        )

    def _opened(self, cells: Sequence[str]) -> dict[str, str]:
        """The values in objects inside cells, by field."""
        found: dict[str, tuple[int, str]] = {}
        for index, prefix in self._objects:
            for name, value in named_texts(object_in(cells[index])):
                known = FIELD_OF.get(prefix + plain_name(name))
                if known is None or is_blank(value):
                    continue
                field, rank = known
                if field not in found or rank < found[field][0]:
                    found[field] = (rank, value.strip())
        return {field: value for field, (_, value) in found.items()}

    def _time(self, cells: Sequence[str]) -> str:
        """The time of posting; where a column has only the date, the next one has the time of day."""
        columns = self._fields.get("created_at", ())
        found = [cells[index].strip() for index in columns if not is_blank(cells[index])]
        return " ".join(found[:2] if found and len(found[0]) <= len("2026-03-17") else found[:1])

    def _tweet_id(self, written: str, url: str) -> str:
        """The id of its column; from the tweet's address where that has none, or one a spreadsheet has ruined."""
        bare = plain_id(written)
        ruined = self._ids_rounded and is_rounded(bare)
        try:
            identity = tweet_id(bare)
        except UnusableError:
            if in_url := id_in_url(url) or id_in_url(bare):
                return in_url
            raise
        if ruined:
            if in_url := id_in_url(url):
                return in_url
            raise UnusableError("bad_id", f"{identity} was rounded by a spreadsheet, as the other ids of this file")
        return identity


def plain_id(written: str) -> str:
    """An id without what keeps spreadsheets and statisticians from rounding it (``'123``, ``="123"``, ``"123"``, R's
    ``x123``), and without the tag that activity streams put before it.
    """
    written = written.strip().removeprefix("'")
    if written.isdecimal():
        return written
    formula = _FORMULA_TEXT.fullmatch(written) if written.startswith("=") else None
    written = formula[1] if formula else written.strip('"')
    marked = _MARKED_ID.fullmatch(written)
    return marked[1] if marked else written


def is_rounded(identity: str) -> bool:
    """Whether an id ends as those that a spreadsheet has rounded do."""
    return len(identity) == 19 and identity.endswith("0000")
