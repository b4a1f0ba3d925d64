"""Which format a file has, told by its content, and the readers of each. Names and endings of files do not count."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import IO, Any, AnyStr

import orjson

from viral_assets.errors import SourceError
from viral_assets.sources.base import RAW_LIMIT, Record, RecordBatch, Reject
from viral_assets.sources.content.file_probe import FileProbe
from viral_assets.sources.parsers.columns import Layout, Mapped, Rows, layout, named_texts
from viral_assets.sources.parsers.csv_table import CsvTable, Header, find_header, first_row, ids_rounded
from viral_assets.sources.parsers.fields import Times
from viral_assets.sources.parsers.json_shapes import (
    APIFY,
    MAPPINGS,
    OBJECTS,
    X_API_V1,
    X_API_V2,
    JsonShapes,
    other_service,
    shape_of,
)
from viral_assets.sources.parsers.json_values import LONGEST_LINE, document, parse_line
from viral_assets.sources.parsers.parquet_table import ParquetTable
from viral_assets.sources.parsers.x_api_v2 import visible

BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 4 * 2**20
"""What is stored together: enough to be fast, and little memory also where texts are long."""

_LONG_FIRST_LINE = 16 * 2**20
"""Bytes; a longer first line is read as a document, value by value."""

_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
_JSON_LINE = re.compile(r"^[\s\ufeff]*[\[{]", re.MULTILINE)
# Tweets in an archive of X's own begin as a script: window.YTD.tweets.part0 = [ {; in old ones, Grailbird.data.
_SCRIPT = re.compile(r"\s*(?:window\.YTD\.\w+\.part\d+|Grailbird\.data\.\w+)\s*=\s*(?=[\[{])")


def detect_format(probe: FileProbe, now: datetime, *, zone: tzinfo = UTC, mapped: Mapped | None = None) -> FileReader:
    """The reader for a file.

    Args:
        now: the present; tweets from after it are rejected.
        zone: of times that do not tell theirs.
        mapped: a person's own names of columns, by field.

    Raises:
        SourceError: the file has none of the known formats; the message tells what it has instead.
    """
    options = ReadOptions(now, zone, mapped)
    if probe.parquet:
        return ParquetFile(probe, options)
    head = probe.head
    if head.lstrip("\ufeff\0 \t\r\n").startswith(("{", "[")) or _SCRIPT.match(head):
        return _json_reader(probe, options)
    header = find_header(head, mapped)
    if header:
        if header.missing:
            raise SourceError(_lacks(probe, header.missing, header.cells))
        return CsvFile(probe, header, options)
    if _JSON_LINE.search(head):
        return _json_reader(probe, options)
    first = first_row(head)
    if _is_data(first):
        raise SourceError(
            f"{probe.name}: a table without a header row, or tweet ids alone; put a row like id,text,created_at above "
            "its first line, or have the ids looked up (twarc2 hydrate) and give what comes of it"
        )
    if len(first) > 1:
        raise SourceError(_lacks(probe, layout(first, mapped).missing, first))
    raise SourceError(f"{probe.name}: neither JSON with tweets nor a table with a header row like id,text,created_at")


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a row that should name columns has a tweet's id instead."""
    return any(9 <= len(cell.strip()) <= 19 and cell.strip().isdecimal() for cell in cells)


def _lacks(probe: FileProbe, missing: Sequence[str], names: Sequence[str]) -> str:
    shown = ", ".join(repr(visible(name)[:40]) for name in names[:30])
    return (
        f"{probe.name}: no column for {' and '.join(missing)}; its columns are {shown}; say which is which under "
        "sources.columns in a project file"
    )


def _json_reader(probe: FileProbe, options: ReadOptions) -> FileReader:
    lines = _is_json_lines(probe)
    shape = _shape(probe.head, lines=lines)
    if shape is None:
        if service := _other_service(probe.head, lines=lines):
            raise SourceError(
                f"{probe.name}: posts of {service}, which cannot be answered on X; give files with tweets"
            )
        keys = list(dict.fromkeys(_KEY.findall(probe.head)))
        # Keys of nested objects have no path here, which is good enough to tell tweets from something else.
        if keys and layout(keys, options.mapped).missing:
            shown = ", ".join(repr(visible(key)) for key in keys[:12])
            raise SourceError(
                f"{probe.name}: JSON, but no tweets of the X API or of Apify, and no objects with an id, a text and a "
                f"time; its keys are {shown}"
            )
        shape = OBJECTS
    return (JsonLines if lines else JsonDocument)(probe, options, shape)


def _other_service(head: str, *, lines: bool) -> str | None:
    for value in islice(_first_values(head, lines=lines), 5):
        some = value[:5] if isinstance(value, list) else [value]
        if service := next(filter(None, map(other_service, some)), None):
            return service
    return None


def _shape(head: str, *, lines: bool) -> str | None:
    """The shape of the first values that tell theirs; where they are too long for that, what their keys suggest."""
    for value in _first_values(head, lines=lines):
        if shape := shape_of(value):
            return shape
        if isinstance(value, dict) and not layout([name for name, _ in named_texts(value)]).missing:
            return OBJECTS
    keys = {*_KEY.findall(head)}
    if {"public_metrics", "edit_history_tweet_ids", "author_id"} & keys or {"data", "text"} <= keys:
        return X_API_V2
    if {"id_str", "full_text", "favorite_count"} & keys and "user" in keys:
        return X_API_V1
    return APIFY if {"fullText", "noResults"} & keys and "author" in keys else None


def _first_values(head: str, *, lines: bool) -> Iterator[Any]:
    if lines:
        for line in islice(head.split("\n"), 200):
            with suppress(ValueError):
                yield orjson.loads(line)
    else:
        # The last one is cut off where the file goes on; a broken one tells nothing.
        script = _SCRIPT.match(head)
        yield from islice(document(io.StringIO(head[script.end() if script else 0 :]).read), 50)


def _is_json_lines(probe: FileProbe) -> bool:
    """Whether the file has one complete value a line. A damaged line at its beginning does not mislead."""
    with probe.open_text(newline="\n") as stream:
        first = stream.readline(_LONG_FIRST_LINE)
        if _SCRIPT.match(probe.head):
            return False
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
    return any(line.startswith('{"') and _is_complete(line) for line in probe.head.split("\n")[1:200])


def _is_complete(line: str) -> bool:
    try:
        return isinstance(value := orjson.loads(line), dict | list) and bool(value)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read: see :func:`detect_format`."""

    now: datetime
    zone: tzinfo = UTC
    mapped: Mapped | None = None


class FileReader:
    """What the readers of all formats share: a name, and records put together to batches."""

    format: str
    """For people, the packing included."""

    def __init__(self, probe: FileProbe, options: ReadOptions, shape: str) -> None:
        self.name = probe.name
        self.shape = shape
        self.format = f"{shape}, {self._notation}" + (f" ({probe.packing})" if probe.packing else "")
        self._survey = probe
        self._options = options
        self._times = Times(options.now, options.zone)
        self._remarks: Counter[str] = Counter()

    _notation = ""

    @property
    def mapping(self) -> Sequence[tuple[str, str]]:
        """Of what each field of a tweet is made, for people."""
        return list(MAPPINGS.get(self.shape, {}).items())

    @property
    def unused(self) -> Sequence[str]:
        """Columns that are not looked at."""
        return ()

    def __iter__(self) -> Iterator[RecordBatch]:
        batch: list[Record] = []
        characters = 0
        for record in self._all_records():
            batch.append(record)
            characters += len(record.raw if isinstance(record, Reject) else record.text)
            if len(batch) >= BATCH_RECORDS or characters >= BATCH_CHARACTERS:
                yield RecordBatch(batch, self._remarks_so_far())
                batch, characters = [], 0
        remarks = self._remarks_so_far()
        if doubt := self._times.zone_in_doubt():
            remarks[doubt] = 1
        if batch or remarks:
            yield RecordBatch(batch, remarks)

    def _all_records(self) -> Iterator[Record]:
        yield from self._records()
        if self._survey.damage:
            detail = f"{self._survey.damage}; what came after that cannot be read"
            yield Reject("the end of what can be unpacked", "bad_archive", detail, "")

    def _records(self) -> Iterator[Record]:
        raise NotImplementedError

    def _remarks_so_far(self) -> Counter[str]:
        remarks, self._remarks = Counter(self._remarks), self._remarks
        self._remarks.clear()
        if self._times.zoneless:
            remarks[f"time without a zone, taken as {self._options.zone}"] = self._times.zoneless
            self._times.zoneless = 0
        if self._times.completed:
            remarks["date without a time of day, which the tweet's id told"] = self._times.completed
            self._times.completed = 0
        return remarks


class JsonLines(FileReader):
    """One value a line: pages, stream objects, single tweets. Blank lines keep a stream alive and are skipped."""

    _notation = "JSON lines"

    def _records(self) -> Iterator[Record]:
        shapes = JsonShapes(self._times, self._remarks, self._options.mapped)
        for number, line in _numbered_lines(self._survey):
            place = f"line {number}"
            if len(line) > LONGEST_LINE:
                start = line[:RAW_LIMIT] if isinstance(line, str) else line[:RAW_LIMIT].decode("utf-8", "replace")
                yield Reject(place, "too_long", f"the line is longer than {LONGEST_LINE:,} bytes", start)
                continue
            values = parse_line(line)
            for item, value in enumerate(values, 1):
                yield from shapes.records(value, place if len(values) == 1 else f"{place}, item {item}")


def _numbered_lines(probe: FileProbe) -> Iterator[tuple[int, bytes | str]]:
    """The lines that are not blank, counted from 1; of a line that is too long, its beginning."""
    blank, end = "\0 \t\r\n", "\n"
    if probe.encoding == "utf-8":
        with probe.open_bytes() as stream:
            yield from _numbered(stream, blank.encode(), end.encode())
    else:
        with probe.open_text(newline=end) as text:
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


class JsonDocument(FileReader):
    """Values that run over several lines, or a list of them, read one value (page or tweet) at a time."""

    _notation = "JSON"

    def _records(self) -> Iterator[Record]:
        shapes = JsonShapes(self._times, self._remarks, self._options.mapped)
        script = _SCRIPT.match(self._survey.head)
        with self._survey.open_text(newline="\n") as stream:
            if script:
                stream.read(script.end())
            for number, value in enumerate(document(stream.read), 1):
                yield from shapes.records(value, f"item {number}")


class CsvFile(FileReader):
    """A table as text."""

    def __init__(self, probe: FileProbe, header: Header, options: ReadOptions) -> None:
        mark = header.delimiter
        self._notation = "tab-separated" if mark == "\t" else f"separated by {mark!r}"
        super().__init__(probe, options, "table")
        self._header = header

    @property
    def mapping(self) -> Sequence[tuple[str, str]]:
        return describe_columns(self._header.layout)

    @property
    def unused(self) -> Sequence[str]:
        return self._header.layout.unused

    def _records(self) -> Iterator[Record]:
        rounded = ids_rounded(self._survey.head, self._header)
        table = CsvTable(self._header, self._times, self._remarks, ids_rounded=rounded)
        with self._survey.open_text(newline="") as stream:
            yield from table.records(stream)


class ParquetFile(FileReader):
    """A Parquet file, read group by group."""

    _notation = "Parquet"

    def __init__(self, probe: FileProbe, options: ReadOptions) -> None:
        super().__init__(probe, options, "table")
        with ParquetTable(probe) as table:
            self._layout = layout(table.names, options.mapped)
        if self._layout.missing:
            raise SourceError(_lacks(probe, self._layout.missing, self._layout.names))

    @property
    def mapping(self) -> Sequence[tuple[str, str]]:
        return describe_columns(self._layout)

    @property
    def unused(self) -> Sequence[str]:
        return self._layout.unused

    def _records(self) -> Iterator[Record]:
        with ParquetTable(self._survey) as table:
            rows = Rows(self._layout, self._times, self._remarks)
            yield from table.records(rows)


def describe_columns(found: Layout) -> Sequence[tuple[str, str]]:
    """Each field and the columns it is taken from, best first."""
    return [
        (field, (" and " if field == "text" else ", else ").join(dict.fromkeys(found.names[index] for index in where)))
        for field, where in found.fields.items()
    ]
