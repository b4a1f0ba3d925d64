"""Single values of a record, checked and brought into the form a :class:`~viral_assets.sources.tweet.Tweet` has.

Pure functions that every format shares. Everything they are given is untrusted: any type, any size. What cannot be
used raises :class:`UnusableError` with the reason the quarantine counts by; what is merely decoration (an author's
name, a language) becomes None instead, so that it does not cost the tweet. Which field is where in a record is the
formats' business.
"""

from __future__ import annotations

import html
import math
import re
import reprlib

from viral_assets.errors import ViralAssetsError
from viral_assets.sources.parsers.count_notation import plain_digits
from viral_assets.text.cleaning import text_for_storage

LONGEST_TEXT = 25_000
"""Characters of X's longest posts."""

LARGEST_COUNT = 2**31 - 1
"""Of a 32-bit integer; no tweet comes near."""

LARGEST_ID = str(2**63 - 1)

ROUNDED_ID = "rounded_id"
NOT_OF_X = "not_of_x"
A_POST_OF = "a post of "
"""Why a record is rejected, for those who count such records."""

ACCOUNTS = ("an account, not a tweet", "accounts, not tweets, as X's web page lists them")
"""What is said of one, and of an answer with several."""
NO_TWEETS_BUT_ACCOUNTS = "accounts and no tweets; give files with tweets"
"""What is said of a file."""

_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 60
_shown.maxdict = _shown.maxlist = _shown.maxtuple = 3
_shown.maxlevel = 2

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
UNDECODABLE = re.compile("[\udc80-\udcff]")
"""A byte that is not UTF-8, in text that was read so."""

_HALF_AN_EMOJI = "\ufffd"
"""What a cut at a fixed length leaves of one, and what is stored of that."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})?")
# Not the 2 of "2.12E+18", which a spreadsheet has made of an address.
_STATUS_URL = re.compile(r"/status(?:es)?/(\d{1,19})(?!\d|[.,]?\d*[eE]\+?\d)")
_AUTHOR_URL = re.compile(r"^(?:https?://)?[\w.-]+/(?:#!/)?([A-Za-z0-9_]{1,15})/status(?:es)?/\d")


class UnusableError(ViralAssetsError):
    """A record cannot be used: a short word to count by, and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def shown(value: object) -> str:
    """A short picture of any value, for a message."""
    try:
        return _shown.repr(value)
    except ValueError:  # an integer of thousands of digits
        return f"a very long {type(value).__name__}"


def tweet_id(value: object) -> str:
    """The id as plain digits.

    Raises:
        UnusableError: ``no_id`` where there is none; ``bad_id`` for anything but a positive 63-bit number, such as
            ``1.92797E+18``, which a spreadsheet made of one and which cannot be undone.
    """
    if value is None or value == "":
        raise UnusableError("no_id", "there is no tweet id")
    digits = str(value) if type(value) is int and 0 < value < 2**63 else value
    if not (isinstance(digits, str) and _is_id(digits)):
        if "E+1" in str(shown(value)).upper():
            raise UnusableError(ROUNDED_ID, f"{shown(value)} is not a tweet id; a program has rounded it")
        raise UnusableError("bad_id", f"{shown(value)} is not a tweet id")
    return digits


def _is_id(digits: str) -> bool:
    """Whether these are the digits of a positive 63-bit number (of equal length, digits compare like numbers)."""
    return (
        digits.isdigit()
        and digits.isascii()
        and digits[0] != "0"
        and (len(digits) < len(LARGEST_ID) or (len(digits) == len(LARGEST_ID) and digits <= LARGEST_ID))
    )


def id_in_url(url: object) -> str | None:
    """``20`` from ``https://x.com/jack/status/20``."""
    found = _STATUS_URL.search(url) if isinstance(url, str) else None
    return found[1] if found and _is_id(found[1]) else None


def tweet_id_or_in_url(value: object, *urls: object) -> str:
    """The id; where there is none or it makes no sense, the one in the tweet's address.

    Raises:
        UnusableError: as :func:`tweet_id`.
    """
    try:
        return tweet_id(value)
    except UnusableError:
        for url in urls:
            if found := id_in_url(url):
                return found
        raise


def optional_id(value: object) -> str | None:
    """An author's or a conversation's id; None where it is missing or makes no sense."""
    if type(value) is int and 0 < value < 2**63:
        return str(value)
    return value if isinstance(value, str) and _is_id(value) else None


def tweet_text(*candidates: object) -> str:
    """The longest of the candidates (sources cut one of them), HTML entities resolved.

    Raises:
        UnusableError: ``no_text``, ``too_long``, or ``bad_encoding`` where bytes of it could not be decoded.
    """
    text = ""
    for candidate in candidates:
        if isinstance(candidate, str) and len(candidate) > len(text):
            text = candidate
    if not text.strip():
        wrong = next((candidate for candidate in candidates if candidate is not None and candidate != ""), None)
        found = f"; {shown(wrong)} is none" if wrong is not None else ""
        raise UnusableError("no_text", f"there is no text{found}")
    if len(text) > LONGEST_TEXT:
        raise UnusableError(
            "too_long", f"the text has {len(text):,} characters; the longest posts have {LONGEST_TEXT:,}"
        )
    if not text.isascii() and UNDECODABLE.search(text):
        raise UnusableError(
            "bad_encoding",
            "the text holds bytes that are not UTF-8; a file in another encoding has to be saved as UTF-8",
        )
    cleaned = text_for_storage(resolve_entities(text), for_half_a_pair=_HALF_AN_EMOJI)
    if cleaned is not text and not cleaned.strip():
        raise UnusableError("no_text", "there is no text but invisible characters")
    return cleaned


def resolve_entities(text: str) -> str:
    """``&amp;`` and the like become the characters they mean, once; a bare ``&copy=`` in a link is left alone."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text) if "&" in text else text


def count(name: str, value: object) -> int | None:
    """A count as a number; None where the source does not have it.

    Raises:
        UnusableError: ``bad_count`` for text, fractions, negative and impossible numbers.
    """
    if value is None:
        return None
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value
    # pandas turns a column of whole numbers with one gap into fractions.
    if isinstance(value, float) and 0 <= value <= LARGEST_COUNT and value.is_integer():
        return int(value)
    raise UnusableError("bad_count", f"{name} is {shown(value)}")


def loose_count(name: str, value: object) -> int | None:
    """A count of a source that writes some of its numbers as text.

    Raises:
        UnusableError: as :func:`count`.
    """
    return written_count(name, value) if isinstance(value, str) else count(name, value)


def written_count(name: str, value: str, decimal: str = "") -> int | None:
    """A count as text files write it: ``1,234``, ``12.0``, ``1.2K`` as pages show it; blank or a dash for none.

    Args:
        decimal: the mark before fractions in its column; see :func:`~.count_notation.decimal_mark`.
    """
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) <= 10:
        return count(name, int(value))
    if value.lower() in _NO_COUNT:
        return None
    digits = plain_digits(value, decimal)
    if digits.isdecimal() and len(digits) <= 10:
        return count(name, int(digits))
    try:
        number = float(digits)
    except ValueError:
        number = math.nan
    return count(name, number if math.isfinite(number) else value)


_BLANKS = frozenset({"", "-", "nan", "nat", "none", "null", "n/a", "na", "<na>", "[]", "{}"})

_NO_COUNT = _BLANKS | {
    *("--", "---", "\u2013", "\u2014", "?", "-1", "-1.0", "n.a.", "#n/a", "(null)", "\\n", "unknown", "undefined"),
    *("hidden", "private", "unavailable"),
}
"""What programs and people write for a count that they do not know; MySQL, ``\\N``."""

_NO_REFERENCE = _BLANKS | {"0", "-1", "0.0", "-1.0", "false", "no"}


def refers(value: object) -> bool:
    """Whether a reference (``in_reply_to_status_id`` and the like) is one: programs write 0, -1 or False for none."""
    return value is not None and str(value).strip().lower() not in _NO_REFERENCE


def is_blank(value: str) -> bool:
    """Whether a cell of a table says that there is no value."""
    return value.strip().lower() in _BLANKS


def handle(value: object) -> str:
    """A handle without ``@``; empty where there is none or it has characters no handle has (it goes into links)."""
    if not isinstance(value, str):
        return ""
    value = value.strip().removeprefix("@")
    return value if len(value) <= 64 and value.isascii() and value.replace("_", "a").isalnum() else ""


def handle_in_url(url: str) -> str:
    """``jack`` from ``https://x.com/jack/status/20``; empty where the address does not name the author."""
    found = _AUTHOR_URL.search(url)
    return "" if found is None or found[1] in ("i", "web", "statuses") else found[1]


def author_name(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    if value.isascii() and value.isprintable() and "&" not in value:  # as most are: nothing to do
        return value[:200]
    return text_for_storage(resolve_entities(value[:200]), for_half_a_pair=_HALF_AN_EMOJI)


def language(value: object) -> str | None:
    """A language code in lower case; ``und`` and X's own codes (``qme``, ``zxx``) stay."""
    if not isinstance(value, str):
        return None
    if len(value) == 2 and value.isascii() and value.isalpha():
        return value.lower()
    value = value.strip().lower().replace("_", "-")
    return value if len(value) <= 16 and _LANGUAGE.fullmatch(value) else None


def is_retweet_text(text: str) -> bool:
    """Sources that do not say so still write retweets the old way."""
    return text.startswith("RT @")
