"""Tweets out of tables in text files (CSV, TSV) with the column names people's exports have.

First the rows, told apart so that a quote nobody closes costs its own row and not the rest of the file; then the
columns, recognised by their names; then the tweets.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from viral_assets.sources.base import Record, Reject
from viral_assets.sources.normalise import (
    Times,
    UnusableError,
    author_name,
    handle,
    id_in_url,
    is_blank,
    is_retweet_text,
    language,
    optional_id,
    tweet_id,
    tweet_text,
    written_count,
)
from viral_assets.sources.tweet import Tweet
from viral_assets.sources.x_api_v2 import visible

DELIMITERS = ",;\t|"

LONGEST_ROW_LINES = 300
LONGEST_ROW = 100_000
"""Lines and characters after which an open quote counts as never closed."""

_HEADER_ROWS = 10
"""How far down the header row may be: some exports begin with a title."""

# Names are compared without case and anything but letters and digits: tweet_id, tweetId, "Tweet Id".
# Where several are present, the first non-empty one counts (of texts, the longest).
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tweet_id": ("tweetid", "idstr", "statusid", "postid", "tweetidstr", "id"),
    "url": (
        "url",
        "tweeturl",
        "twitterurl",
        "link",
        "tweetlink",
        "permalink",
        "permanenturl",
        "posturl",
        "linktotweet",
    ),
    "text": ("fulltext", "text", "tweettext", "content", "tweetcontent", "rawcontent", "tweet", "posttext", "body"),
    "created_at": (
        *("createdat", "tweetcreatedat", "postedat", "publishedat", "createdatutc", "timestamp", "datetime"),
        *("createdtime", "created", "date", "tweetdate", "time", "postdate"),
    ),
    "collected_at": ("collectedat", "retrievedat", "scrapedat", "fetchedat", "crawledat", "twarcretrievedat"),
    "author_handle": (
        *("authorusername", "authorhandle", "username", "userusername", "screenname", "userscreenname", "handle"),
        *("authorscreenname", "userhandle", "author", "user"),
    ),
    "author_id": ("authorid", "userid", "useridstr", "authoridstr"),
    "author_name": ("authorname", "displayname", "userdisplayname", "name", "fullname"),
    "author_followers": (
        *("authorfollowers", "followers", "followerscount", "followercount", "userfollowers", "userfollowerscount"),
        *("authorfollowerscount", "authorpublicmetricsfollowerscount"),
    ),
    "author_verified": ("authorverified", "verified", "userverified", "authorisblueverified", "isblueverified"),
    "lang": ("lang", "language", "tweetlang"),
    "is_retweet": ("isretweet", "retweeted", "isrt"),
    "is_reply": ("isreply",),
    "retweet_of": ("referencedtweetsretweetedid", "retweetedstatusid", "retweetedtweetid"),
    "reply_to": (
        *("inreplytoid", "inreplytostatusid", "inreplytouserid", "inreplytotweetid", "replyto", "inreplyto"),
        "referencedtweetsrepliedtoid",
    ),
    "quote_of": ("referencedtweetsquotedid", "quotedstatusid", "quotedtweetid"),
    "is_quote": ("isquote", "isquotestatus", "isquotetweet"),
    "like_count": (
        *("likecount", "favoritecount", "favouritecount", "likes", "favorites", "favoritescount", "likescount"),
        "publicmetricslikecount",
    ),
    "reply_count": ("replycount", "replies", "comments", "commentcount", "repliescount", "publicmetricsreplycount"),
    "retweet_count": (
        *("retweetcount", "retweets", "repostcount", "reposts", "retweetscount", "shares"),
        "publicmetricsretweetcount",
    ),
    "quote_count": ("quotecount", "quotes", "publicmetricsquotecount"),
    "view_count": (
        *("viewcount", "views", "impressioncount", "impressions", "viewscount"),
        "publicmetricsimpressioncount",
    ),
    "bookmark_count": ("bookmarkcount", "bookmarks", "publicmetricsbookmarkcount"),
    "conversation_id": ("conversationid", "threadid"),
}

_NOT_IN_NAMES = re.compile("[^a-z0-9]+")
_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "t"})
_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')


class Row(NamedTuple):
    """One row: the line it begins on (from 1), its cells, and its text. ``cells`` is None where it has no end."""

    line: int
    cells: list[str] | None
    raw: str


def rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Rows of a table, text in quotes running over several lines included.

    A row over several lines must be quoted correctly from beginning to end. Otherwise a quote was left open, and
    reading on would swallow the rows that follow: then only its first line is given up, and the next line begins a
    new row.
    """
    source = _Lines(lines)
    number = 0
    for line in source:
        number += 1
        if '"' not in line:
            yield Row(number, line.rstrip("\r\n").split(delimiter), line)
            continue
        taken: list[str] = []
        try:
            cells = next(csv.reader(_row_lines(line, source, taken), delimiter=delimiter, strict=True))
        except csv.Error:
            source.give_back(taken)
            yield Row(number, _one_line(line, delimiter), line)
        else:
            yield Row(number, cells, line + "".join(taken))
            number += len(taken)


class _Lines:
    """An iterator that takes lines back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._returned: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._returned.pop() if self._returned else next(self._lines)

    def give_back(self, lines: list[str]) -> None:
        self._returned.extend(reversed(lines))


def _row_lines(line: str, source: Iterator[str], taken: list[str]) -> Iterator[str]:
    """``line`` and as many further lines as one row may have; those are noted in ``taken``."""
    yield line
    length = len(line)
    while len(taken) < LONGEST_ROW_LINES and length < LONGEST_ROW:
        further = next(source, None)
        if further is None:
            return
        taken.append(further)
        length += len(further)
        yield further


def _one_line(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with a stray quote; None where the quote is open at its end."""
    try:
        next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:  # a field beyond the csv module's limit
        return None


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are: for each field the indexes of its columns, best first."""

    delimiter: str
    line: int
    cells: tuple[str, ...]
    fields: Mapping[str, tuple[int, ...]]

    @property
    def missing(self) -> list[str]:
        """What a tweet needs and no column gives, for a message."""
        needed = {
            "the tweet's id": self.fields.keys() & {"tweet_id", "url"},
            "its text": self.fields.keys() & {"text"},
            "its time": self.fields.keys() & {"created_at"},
        }
        return [what for what, found in needed.items() if not found]


def find_header(head: str) -> Header | None:
    """The row of the first few that names the most columns; None if no row names at least two.

    Args:
        head: the beginning of the file, any line endings.
    """
    best: Header | None = None
    for delimiter in DELIMITERS:
        lines = re.split("(?<=\n)|(?<=\r)(?!\n)", head)
        for row in islice(rows(lines, delimiter), _HEADER_ROWS):
            if row.cells is None or len(row.cells) > 1000:
                continue
            header = _header(row.line, row.cells, delimiter)
            if len(header.fields) >= 2 and (best is None or len(header.fields) > len(best.fields)):
                best = header
    return best


def _header(line: int, cells: Sequence[str], delimiter: str) -> Header:
    names = [_NOT_IN_NAMES.sub("", cell.lower()) for cell in cells]
    fields = {
        field: tuple(index for known in aliases for index, name in enumerate(names) if name == known)
        for field, aliases in COLUMNS.items()
    }
    return Header(delimiter, line, tuple(cells), {field: where for field, where in fields.items() if where})


class CsvTable:
    """Turns the rows of one file into records.

    Args:
        header: where the columns are.
        ids_rounded: a spreadsheet has rounded the ids of this file to 15 digits (see :func:`ids_rounded`).
    """

    def __init__(self, header: Header, times: Times, remarks: Counter[str], *, ids_rounded: bool = False) -> None:
        self._header = header
        self._width = len(header.cells)
        self._fields = header.fields
        self._times = times
        self._remarks = remarks
        self._ids_rounded = ids_rounded

    def records(self, lines: Iterable[str]) -> Iterator[Record]:
        """The records of all lines, those of the header and above included."""
        for row in rows(lines, self._header.delimiter):
            if row.line < self._header.line:
                self._remarks["line above the header"] += 1
            elif row.cells is not None and tuple(row.cells) == self._header.cells:
                if row.line > self._header.line:
                    self._remarks["repeated header row"] += 1
            elif row.raw.strip("\r\n\0 \t" + self._header.delimiter):
                yield self._record(row)

    def _record(self, row: Row) -> Record:
        try:
            return self._tweet(self._full(row.cells))
        except UnusableError as error:
            return Reject(f"line {row.line}", error.reason, error.detail, visible(row.raw.rstrip("\r\n")))

    def _full(self, cells: list[str] | None) -> list[str]:
        if cells is None:
            raise UnusableError("bad_row", "a quotation mark is opened and never closed")
        if len(cells) > self._width and not any(cell.strip() for cell in cells[self._width :]):
            return cells[: self._width]
        if len(cells) != self._width:
            raise UnusableError("bad_row", f"{len(cells)} cells where the header has {self._width}")
        return cells

    def _tweet(self, cells: list[str]) -> Tweet:
        def first(field: str) -> str:
            for index in self._fields.get(field, ()):
                if not is_blank(cells[index]):
                    return cells[index].strip()
            return ""

        def number(field: str) -> int | None:
            return written_count(field, first(field))

        def flag(field: str) -> bool:
            return first(field).lower() in _TRUE

        identity = self._tweet_id(first("tweet_id"), first("url"))
        created_at = self._times.created_at(self._time(cells))
        text = tweet_text(*[cells[index] for index in self._fields["text"]])
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=handle(first("author_handle")),
            collected_at=self._times.collected_at(first("collected_at")),
            author_id=optional_id(first("author_id")),
            author_name=author_name(first("author_name")),
            author_followers=number("author_followers"),
            author_verified=flag("author_verified"),
            lang=language(first("lang")),
            is_retweet=flag("is_retweet") or bool(first("retweet_of")) or is_retweet_text(text),
            is_reply=flag("is_reply") or bool(first("reply_to")),
            is_quote=flag("is_quote") or bool(first("quote_of")),
            like_count=number("like_count") or 0,
            reply_count=number("reply_count") or 0,
            retweet_count=number("retweet_count") or 0,
            quote_count=number("quote_count") or 0,
            view_count=number("view_count"),
            bookmark_count=number("bookmark_count"),
            conversation_id=optional_id(first("conversation_id")),
        )

    def _time(self, cells: list[str]) -> str:
        """The time of posting; where a column has but the date, the next one has the time of day."""
        found = [cells[index].strip() for index in self._fields["created_at"] if not is_blank(cells[index])]
        return " ".join(found[:2] if found and len(found[0]) <= len("2026-03-17") else found[:1])

    def _tweet_id(self, written: str, url: str) -> str:
        """The id of its column; from the tweet's address where that has none, or one a spreadsheet has ruined."""
        bare = plain_id(written)
        ruined = self._ids_rounded and _is_rounded(bare)
        try:
            identity = tweet_id(bare)
        except UnusableError:
            if in_url := id_in_url(url):
                return in_url
            raise
        if ruined:
            if in_url := id_in_url(url):
                return in_url
            raise UnusableError("bad_id", f"{identity} was rounded by a spreadsheet, as the other ids of this file")
        return identity


def plain_id(written: str) -> str:
    """An id without the tricks that keep spreadsheets from rounding it: ``'123``, ``="123"``."""
    written = written.strip().removeprefix("'")
    formula = _FORMULA_TEXT.fullmatch(written) if written.startswith("=") else None
    return formula[1] if formula else written


def _is_rounded(identity: str) -> bool:
    return len(identity) == 19 and identity.endswith("0000")


def ids_rounded(head: str, header: Header) -> bool:
    """Whether all of the first ids end in zeros: a spreadsheet keeps 15 digits and ids have 19.

    By chance one id in 10,000 looks so; three or more in a row do not.
    """
    columns = header.fields.get("tweet_id", ())
    lines = re.split("(?<=\n)|(?<=\r)(?!\n)", head)
    found = [
        identity
        for row in islice(rows(lines, header.delimiter), 200)
        if row.line > header.line and row.cells is not None and len(row.cells) == len(header.cells)
        for column in columns[:1]
        if len(identity := plain_id(row.cells[column])) == 19 and identity.isdigit()
    ]
    return len(found) >= 3 and all(map(_is_rounded, found))
