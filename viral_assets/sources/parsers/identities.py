"""Which id a record has: the one in its column, or the one in its address, which nothing rounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from viral_assets.sources.parsers.fields import UnusableError, handle_in_url, id_in_url, tweet_id
from viral_assets.sources.parsers.rounded_ids import may_be_rounded, near

ADDRESS_OUTRANKS = "id that differs from the tweet's address, whose id was taken"

_ADDRESS_KEYS = (
    *("url", "twitterUrl", "tweetUrl", "tweet_url", "post_url", "status_url", "link", "permalink", "permanentUrl"),
    "x_url",
)
_ADDRESSES = frozenset(_ADDRESS_KEYS)

_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')
_MARKED_ID = re.compile(r"""(?:x|tag:search\.twitter\.com,2005:)(\d{5,19})""")
_RUINED = re.compile(r"\d[.,]\d+E\+?1[78]", re.IGNORECASE)
_OF_X = re.compile(
    r"(?:^|//|\.)(?:x|twitter|(?:vx|fx|fixup|fixv)(?:twitter|x)|xcancel|nitter(?:\.[\w-]+)*)\.[a-z]{2,6}/",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The id of a record.

    Args:
        url: the tweet's address on X with this id; empty where the record has none.
        repaired: a remark, where the id is another one than that of its column; else empty.
        problem: why there is no id; then ``identity`` is empty.
    """

    identity: str
    url: str = ""
    repaired: str = ""
    problem: UnusableError | None = None


def own_identity(written: str, urls: Iterable[str], cells: Sequence[str] = ()) -> Identity:
    """The id of a record: of its address, else as it is written.

    Args:
        written: the id of its column, plain.
        urls: of columns that have the tweet's address.
        cells: all that the record has. An address in another column may be of another tweet, which this one answers or
            quotes, and counts where a rounded id is near to its id.
    """
    for url in urls:
        if (found := id_in_url(url)) and _OF_X.search(url):
            differs = written != found and (written.isdecimal() or _RUINED.fullmatch(written))
            return Identity(found, url, ADDRESS_OUTRANKS if differs else "")
    ruined = _RUINED.fullmatch(written)
    if ruined or may_be_rounded(written):
        for cell in cells:
            found = id_in_url(cell) if "/status" in cell else None
            if found and found == written and _OF_X.search(cell):
                return Identity(found, cell)
            if found and found != written and (_begins(written, found) if ruined else near(written, found)):
                return Identity(found, cell, ADDRESS_OUTRANKS)
    try:
        return Identity(tweet_id(written))
    except UnusableError as error:
        for url in (*urls, written):
            if found := id_in_url(url):
                return Identity(found, url)
        return Identity("", problem=error)


def identity_of_object(written: object, value: Mapping[str, Any], remarks: Counter[str]) -> tuple[str, bool]:
    """The id of an object of JSON: of the tweet's address where it has that beside, else as it is written; and whether
    its address says the same, so that it is known to be of X.

    Args:
        written: the id of its key.
        remarks: counts ids that differ.

    Raises:
        UnusableError: it has none.
    """
    urls = addresses_in(value)
    if not urls:
        return tweet_id(written), False
    found = own_identity(written if isinstance(written, str) else str(written or ""), urls)
    if found.problem:
        tweet_id(written)  # says what is wrong with what there is
        raise found.problem
    if found.repaired:
        remarks[found.repaired] += 1
    return found.identity, bool(found.url) and not found.repaired


def handle_in_addresses(value: Mapping[str, Any], identity: str) -> str:
    """The handle in the address of a tweet that an object of JSON has beside its values; empty where none has one."""
    own = (handle_in_url(each) for each in addresses_in(value) if id_in_url(each) == identity)
    return next(filter(None, own), "")


def addresses_in(value: Any) -> Sequence[str]:
    """The addresses of posts that an object of JSON has beside its values."""
    if not isinstance(value, dict) or _ADDRESSES.isdisjoint(value):
        return ()
    found = (value[key] for key in _ADDRESS_KEYS if key in value)
    return [each for each in found if isinstance(each, str) and "/status" in each]


def address_of_x(cell: str) -> str | None:
    """The id in a cell that is nothing but the address of a tweet; None in any other."""
    return id_in_url(cell) if "/status" in cell and " " not in cell.strip() and _OF_X.search(cell) else None


def address_elsewhere(own: Identity, cells: Iterable[str], confirmed: Callable[[str], bool]) -> Identity:
    """The record's own id where something beside it confirms that, with its address where one of some cells is that;
    else the id of the first address in any of them of which the same can be said.

    Args:
        confirmed: whether an id is that of this record.
    """
    cells = list(cells)
    if own.identity and confirmed(own.identity):
        addresses = (cell for cell in cells if address_of_x(cell) == own.identity)
        return replace(own, url=next(addresses, ""))
    for cell in cells:
        if (found := address_of_x(cell)) and confirmed(found):
            return Identity(found, cell, ADDRESS_OUTRANKS)
    return own


def _begins(ruined: str, identity: str) -> bool:
    """Whether an id may have become ``1.92797E+18``."""
    digits = re.sub(r"\D", "", ruined.upper().split("E")[0])
    rounded = str(round(int(identity), len(digits) - len(identity)))
    # Excel leaves out what is more than 15 digits instead of rounding it.
    return len(digits) >= 4 and (rounded.startswith(digits) or identity.startswith(digits))


def plain_id(written: str) -> str:
    """An id without what keeps spreadsheets and statisticians from rounding it (``'123``, ``="123"``, ``"123"``, R's
    ``x123``), without the tag that activity streams put before it, and without the ``.0`` of a float.
    """
    written = written.strip().removeprefix("'")
    if written.isdecimal():
        return written
    formula = _FORMULA_TEXT.fullmatch(written) if written.startswith("=") else None
    written = formula[1] if formula else written.strip('"')
    marked = _MARKED_ID.fullmatch(written)
    if marked:
        return marked[1]
    return written[:-2] if written.endswith(".0") and written[:-2].isdecimal() else written
