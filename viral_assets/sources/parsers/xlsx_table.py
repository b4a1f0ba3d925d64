"""Excel workbooks (XLSX): every sheet that has tweets, row by row, as the rows of other tables.

What a sheet cannot give, because its part of the file is damaged, is one reject that says from which row on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions, Reject, SourceFile
from viral_assets.sources.parsers.address_columns import with_addresses
from viral_assets.sources.parsers.column_evidence import MOST_ROWS, evidence, missing
from viral_assets.sources.parsers.column_names import TABLE
from viral_assets.sources.parsers.doubtful_ids import Candidate
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import BY_SIGNATURE, FileFormat
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.header_rows import HEADER_ROWS, best_layout
from viral_assets.sources.parsers.layouts import Layout, lacking, layout
from viral_assets.sources.parsers.raw_text import raw_row
from viral_assets.sources.parsers.remarks import ABOVE_HEADER, REPEATED_HEADER
from viral_assets.sources.parsers.row_parser import RowParser
from viral_assets.sources.parsers.xlsx_sheets import DamagedSheetError, Sheet, Workbook

MAGIC = b"PK\x03\x04"


def probe(head: FileHead) -> float:
    """By the bytes that every archive begins with; those that are no workbooks were refused."""
    return BY_SIGNATURE if head.magic == MAGIC else 0.0


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet whose columns are known.

    Args:
        place: what places of its records begin with.
        header: the number of the row that names the columns, from 1.
        first: some rows after that.
    """

    place: str
    sheet: Sheet
    header: int
    layout: Layout
    first: Sequence[Sequence[str]]


class XlsxReader(FileReader):
    """Reads a workbook, sheet by sheet.

    Raises:
        SourceError: the workbook cannot be read, or no sheet has columns for what a tweet needs.
    """

    def __init__(self, file: SourceFile, head: FileHead, options: ReadOptions) -> None:
        try:
            self._workbook = Workbook(file.open_seekable())
            self._tables, self._others = _tables(self._workbook.sheets, options)
        except (SourceError, ValueError) as error:
            raise SourceError(f"{file.name}: {error}") from None
        layouts = [table.layout for table in self._tables]
        unused = dict.fromkeys(name for layout in layouts for name in layout.unused if name)
        super().__init__(file, options, f"{TABLE}, Excel", mapping=_described(layouts), unused=list(unused))

    def _records(self) -> Iterator[Candidate]:
        for title in self._others:
            self._remarks[f"sheet without tweets, left out: {title!r}"] += 1
        try:
            for table in self._tables:
                yield from self._of_table(table)
        finally:
            self._workbook.close()

    def _of_table(self, table: _Table) -> Iterator[Candidate]:
        names = table.layout.names
        parser = RowParser(evidence(table.layout, table.first), self._times, self._remarks)
        number = 0
        try:
            for number, cells in table.sheet.rows(len(names)):
                if not any(cells):
                    continue
                if number < table.header:
                    self._remarks[ABOVE_HEADER] += 1
                elif tuple(cells) == names:
                    self._remarks[REPEATED_HEADER] += number > table.header
                elif record := parser.candidate(cells, f"{table.place}row {number}", partial(raw_row, names, cells)):
                    yield record
        except DamagedSheetError as error:
            lost = f"rows after {number:,} cannot be read: their part of the file is damaged ({error})"
            yield Reject(f"{table.place}rows after {number}", "bad_xlsx", lost, "")


def _tables(sheets: Sequence[Sheet], options: ReadOptions) -> tuple[list[_Table], list[str]]:
    """The sheets with tweets, and the titles of those without, blank ones left out.

    Raises:
        SourceError: there is none with tweets.
    """
    found: list[_Table] = []
    others: list[str] = []
    problems: list[tuple[int, str]] = []
    for position, sheet in enumerate(sheets, 1):
        head = [(number, _without_end(cells)) for number, cells in islice(sheet.filled(), HEADER_ROWS)]
        if not head:
            continue
        number, known = best_layout(head, options.columns) or (head[0][0], layout(head[0][1], options.columns))
        after = (cells for at, cells in sheet.filled(len(known.names)) if at > number)
        first = list(islice(after, MOST_ROWS))
        known = with_addresses(known, first)
        if lacks := missing(known, first):
            problems.append((len(known.fields), lacking(lacks, known, first)))
            others.append(sheet.title)
        else:
            place = f"sheet {position} ({sheet.title!r}), " if len(sheets) > 1 else ""
            found.append(_Table(place, sheet, number, known, first))
    if not found:
        raise SourceError(max(problems)[1] if problems else "an Excel workbook with nothing in it")
    return found, others


def _without_end(cells: list[str]) -> list[str]:
    """The cells up to the last one that is not blank: programs format more columns than they fill."""
    return cells[: max((at for at, cell in enumerate(cells, 1) if cell), default=0)]


def _described(layouts: Sequence[Layout]) -> list[tuple[str, str]]:
    """Each field and the columns it is taken from, for people; sheets may differ."""
    found: dict[str, dict[str, None]] = {}
    for each in layouts:
        for field, source in each.described:
            found.setdefault(field, {})[source] = None
    return [(field, "; ".join(sources)) for field, sources in found.items()]


FORMAT = FileFormat("Excel", probe, XlsxReader)
