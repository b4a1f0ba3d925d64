"""The beginning of a file, as far as its format is recognised by it. Nothing here says which format that is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import orjson

from viral_assets.sources.base import ColumnNames, SourceFile
from viral_assets.sources.parsers.csv_rows import Header, find_header, first_row
from viral_assets.sources.parsers.json_envelopes import objects_in
from viral_assets.sources.parsers.json_values import document, whole_values

MOST_LINES = 200
MOST_VALUES = 50
"""As many values of a file are parsed to recognise it."""

_LIKELY_CUT = 2**17
"""Characters from which on what is looked at may not be all of the file."""

_LONG_FIRST_LINE = 16 * 2**20
"""Characters; a longer first line is read as a document, value by value."""

_BLANK = "\ufeff\0 \t\r\n"
_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
_JSON_LINE = re.compile(r"^[\s\ufeff]*[\[{]", re.MULTILINE)
# Tweets in an archive of X's own begin as a script: window.YTD.tweets.part0 = [ {; in old ones, Grailbird.data.
_SCRIPT = re.compile(r"\s*(?:window\.YTD\.\w+\.part\d+|Grailbird\.data\.\w+)\s*=\s*(?=[\[{])")


@dataclass(frozen=True)
class FileHead:
    """What a format's ``probe`` may look at. What costs time is worked out when it is first asked for.

    Args:
        text: the beginning of the content as text; empty where it is none.
        magic: the first bytes of a content that is no text; else empty.
        columns: a person's own names of columns.
        json_lines: of JSON, whether it has one complete value a line.
    """

    text: str
    magic: bytes = b""
    columns: ColumnNames | None = None
    json_lines: bool = False

    @cached_property
    def script_end(self) -> int:
        """Where the JSON begins behind the start of a script; 0 where there is no script."""
        found = _SCRIPT.match(self.text)
        return found.end() if found else 0

    @cached_property
    def starts_as_json(self) -> bool:
        """Whether JSON is the first thing in the file."""
        return bool(self.script_end) or self.text.lstrip(_BLANK).startswith(("{", "["))

    @cached_property
    def has_json(self) -> bool:
        """Whether JSON is the first thing in the file, or in any of its lines."""
        return self.starts_as_json or _JSON_LINE.search(self.text) is not None

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The first values of JSON: the undamaged ones; where there is none, what can be saved."""
        if self.json_lines:
            return tuple(_parsed(islice(self.text.split("\n"), MOST_LINES)))
        text = self.text[self.script_end :]
        return tuple(islice(whole_values(text), MOST_VALUES)) or tuple(
            islice(document(io.StringIO(text).read), MOST_VALUES)
        )

    @cached_property
    def is_cut_in_first_value(self) -> bool:
        """Whether the first value of JSON is longer than what is looked at of a file."""
        if len(self.text) < _LIKELY_CUT:
            return False
        if self.json_lines:
            return "\n" not in self.text.strip(_BLANK)
        return next(whole_values(self.text[self.script_end :]), None) is None

    @cached_property
    def objects(self) -> tuple[tuple[Mapping[str, Any], ...], ...]:
        """Of each of ``values`` the objects that may be tweets: itself, and those in the envelopes around tweets."""
        return tuple(tuple(objects_in(value)) for value in self.values)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of JSON in their order, those of nested objects too, also where the JSON is cut off or damaged."""
        return tuple(dict.fromkeys(_KEY.findall(self.text)))

    @cached_property
    def header(self) -> Header | None:
        """The row of a table that names its columns; None where no row does."""
        return find_header(self.text, self.columns)

    @cached_property
    def first_row(self) -> list[str]:
        """The cells of the first row, if this is a table."""
        return first_row(self.text)


def read_head(file: SourceFile, columns: ColumnNames | None = None) -> FileHead:
    """The beginning of a file.

    Args:
        columns: a person's own names of columns.
    """
    head = FileHead(file.head, file.magic, columns)
    if not head.has_json:
        return head
    return replace(head, json_lines=not head.script_end and _is_json_lines(file))


def _is_json_lines(file: SourceFile) -> bool:
    """Whether the file has one complete value a line. A damaged line at its beginning does not mislead."""
    with file.open_text(newline="\n") as stream:
        first = stream.readline(_LONG_FIRST_LINE)
        while first and not first.strip(_BLANK):
            first = stream.readline(_LONG_FIRST_LINE)
        if _is_complete(first):
            return True
        if len(first) >= _LONG_FIRST_LINE:
            return False
        if not stream.readline(_LONG_FIRST_LINE):
            return True
    if first.strip() in ("[", "{"):
        return False
    return any(line.startswith('{"') and _is_complete(line) for line in file.head.split("\n")[1:MOST_LINES])


def _is_complete(line: str) -> bool:
    try:
        return isinstance(value := orjson.loads(line), dict | list) and bool(value)
    except ValueError:
        return False


def _parsed(lines: Iterator[str]) -> Iterator[Any]:
    for line in lines:
        try:
            yield orjson.loads(line)
        except ValueError:
            continue
