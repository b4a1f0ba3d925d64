"""JSON values out of a stream, in bounded memory, also where parts of it are damaged.

Nothing here knows what a tweet is, except for the shape of X's pages (``{"data": [...], "includes": {...}}``): of a
damaged page each undamaged element is saved. A damaged piece appears in the place of its value as
:class:`MalformedText`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

LONGEST_LINE = 64 * 2**20
"""Bytes. A line is parsed as a whole."""

READ_CHARACTERS = 2**20
LARGEST_VALUE = 256 * 2**20
"""Characters of one value (one page, one tweet) of a document that is not written one value a line."""

DAMAGE_WINDOW = 16 * 2**20
"""Characters within which a document is searched for where it goes on after damage."""

MENDED = "__mended"
"""A key that marks a page put together from the undamaged parts of a damaged one."""

_TEXTS = ("text", "full_text", "fullText")

# `strict=False` allows control characters in strings, as careless exporters leave them there.
_decode = json.JSONDecoder(strict=False).raw_decode

_SEPARATORS = re.compile(r"[\s,\x00\ufeff]*")
_PAGE_DATA = re.compile(r'(?:\{\s*)?"data"\s*:\s*\[')
_TWEET_TEXT = re.compile(r'"(?:text|full_text|fullText)"\s*:')
_NEXT_PAGE = re.compile(r'\{\s*"data"\s*:\s*[\[{]')
_AFTER_DATA = re.compile(r'"(?:includes|meta|errors|__twarc)"\s*:')
_USERS = re.compile(r'"users"\s*:\s*\[')
_RETRIEVED = re.compile(r'"retrieved_at"\s*:\s*"([^"\\]{1,64})"')
# Where the next sibling of a damaged object may begin; a nested object mostly follows a bracket or a colon.
_SIBLING = re.compile(r'\}[^{}\[\]":]{0,8}(?=\{\s*")')
_OBJECT = re.compile(r'\{\s*"')


@dataclass(frozen=True, slots=True)
class MalformedText:
    """A piece of text that should be a JSON value and is not; ``text`` may hold surrogates for undecodable bytes."""

    text: str
    error: str


def parse_line(line: bytes | str) -> list[Any]:
    """The values of one line: one, or whatever can be saved of a damaged line."""
    try:
        return [orjson.loads(line)]
    except ValueError:
        return list(salvage(line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line))


def salvage(text: str) -> Iterator[Any]:
    """Whatever values there are in a damaged text, in order; the rest as :class:`MalformedText`."""
    pieces = _Pieces(text)
    yield from pieces.top_level(0)


def whole_values(text: str) -> Iterator[Any]:
    """The values of a document before its first damage, or before the place where it is cut off; a top-level list is
    opened. Nothing is repaired.
    """
    position, opened = 0, False
    while True:
        position = _SEPARATORS.match(text, position).end()  # type: ignore[union-attr]
        if text.startswith("]" if opened else "[", position):
            opened, position = True, position + 1
            continue
        opened = True
        try:
            value, position = _decode(text, position)
        except (ValueError, RecursionError):
            return
        yield value


def document(read: Callable[[int], str]) -> Iterator[Any]:
    """The values of a document, one after the other; a top-level list is opened, as is a run of values.

    Args:
        read: gives up to so many further characters, and an empty string at the end.
    """
    text, position, wanted, ended = "", 0, READ_CHARACTERS, False
    opened = False
    pieces: _Pieces | None = None
    while True:
        position = _SEPARATORS.match(text, position).end()  # type: ignore[union-attr]
        if not opened and text.startswith("[", position):
            opened, position = True, position + 1
            continue
        if position < len(text):
            opened = True
            if text.startswith("]", position):
                position += 1
                continue
            try:
                value, end = _decode(text, position)
            except (ValueError, RecursionError) as error:
                enough = LARGEST_VALUE if _may_be_cut(error, text) else DAMAGE_WINDOW
                if ended or len(text) - position >= enough:
                    pieces = pieces or _Pieces(text)
                    value, position = pieces.next_value(position, str(error))
                    yield value
                    continue
            else:
                # A number at the very end of what was read may go on.
                if ended or end < len(text):
                    position = end
                    yield value
                    continue
        elif ended:
            return
        chunk = read(wanted)
        ended = not chunk
        text, position, pieces = text[position:] + chunk, 0, None
        wanted = max(READ_CHARACTERS, len(text))


def _may_be_cut(error: Exception, text: str) -> bool:
    """Whether more text could mend the error: it lies at the end, or in a string that is open there."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= len(text) - 16 or (
        error.msg.startswith("Unterminated string") and error.pos >= len(text) - READ_CHARACTERS
    )


class _PageStart(NamedTuple):
    """Where a page begins, and where the first of its tweets does."""

    start: int
    tweets: int


class _Pieces:
    """Walks a damaged text. Its work is bounded, so that no text, however crafted, takes quadratic time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = 8 * len(text) + 100_000
        self._page_ahead: _PageStart | None = _PageStart(-1, -1)

    def top_level(self, position: int) -> Iterator[Any]:
        text = self._text
        while True:
            position = _SEPARATORS.match(text, position).end()  # type: ignore[union-attr]
            if position >= len(text):
                return
            value, end, error = self._try(position)
            if error:
                value, end = self.next_value(position, error)
            yield value
            position = end

    def next_value(self, position: int, error: str) -> tuple[Any, int]:
        """What to make of the text at ``position``, which is no JSON value, and where to go on."""
        page = self._next_page(position)
        if page and not _TWEET_TEXT.search(self._text, position, page.start):
            return self._page(page.tweets)
        # Tweets before the next page belong to one that is damaged beyond recognition.
        end = self._resync(position, page.start if page and page.start > position else len(self._text), marks=_TEXTS)
        return MalformedText(self._text[position:end], error), end

    def _next_page(self, position: int) -> _PageStart | None:
        """The next page; found once, as the searches would add up."""
        if self._page_ahead and self._page_ahead.tweets < position:
            data = _PAGE_DATA.search(self._text, position)
            self._page_ahead = _PageStart(data.start(), data.end()) if data else None
        return self._page_ahead

    def _page(self, position: int) -> tuple[dict[str, Any], int]:
        text = self._text
        following = _NEXT_PAGE.search(text, position)
        page_end = following.start() if following else len(text)
        after = _AFTER_DATA.search(text, position, page_end)
        tweets, end = self._elements(position, after.start() if after else page_end, marks=_TEXTS)
        page: dict[str, Any] = {"data": tweets, MENDED: True}
        users = _USERS.search(text, end, page_end)
        if users:
            page["includes"] = {"users": self._elements(users.end(), page_end, marks=("username",))[0]}
        retrieved = _RETRIEVED.search(text, end, page_end)
        if retrieved:
            page["__twarc"] = {"retrieved_at": retrieved[1]}
        return page, page_end

    def _elements(self, position: int, limit: int, *, marks: Sequence[str]) -> tuple[list[Any], int]:
        """The elements of a list whose bracket is open, up to its end or ``limit``.

        Args:
            marks: keys one of which an element has and the objects within it have not.
        """
        text = self._text
        found: list[Any] = []
        while True:
            position = _SEPARATORS.match(text, position, limit).end()  # type: ignore[union-attr]
            if position >= limit or text[position] == "]":
                return found, min(position + 1, limit)
            value, end, error = self._try(position)
            if error or end > limit:
                end = self._resync(position, limit, marks=marks)
                value = MalformedText(text[position:end], error)
            found.append(value)
            position = end

    def _resync(self, position: int, limit: int, *, marks: Sequence[str]) -> int:
        """Where the next undamaged object begins that is a page, or has an id and one of ``marks``;
        ``limit`` if none does.
        """
        candidates = _SIBLING if self._text.startswith("{", position) else _OBJECT
        at = position + 1
        while found := candidates.search(self._text, at, limit):
            start = found.end() if candidates is _SIBLING else found.start()
            value, end, error = self._try(start)
            if (
                not error
                and end <= limit
                and ("data" in value or ("id" in value and any(mark in value for mark in marks)))
            ):
                return start
            if self._budget <= 0:
                return limit
            # The object before this one begins with its closing brace, so that siblings in a row are all seen.
            at = start + 1 if error else max(start + 1, end - 1)
        return limit

    def _try(self, position: int) -> tuple[Any, int, str]:
        """A value, where it ends, and no error; or None, nothing, and the error."""
        try:
            value, end = _decode(self._text, position)
        except RecursionError:
            self._budget -= 20_000
            return None, position, "nested too deeply"
        except json.JSONDecodeError as error:
            open_string = error.msg.startswith("Unterminated string")
            # The exception counts the lines before it, which is fast but not free.
            self._budget -= (len(self._text) if open_string else error.pos) - position + error.pos // 64
            return None, position, error.msg
        except ValueError as error:  # a number of thousands of digits
            self._budget -= 5_000
            return None, position, str(error)
        self._budget -= end - position
        return value, end, ""
