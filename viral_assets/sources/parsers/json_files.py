"""Files of JSON: one value a line, or a document that is read value by value."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import IO, Any, AnyStr

from viral_assets.sources.base import RAW_LIMIT, ReadOptions, Reject, SourceFile
from viral_assets.sources.parsers.doubtful_ids import Candidate, doubted
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.identities import addresses_in
from viral_assets.sources.parsers.json_shapes import JsonShapes, ValueFormat
from viral_assets.sources.parsers.json_values import LONGEST_LINE, document, parse_line
from viral_assets.sources.parsers.rounded_ids import may_be_rounded


class JsonReader(FileReader):
    """What both notations share.

    Args:
        shape: the name of the format of its first tweets.
        mapping: of what that makes each field of a tweet.
        formats: all that values may have; a file may mix them.
    """

    notation: str

    def __init__(
        self,
        file: SourceFile,
        head: FileHead,
        options: ReadOptions,
        shape: str,
        mapping: Sequence[tuple[str, str]],
        formats: Sequence[ValueFormat],
    ) -> None:
        super().__init__(file, options, f"{shape}, {self.notation}", mapping=mapping)
        self._head = head
        self._formats = formats

    def _records(self) -> Iterator[Candidate]:
        first = [each for inside in self._head.objects for each in inside]
        shapes = JsonShapes(self._formats, self._times, self._remarks, self._options.columns, first)
        for number, item, value in self._values():
            tweet = shapes.ordinary(value)
            if tweet is not None and not may_be_rounded(tweet.tweet_id):
                yield tweet  # as nearly all of a file are: nobody asks where they stand
            elif isinstance(value, Reject):
                yield value
            else:
                place, addresses = self._place(number, item), addresses_in(value) if tweet is None else ()
                for record in shapes.records(value, place) if tweet is None else (tweet,):
                    yield doubted(record, place, value, addresses)

    @abstractmethod
    def _values(self) -> Iterator[tuple[int, int, Any]]:
        """The values, each after its number and its number within that; a reject in the place of one that cannot be
        read."""

    @abstractmethod
    def _place(self, number: int, item: int) -> str:
        """Where a value is, for people."""


class JsonLines(JsonReader):
    """One value a line: pages, stream objects, single tweets. Blank lines keep a stream alive and are skipped."""

    notation = "JSON lines"

    def _values(self) -> Iterator[tuple[int, int, Any]]:
        for number, line in _numbered_lines(self._file):
            if len(line) > LONGEST_LINE:
                start = line[:RAW_LIMIT] if isinstance(line, str) else line[:RAW_LIMIT].decode("utf-8", "replace")
                too_long = f"the line is longer than {LONGEST_LINE:,} bytes"
                yield number, 0, Reject(self._place(number, 0), "too_long", too_long, start)
                continue
            values = parse_line(line)
            if len(values) == 1:
                yield number, 0, values[0]
            else:
                yield from ((number, item, value) for item, value in enumerate(values, 1))

    def _place(self, number: int, item: int) -> str:
        return f"line {number}, item {item}" if item else f"line {number}"


class JsonDocument(JsonReader):
    """Values that run over several lines, or a list of them, read one value (page or tweet) at a time."""

    notation = "JSON"

    def _values(self) -> Iterator[tuple[int, int, Any]]:
        with self._file.open_text(newline="\n") as stream:
            stream.read(self._head.script_end)
            for number, value in enumerate(document(stream.read), 1):
                yield number, 0, value

    def _place(self, number: int, item: int) -> str:
        return f"item {number}"


def _numbered_lines(file: SourceFile) -> Iterator[tuple[int, bytes | str]]:
    """The lines that are not blank, counted from 1; of a line that is too long, its beginning."""
    blank, end = "\0 \t\r\n", "\n"
    if file.encoding == "utf-8":
        with file.open_bytes() as stream:
            yield from _numbered(stream, blank.encode(), end.encode())
    else:
        with file.open_text(newline=end) as text:
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
