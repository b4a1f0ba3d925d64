"""Which format a file has, told by its content, and the readers of each. Names and endings of files do not count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import IO, AnyStr

import orjson

from viral_assets.errors import SourceError
from viral_assets.sources.base import RAW_LIMIT, Batch, Reader, Record, Reject
from viral_assets.sources.csv_table import CsvTable, Header, find_header, ids_rounded
from viral_assets.sources.files import Survey
from viral_assets.sources.json_values import LONGEST_LINE, document, parse_line
from viral_assets.sources.normalise import Times
from viral_assets.sources.x_api_v2 import XApiV2, visible

BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 4 * 2**20
"""What is stored together: enough to be fast, and little memory also where texts are long."""

_LONG_FIRST_LINE = 16 * 2**20
"""Bytes; a longer first line is read as a document, value by value."""

_V2_KEYS = re.compile(r'"(?:data|public_metrics|author_id|edit_history_tweet_ids)"\s*:')
_BARE_TWEET_KEYS = re.compile(r'"text"\s*:')
_EMPTY_PAGE = re.compile(r'\s*\{\s*"(?:meta|errors)"\s*:')
_OTHER_SHAPES = {
    "X API v1.1 JSON": re.compile(r'"(?:id_str|full_text|favorite_count|retweeted_status)"\s*:'),
    "an Apify data set": re.compile(r'"(?:noResults|fullText|likeCount|createdAt)"\s*:'),
}
_JSON_LINE = re.compile(r"^[\s\ufeff]*[\[{]", re.MULTILINE)


def recognise(survey: Survey, now: datetime) -> Reader:
    """The reader for a file.

    Args:
        now: the present; tweets from after it are rejected.

    Raises:
        SourceError: the file has none of the known formats; the message tells what it has instead.
    """
    head = survey.head
    if head.lstrip("\ufeff\0 \t\r\n").startswith(("{", "[")):
        return _json_reader(survey, now)
    header = find_header(head)
    if header:
        if header.missing:
            raise SourceError(
                f"{survey.name}: no column for {' and '.join(header.missing)}; its columns are "
                f"{', '.join(repr(visible(cell)[:40]) for cell in header.cells[:30])}"
            )
        return CsvFile(survey, header, now)
    if _JSON_LINE.search(head):
        return _json_reader(survey, now)
    raise SourceError(
        f"{survey.name}: neither JSON of the X API v2 nor a table with a header row like id,text,created_at"
    )


def _json_reader(survey: Survey, now: datetime) -> Reader:
    head = survey.head
    if not _V2_KEYS.search(head):
        for shape, keys in _OTHER_SHAPES.items():
            if keys.search(head):
                raise SourceError(f"{survey.name}: {shape}; give JSON of the X API v2, or a table")
        if not (_BARE_TWEET_KEYS.search(head) or _EMPTY_PAGE.match(head)):
            raise SourceError(f"{survey.name}: JSON, but not of the X API v2 (no data, text or public_metrics in it)")
    return XApiV2Lines(survey, now) if _is_json_lines(survey) else XApiV2Document(survey, now)


def _is_json_lines(survey: Survey) -> bool:
    """Whether the file has one complete value a line. A damaged line at its beginning does not mislead."""
    with survey.open_text(newline="\n") as stream:
        first = stream.readline(_LONG_FIRST_LINE)
        while first and not first.strip("\ufeff\0 \t\r\n"):
            first = stream.readline(_LONG_FIRST_LINE)
        if _is_complete(first):
            return True
        if len(first) >= _LONG_FIRST_LINE:
            return False
        if not stream.readline(_LONG_FIRST_LINE):
            return True
    if first.strip() in ("[", "{"):
        return False
    return any(line.startswith('{"') and _is_complete(line) for line in survey.head.split("\n")[1:200])


def _is_complete(line: str) -> bool:
    try:
        return isinstance(value := orjson.loads(line), dict | list) and bool(value)
    except ValueError:
        return False


class _FileReader:
    """What the readers of all formats share: a name, and records put together to batches."""

    format: str

    def __init__(self, survey: Survey, now: datetime) -> None:
        self.name = survey.name
        self._survey = survey
        self._times = Times(now)
        self._remarks: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Batch]:
        batch: list[Record] = []
        characters = 0
        for record in self._records():
            batch.append(record)
            characters += len(record.raw if isinstance(record, Reject) else record.text)
            if len(batch) >= BATCH_RECORDS or characters >= BATCH_CHARACTERS:
                yield Batch(batch, self._told())
                batch, characters = [], 0
        remarks = self._told()
        if batch or remarks:
            yield Batch(batch, remarks)

    def _records(self) -> Iterator[Record]:
        raise NotImplementedError

    def _told(self) -> Counter[str]:
        remarks, self._remarks = Counter(self._remarks), self._remarks
        self._remarks.clear()
        if self._times.zoneless:
            remarks["time without a zone, taken as UTC"] = self._times.zoneless
            self._times.zoneless = 0
        return remarks


class XApiV2Lines(_FileReader):
    """One value a line: pages, stream objects or flattened tweets. Blank lines keep a stream alive and are skipped."""

    format = "X API v2, JSON lines"

    def _records(self) -> Iterator[Record]:
        shape = XApiV2(self._times, self._remarks)
        for number, line in _numbered_lines(self._survey):
            place = f"line {number}"
            if len(line) > LONGEST_LINE:
                start = line[:RAW_LIMIT] if isinstance(line, str) else line[:RAW_LIMIT].decode("utf-8", "replace")
                yield Reject(place, "too_long", f"the line is longer than {LONGEST_LINE:,} bytes", start)
                continue
            values = parse_line(line)
            for item, value in enumerate(values, 1):
                yield from shape.records(value, place if len(values) == 1 else f"{place}, item {item}")


def _numbered_lines(survey: Survey) -> Iterator[tuple[int, bytes | str]]:
    """The lines that are not blank, counted from 1; of a line that is too long, its beginning."""
    blank, end = "\0 \t\r\n", "\n"
    if survey.encoding == "utf-8":
        with survey.open_bytes() as stream:
            yield from _numbered(stream, blank.encode(), end.encode())
    else:
        with survey.open_text(newline=end) as text:
            yield from _numbered(text, blank, end)


def _numbered(stream: IO[AnyStr], blank: AnyStr, end: AnyStr) -> Iterator[tuple[int, AnyStr]]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        # NULs are what a file system leaves of a line after a crash.
        if len(line) > LONGEST_LINE or line.strip(blank):
            yield number, line
        while len(line) > LONGEST_LINE and not line.endswith(end):
            line = stream.readline(LONGEST_LINE + 1)


class XApiV2Document(_FileReader):
    """Values that run over several lines, or a list of them, read one value (page or tweet) at a time."""

    format = "X API v2, JSON"

    def _records(self) -> Iterator[Record]:
        shape = XApiV2(self._times, self._remarks)
        with self._survey.open_text(newline="\n") as stream:
            for number, value in enumerate(document(stream.read), 1):
                yield from shape.records(value, f"item {number}")


class CsvFile(_FileReader):
    """A table as text."""

    def __init__(self, survey: Survey, header: Header, now: datetime) -> None:
        super().__init__(survey, now)
        self._header = header
        self.format = (
            "table, tab-separated" if header.delimiter == "\t" else f"table, separated by {header.delimiter!r}"
        )

    def _records(self) -> Iterator[Record]:
        rounded = ids_rounded(self._survey.head, self._header)
        table = CsvTable(self._header, self._times, self._remarks, ids_rounded=rounded)
        with self._survey.open_text(newline="") as stream:
            yield from table.records(stream)
