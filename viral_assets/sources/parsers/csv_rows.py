"""Rows of tables in text files (CSV, TSV), and which row names the columns.

What the columns mean is in ``column_names``. Rows are separated so that a quote nobody closes costs its own row and
not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from viral_assets.sources.base import ColumnNames
from viral_assets.sources.parsers.header_rows import HEADER_ROWS, best_layout
from viral_assets.sources.parsers.layouts import Layout

DELIMITERS = ",;\t|"

LONGEST_ROW_LINES = 300
LONGEST_ROW = 100_000
"""Lines and characters after which an open quote counts as never closed."""


class CsvRow(NamedTuple):
    """One row: the line it begins on (from 1), its cells, and its text. ``cells`` is None where it has no end."""

    line: int
    cells: list[str] | None
    raw: str


def rows(lines: Iterable[str], delimiter: str) -> Iterator[CsvRow]:
    """Rows of a table, text in quotes running over several lines included.

    A row over several lines must be quoted correctly from beginning to end. Otherwise a quote was left open, and
    reading on would swallow the rows that follow: then only its first line is given up, and the next line begins a
    new row.
    """
    source = _Lines(lines)
    number = 0
    for line in source:
        number += 1
        if '"' not in line:
            yield CsvRow(number, line.rstrip("\r\n").split(delimiter), line)
            continue
        taken: list[str] = []
        try:
            cells = next(csv.reader(_row_lines(line, source, taken), delimiter=delimiter, strict=True))
        except csv.Error:
            source.give_back(taken)
            yield CsvRow(number, _one_line(line, delimiter), line)
        else:
            yield CsvRow(number, cells, line + "".join(taken))
            number += len(taken)


class _Lines:
    """An iterator that takes lines back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._returned: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._returned.pop() if self._returned else next(self._lines)

    def give_back(self, lines: list[str]) -> None:
        self._returned.extend(reversed(lines))


def _row_lines(line: str, source: Iterator[str], taken: list[str]) -> Iterator[str]:
    """``line`` and as many further lines as one row may have; those are noted in ``taken``."""
    yield line
    length = len(line)
    while len(taken) < LONGEST_ROW_LINES and length < LONGEST_ROW:
        further = next(source, None)
        if further is None:
            return
        taken.append(further)
        length += len(further)
        yield further


def _one_line(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with a stray quote; None where the quote is open at its end."""
    try:
        next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:  # a field beyond the csv module's limit
        return None


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are, and what they are."""

    delimiter: str
    line: int
    layout: Layout

    @property
    def cells(self) -> tuple[str, ...]:
        return self.layout.names

    @property
    def missing(self) -> list[str]:
        """What a tweet needs and no column gives, for a message."""
        return self.layout.missing


def split_lines(text: str) -> list[str]:
    """Lines with their ends, which may be any of the three usual ones."""
    return re.split("(?<=\n)|(?<=\r)(?!\n)", text)


def find_header(head: str, columns: ColumnNames | None = None) -> Header | None:
    """The row of the first few that names the most columns; None if no row names at least two.

    Args:
        head: the beginning of the file, any line endings.
        columns: a person's own names of columns.
    """
    lines = split_lines(head)
    first = (
        ((delimiter, row.line), row.cells)
        for delimiter in DELIMITERS
        for row in islice(rows(lines, delimiter), HEADER_ROWS)
    )
    best = best_layout(first, columns)
    return Header(*best[0], best[1]) if best else None


def first_row(head: str) -> list[str]:
    """The cells of the first row that has any, by the delimiter that makes the most of it."""
    line = next((line for line in head.splitlines() if line.strip()), "")
    return max((cells for mark in DELIMITERS for _, cells, _ in rows([line], mark) if cells), key=len, default=[])
