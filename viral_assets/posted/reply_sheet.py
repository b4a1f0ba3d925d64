"""Tables that people keep by hand: a row a tweet, and beside it the address of the reply that they posted.

Tables of posts, as X and programs export them, are read by ``sources.parsers``; here a row is about two posts. Which
of two ids is the reply's is told by the ids themselves, whose order is that of time: it is later than what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from viral_assets.delivery.decision_sheet import key_in
from viral_assets.posted.own_post import OwnPost, PostCounts
from viral_assets.sources.base import Reject, SourceFile
from viral_assets.sources.parsers.column_names import FIELD_OF, plain_name
from viral_assets.sources.parsers.csv_rows import DELIMITERS, rows
from viral_assets.sources.parsers.fields import UnusableError, id_in_url, tweet_id, written_count
from viral_assets.sources.parsers.identities import plain_id
from viral_assets.sources.parsers.snowflakes import tells_its_time, time_in_id
from viral_assets.sources.parsers.times import CLOCK_SKEW, Times
from viral_assets.store.posted_replies import COUNTS
from viral_assets.text.cleaning import text_for_storage

REPLY = (
    *("replyurl", "replylink", "replyaddress", "linktoreply", "ourreply", "ourreplyurl", "ourreplyid", "reply"),
    *("postedurl", "postedid", "postedreply", "postedas", "replytweetid", "replyposturl", "replypostid", "replyid"),
)
TWEET = ("tweetid", "tweeturl", "tweetlink", "url", "link", "tweet", "inreplyto", "inreplytoid", "answers", "id")
TEXT = ("replytext", "postedtext", "ourreplytext", "textasposted")
ANSWERED = ("authoranswered", "authorreplied", "theauthoranswered")
"""Names of columns, as ``plain_name`` compares them."""

_OF_TWEETS = frozenset({"label", "why", "score", "scoretotal", "followers", "authorfollowers", "suggestedresponse"})
"""Columns of our own exports: counts beside them that do not say whose they are, are the tweet's."""

_YES, _NO = frozenset({"yes", "y", "true", "1", "x"}), frozenset({"no", "n", "false", "0"})
_REPLYS = re.compile("^(?:our)?reply(?=.)")


@dataclass(frozen=True, slots=True)
class SheetHeader:
    """Where the columns are: positions by what they say; of ``counts``, by the count."""

    delimiter: str
    width: int
    reply: tuple[int, ...]
    tweet: tuple[int, ...]
    text: tuple[int, ...]
    answered: tuple[int, ...]
    collected_at: tuple[int, ...]
    counts: Mapping[str, int]


def sheet_header(head: str) -> SheetHeader | None:
    """The columns of such a table; None where a file is none.

    Args:
        head: the beginning of the file.
    """
    line = next((line for line in head.splitlines() if line.strip()), "")
    by_mark = [(mark, row.cells) for mark in DELIMITERS for row in rows([line], mark) if row.cells]
    delimiter, cells = max(by_mark, key=lambda found: len(found[1]), default=("", []))
    names = [plain_name(cell) for cell in cells]
    fields = {FIELD_OF[name][0] for name in names if name in FIELD_OF}
    reply = _positions(names, REPLY)
    # In a table of posts, "reply_id" is what a post answers.
    if "replyid" in names and [names[at] for at in reply] == ["replyid"] and {"text", "created_at"} <= fields:
        return None
    if not reply:
        return None
    return SheetHeader(
        delimiter=delimiter,
        width=len(names),
        reply=reply,
        tweet=_positions(names, TWEET),
        text=_positions(names, TEXT),
        answered=_positions(names, ANSWERED),
        collected_at=tuple(at for at, name in enumerate(names) if FIELD_OF.get(name, ("",))[0] == "collected_at"),
        counts=_counts(names),
    )


def sheet_posts(
    file: SourceFile, header: SheetHeader, *, at: datetime, source: str, times: Times, now: datetime
) -> Iterator[OwnPost | Reject | None]:
    """The replies of a table; a row that cannot be used as a reject, one without a reply as None.

    Args:
        at: when the counts were seen, where a row does not say so.
    """
    with file.open_text(newline="") as stream:
        begun = False
        for row in rows(stream, header.delimiter):
            if not row.raw.strip("\r\n\0 \t" + header.delimiter):
                continue
            if not begun:
                begun = True
                continue
            place = f"line {row.line}"
            try:
                yield _post(_full(row.cells, header.width), header, at=at, source=source, times=times, now=now)
            except UnusableError as error:
                yield Reject(place, error.reason, error.detail, row.raw)


def _post(
    cells: Sequence[str], header: SheetHeader, *, at: datetime, source: str, times: Times, now: datetime
) -> OwnPost | None:
    reply = _first(cells, header.reply)
    if not reply:
        return None
    reply_id, named, answers = _id_in(reply), None, None
    for place in header.tweet:
        if (key := key_in(cells[place])) is not None:
            named, answers = key, key.tweet_id
        elif answers is None and cells[place].strip():
            answers = id_in_url(cells[place]) or _optional(cells[place])
    if answers is not None and int(answers) > int(reply_id):
        reply_id, answers, named = answers, reply_id, None
    if answers == reply_id:
        raise UnusableError("same_id", f"{reply_id} cannot be the reply and the tweet that it answers")
    posted_at = time_in_id(reply_id) if tells_its_time(reply_id) else None
    if posted_at is None or posted_at > now + CLOCK_SKEW:
        raise UnusableError("bad_id", f"{reply_id} is no id of a post so far")
    counts = {name: written_count(name, cells[place]) for name, place in header.counts.items()}
    seen_at = times.collected_at(_first(cells, header.collected_at)) or at
    seen = PostCounts(max(seen_at, posted_at), source, counts, _truth(_first(cells, header.answered)))
    text = text_for_storage(_first(cells, header.text))
    return OwnPost(reply_id, posted_at, text, answers, named, (seen,) if seen.says_anything else ())


def _full(cells: list[str] | None, width: int) -> list[str]:
    """As many cells as the header has: empty ones at the end are left out by some programs, and added by others."""
    if cells is None:
        raise UnusableError("bad_row", "a quotation mark is opened and never closed")
    if any(cell.strip() for cell in cells[width:]):
        raise UnusableError("bad_row", f"{len(cells)} cells where the header has {width}")
    return [*cells, *[""] * width][:width]


def _positions(names: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    return tuple(names.index(name) for name in wanted if name in names)


def _counts(names: Sequence[str]) -> dict[str, int]:
    """Where each count of the reply is: what says that it is the reply's, else what stands beside nothing of the
    tweet's."""
    own: dict[str, int] = {}
    plain: dict[str, int] = {}
    for at, name in enumerate(names):
        bare = _REPLYS.sub("", name)
        for found, known in ((own, FIELD_OF.get(bare) if bare != name else None), (plain, FIELD_OF.get(name))):
            if known is not None and known[0] in COUNTS:
                found.setdefault(known[0], at)
    return own or ({} if _OF_TWEETS.intersection(names) else plain)


def _first(cells: Sequence[str], places: Sequence[int]) -> str:
    return next((cells[at].strip() for at in places if cells[at].strip()), "")


def _id_in(cell: str) -> str:
    return id_in_url(cell) or tweet_id(plain_id(cell))


def _optional(cell: str) -> str | None:
    """An id, where the cell has one; text, as in a column with the tweet's words, is none."""
    bare = plain_id(cell)
    return tweet_id(bare) if bare[:1].isdigit() and " " not in bare else None


def _truth(cell: str) -> bool | None:
    word = cell.casefold()
    return True if word in _YES else False if word in _NO else None
