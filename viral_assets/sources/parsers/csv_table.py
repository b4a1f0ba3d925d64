"""Tables in text files (CSV, TSV) with the column names people's exports have.

How text becomes rows is in ``csv_rows``, how a row becomes a tweet in ``row_parser``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions, Reject, SourceFile
from viral_assets.sources.parsers.address_columns import with_addresses
from viral_assets.sources.parsers.column_evidence import MOST_ROWS, evidence, missing
from viral_assets.sources.parsers.column_names import TABLE
from viral_assets.sources.parsers.csv_rows import CsvRow, Header, rows, split_lines
from viral_assets.sources.parsers.doubtful_ids import Candidate
from viral_assets.sources.parsers.fields import UnusableError
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import ANY_TABLE, BY_HEADER, BY_PART_OF_A_HEADER, FileFormat
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.layouts import lacking, layout
from viral_assets.sources.parsers.raw_text import visible
from viral_assets.sources.parsers.remarks import ABOVE_HEADER, REPEATED_HEADER
from viral_assets.sources.parsers.row_parser import RowParser
from viral_assets.sources.parsers.times import Times

_CUT_HEAD = 2**17
"""Characters from which on the beginning of a file may end within a row."""


def probe(head: FileHead) -> float:
    """By a row that names columns; hardly, by cells alone."""
    if head.starts_as_json or not head.text:
        return 0.0
    if head.header:
        return BY_PART_OF_A_HEADER if head.header.missing else BY_HEADER
    return ANY_TABLE if len(head.first_row) > 1 or _is_data(head.first_row) else 0.0


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a row that should name columns has a tweet's id instead."""
    return any(9 <= len(cell.strip()) <= 19 and cell.strip().isdecimal() for cell in cells)


class CsvReader(FileReader):
    """Reads a table from a text file.

    Raises:
        SourceError: no row names the columns that a tweet needs.
    """

    def __init__(self, file: SourceFile, head: FileHead, options: ReadOptions) -> None:
        header, self._first = header_and_rows(file.head, head.header)
        if header is None or missing(header.layout, self._first):
            raise SourceError(f"{file.name}: {_problem(head, self._first)}")
        mark = header.delimiter
        kind = f"{TABLE}, " + ("tab-separated" if mark == "\t" else f"separated by {mark!r}")
        super().__init__(file, options, kind, mapping=header.layout.described, unused=header.layout.unused)
        self._header = header

    def _records(self) -> Iterator[Candidate]:
        table = CsvTable(self._header, self._times, self._remarks, self._first)
        with self._file.open_text(newline="") as stream:
            yield from table.records(stream)


def _problem(head: FileHead, first: Sequence[Sequence[str]]) -> str:
    if head.header:
        return lacking(head.header.missing, head.header.layout, first)
    if _is_data(head.first_row):
        return (
            "a table without a header row, or tweet ids alone; put a row like id,text,created_at above its first "
            "line, or have the ids looked up (twarc2 hydrate) and give what comes of it"
        )
    known = layout(head.first_row, head.columns)
    return lacking(known.missing, known)


class CsvTable:
    """Turns the rows of one file into records.

    Args:
        header: where the columns are.
        first: the cells of the first rows, which tell how the columns are to be read.
    """

    def __init__(
        self, header: Header, times: Times, remarks: Counter[str], first: Sequence[Sequence[str]] = ()
    ) -> None:
        self._header = header
        self._width = len(header.cells)
        self._remarks = remarks
        self._rows = RowParser(evidence(header.layout, first), times, remarks)

    def records(self, lines: Iterable[str]) -> Iterator[Candidate]:
        """The records of all lines, those of the header and above included."""
        for row in rows(lines, self._header.delimiter):
            if row.line < self._header.line:
                self._remarks[ABOVE_HEADER] += 1
            elif row.cells is not None and tuple(row.cells) == self._header.cells:
                if row.line > self._header.line:
                    self._remarks[REPEATED_HEADER] += 1
            elif row.raw.strip("\r\n\0 \t" + self._header.delimiter):
                record = self._record(row)
                if record is not None:
                    yield record

    def _record(self, row: CsvRow) -> Candidate | None:
        def raw() -> str:
            return visible(row.raw.rstrip("\r\n"))

        place = f"line {row.line}"
        try:
            cells = self._full(row.cells)
        except UnusableError as error:
            return Reject(place, error.reason, error.detail, raw())
        return self._rows.candidate(cells, place, raw)

    def _full(self, cells: list[str] | None) -> list[str]:
        if cells is None:
            raise UnusableError("bad_row", "a quotation mark is opened and never closed")
        if len(cells) > self._width and not any(cell.strip() for cell in cells[self._width :]):
            return cells[: self._width]
        if len(cells) != self._width:
            raise UnusableError("bad_row", f"{len(cells)} cells where the header has {self._width}")
        return cells


def header_and_rows(head: str, header: Header | None) -> tuple[Header | None, list[list[str]]]:
    """The header with what the first rows tell of its columns, and the cells of those rows.

    Args:
        head: the beginning of the file.
        header: what :func:`~.csv_rows.find_header` has found in it.
    """
    if header is None:
        return None, []
    first = _first_rows(head, header)
    return replace(header, layout=with_addresses(header.layout, first)), first


def _first_rows(head: str, header: Header) -> list[list[str]]:
    """The cells of the first rows after the header, those that are no rows of the table left out."""
    lines = split_lines(head)
    if len(head) >= _CUT_HEAD:
        lines = lines[:-1]
    found = islice(rows(lines, header.delimiter), header.line + MOST_ROWS)
    return [row.cells for row in found if row.line > header.line and row.cells and len(row.cells) == len(header.cells)]


FORMAT = FileFormat("CSV", probe, CsvReader)
