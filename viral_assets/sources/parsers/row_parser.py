"""How a row of any table becomes a tweet: of CSV, of Parquet, and JSON objects of unknown make.

A row is a list of texts, blank where there is nothing. Which column means what is in ``column_names``; where rows come
from is in ``csv_table``, ``parquet_table`` and ``json_objects``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from viral_assets.sources.base import Reject
from viral_assets.sources.parsers.addresses import is_of_the_post, service_in
from viral_assets.sources.parsers.cells import counted, fields_in_objects
from viral_assets.sources.parsers.column_evidence import Evidence
from viral_assets.sources.parsers.doubtful_ids import Candidate, Doubtful, IdFromAddress
from viral_assets.sources.parsers.fields import (
    A_POST_OF,
    NOT_OF_X,
    UnusableError,
    author_name,
    handle,
    handle_in_url,
    is_blank,
    is_retweet_text,
    language,
    optional_id,
    refers,
    tweet_text,
    written_count,
)
from viral_assets.sources.parsers.identities import Identity, address_elsewhere, own_identity, plain_id
from viral_assets.sources.parsers.placeholders import placeholder
from viral_assets.sources.parsers.reference_columns import QUOTED, REPLIED_TO, RETWEETED, ReferenceColumns
from viral_assets.sources.parsers.remarks import NO_RESULTS, SPOILT_COUNT, own_counts
from viral_assets.sources.parsers.rounded_ids import may_be_rounded
from viral_assets.sources.parsers.snowflakes import time_in_id
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.vague_times import is_date_alone, is_time_of_day
from viral_assets.sources.tweet import Tweet

_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "t", "share"})
_TRUTHS: Mapping[str, Any] = {"true": True, "True": True, "TRUE": True}
_ESCAPED_BREAK = re.compile(r"\\r\\n|\\[nr]")


class RowParser:
    """Turns rows of one table into tweets.

    Args:
        known: what the columns are, and how they are to be read.
    """

    def __init__(self, known: Evidence, times: Times, remarks: Counter[str]) -> None:
        self._names = known.layout.names
        self._decimals = known.decimals
        self._spoilt = known.spoilt
        self._escaped = known.escaped
        self._fields = known.layout.fields
        self._objects = known.layout.objects
        used = {index for indexes in self._fields.values() for index in indexes}
        self._others = tuple(index for index in range(len(self._names)) if index not in used)
        self._addresses = tuple(index for index in self._others if is_of_the_post(self._names[index]))
        self._referring = ReferenceColumns(known.layout)
        self._times = times
        self._remarks = remarks

    def candidate(self, cells: Sequence[str], place: str, raw: Callable[[], str]) -> Candidate | None:
        """The record of one row, which has as many cells as the table has columns; None where it says there is none.

        Args:
            place: where the row is.
            raw: its text, when it is wanted.
        """
        try:
            found = self._read(cells)
        except UnusableError as error:
            if remark := placeholder(self._filled(cells)):
                self._remarks[remark] += 1
                return None
            return Reject(place, error.reason, error.detail, raw())
        if found is None:
            return None
        tweet, url = found
        if may_be_rounded(tweet.tweet_id):
            return Doubtful(tweet, place, raw, addressed=bool(url))
        return IdFromAddress(tweet) if url else tweet

    def _filled(self, cells: Sequence[str]) -> dict[str, Any]:
        """The values of a row by the names of their columns, and its text by the name that it has everywhere."""
        named = zip(self._names, cells, strict=True)
        filled = {name: _TRUTHS.get(cell, cell) for name, cell in named if not is_blank(cell)}
        text = next((cells[index] for index in self._fields.get("text", ()) if not is_blank(cells[index])), None)
        return filled if text is None else {**filled, "text": text}

    def tweet(self, cells: Sequence[str]) -> Tweet | None:
        """The tweet of one row alone, whatever its neighbours say of its id; None where it says there is none.

        Raises:
            UnusableError: it lacks what a tweet needs, or has it in a form that makes no sense.
        """
        found = self._read(cells)
        return found[0] if found else None

    def _read(self, cells: Sequence[str]) -> tuple[Tweet, str] | None:
        """The tweet of one row, and its address where that has its id."""
        fields, given = self._fields, cells
        inside = fields_in_objects(self._objects, cells) if self._objects else {}
        if inside:
            opened = {index for index, _ in self._objects}
            cells = ["" if index in opened and cell.startswith("{") else cell for index, cell in enumerate(cells)]

        def first(field: str) -> str:
            for index in fields.get(field, ()):
                if not is_blank(cells[index]):
                    return cells[index].strip()
            return inside.get(field, "")

        def number(field: str) -> int | None:
            return self._number(field, cells, inside)

        def flag(field: str) -> bool:
            if inside and inside.get(field, "").lower() in _TRUE:
                return True
            return field in fields and any(cells[index].strip().lower() in _TRUE for index in fields[field])

        def refers_to(field: str) -> bool:
            if field in inside and refers(inside[field]):
                return True
            return field in fields and any(refers(cells[index]) for index in fields[field])

        if flag("no_results"):
            self._remarks[NO_RESULTS] += 1
            return None
        urls = [cells[index] for index in fields.get("url", ())] or [inside.get("url", "")]
        identity, url, created_at = self._identified(first("tweet_id"), urls, cells, inside.get("created_at", ""))
        text = tweet_text(*self._texts(cells))
        kinds = self._referring.kinds(cells)
        retweet = flag("is_retweet") or refers_to("retweet_of") or RETWEETED in kinds
        counts: dict[str, Any] = {
            "like_count": number("like_count"),
            "reply_count": number("reply_count"),
            "retweet_count": number("retweet_count"),
            "quote_count": number("quote_count"),
            "view_count": number("view_count"),
            "bookmark_count": number("bookmark_count"),
        }
        is_reply = (
            flag("is_reply")
            or refers_to("reply_to")
            or REPLIED_TO in kinds
            or (not retweet and refers_to("parent_id") and plain_id(first("parent_id")) != identity)
        )
        is_quote = flag("is_quote") or refers_to("quote_of") or QUOTED in kinds
        referring = not retweet and (is_reply or is_quote or self._referring.has_pictures)
        found = Tweet(
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
            is_reply=is_reply,
            is_quote=is_quote,
            is_promoted=flag("is_promoted"),
            conversation_id=optional_id(first("conversation_id")),
            refers_to=self._referring.references(given, identity) if referring else None,
            **(own_counts(counts, self._remarks) if retweet else counts),
        )
        return found, url

    def _texts(self, cells: Sequence[str]) -> list[str]:
        columns = self._fields.get("text", ())
        if not self._escaped:
            return [cells[index] for index in columns]
        return [_ESCAPED_BREAK.sub("\n", cells[index]) if index in self._escaped else cells[index] for index in columns]

    def _number(self, field: str, cells: Sequence[str], inside: Mapping[str, str]) -> int | None:
        for index in self._fields.get(field, ()):
            if not is_blank(cells[index]):
                if index in self._spoilt:
                    self._remarks[SPOILT_COUNT] += 1
                    return None
                written = counted(cells[index]) if cells[index][:1] == "{" else cells[index]
                return written_count(field, written, self._decimals.get(index, ""))
        return written_count(field, inside.get(field, ""))

    def _identified(
        self, written: str, urls: Sequence[str], cells: Sequence[str], time_inside: str
    ) -> tuple[str, str, datetime]:
        """The id, the tweet's address where the row has it, and when it was posted."""
        times = self._times_in(cells) or [time_inside]
        bare = plain_id(written)
        found = own_identity(bare, urls, cells)
        if (
            found.repaired
            and not self._times.confirms(found.identity, *times)
            and bare.isdecimal()
            and self._times.confirms(bare, *times)
        ):
            found = Identity(bare)  # the address is of another tweet
        elsewhere = [cells[index] for index in self._others if "/status" in cells[index]]
        if elsewhere and not found.url and any(times):
            found = address_elsewhere(found, elsewhere, lambda identity: self._times.confirms(identity, *times))
        try:
            if found.problem:
                raise found.problem
            created_at = self._posted(found, times, cells)
        except UnusableError as error:
            if not found.url and error.reason in ("no_id", "bad_id", NOT_OF_X):
                _refuse_other_services((*urls, written, *(cells[index] for index in self._addresses)))
            raise
        if not found.url and (time_in_id(found.identity) is None or not any(times)):
            _refuse_other_services(urls)
        if found.repaired:
            self._remarks[found.repaired] += 1
        return found.identity, found.url, created_at

    def _posted(self, found: Identity, times: Sequence[str], cells: Sequence[str]) -> datetime:
        """When a tweet was posted; where no time of the row is that of its id, by a column that is not called one."""
        try:
            return self._times.created_at(times[0], found.identity, *times[1:], of_x=bool(found.url))
        except UnusableError as error:
            if error.reason != NOT_OF_X:
                raise
            for index in self._others:
                if self._times.is_exactly(found.identity, cells[index]):
                    return self._times.created_at(cells[index], found.identity)
            raise

    def _times_in(self, cells: Sequence[str]) -> list[str]:
        """The times of the row that may be that of posting; where one column has the date and the next one the time of
        day, the two as one.
        """
        columns = self._fields.get("created_at", ())
        found = [cells[index].strip() for index in columns if not is_blank(cells[index])]
        if len(found) > 1 and is_date_alone(found[0]) and is_time_of_day(found[1]):
            return [" ".join(found[:2]), *found[2:]]
        return found


def _refuse_other_services(urls: Sequence[str]) -> None:
    if foreign := service_in(urls):
        raise UnusableError(NOT_OF_X, f"{A_POST_OF}{foreign}, not of X") from None
