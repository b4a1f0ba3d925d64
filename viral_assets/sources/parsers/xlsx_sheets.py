"""The sheets of an Excel workbook as rows of texts, by openpyxl. What their columns mean is in ``xlsx_table``.

Everything in a workbook is untrusted; what would take too much memory was refused before it comes here.
"""

from __future__ import annotations

import re
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, time
from importlib.util import find_spec
from itertools import islice
from typing import Any, BinaryIO
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - an exception

from viral_assets.errors import SourceError
from viral_assets.sources.parsers.cells import cell_text, float_text
from viral_assets.sources.parsers.raw_text import in_a_line

LAST_ROW = 2**20
"""Of Excel's sheets; a crafted one may name any."""

MOST_SHEETS = 200

_ROWS_AT_ONCE = 1_000
_MISSING = "an Excel workbook: pip install 'viral_assets[xlsx]' to have it read, or save the sheet as CSV"
_ERRORS = frozenset({"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
# ECMA-376 part 1, 22.9.2.19 (ST_Xstring): what XML cannot hold, a carriage return above all, is written _x000D_.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MIDNIGHT = time()

_DAMAGES = (
    *(BadZipFile, ZlibError, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(SyntaxError, OverflowError, RecursionError, MemoryError, RuntimeError, AssertionError),
)
"""What openpyxl raises where a file is not as it expects (a ``SyntaxError`` is one of XML)."""


class DamagedSheetError(Exception):
    """A sheet cannot be read any further; why."""


class Sheet:
    """One sheet, read anew each time it is asked for its rows."""

    def __init__(self, worksheet: Any) -> None:
        self._worksheet = worksheet
        self.title = str(worksheet.title)

    def rows(self, width: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """The number of each row, from 1, and its cells; blank rows between others too.

        Args:
            width: so many cells of each row, however many it has; by default those it has.

        Raises:
            DamagedSheetError: the rest cannot be read.
        """
        self._worksheet.reset_dimensions()  # what programs write there is often wrong
        rows = self._worksheet.iter_rows(max_col=width, values_only=True)
        number, damage = 0, ""
        while not damage:
            some: list[tuple[Any, ...]] = []
            try:
                with _quiet():
                    some.extend(islice(rows, _ROWS_AT_ONCE))
            except _DAMAGES as error:
                damage = in_a_line(error)
            for row in some:
                number += 1
                if number > LAST_ROW:  # of the blank ones before a far number there would be no end
                    raise DamagedSheetError(f"a sheet has {LAST_ROW:,} rows")
                yield number, [_text(value) for value in row]
            if not some:
                break
        if damage:
            raise DamagedSheetError(damage)

    def filled(self, width: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, as far as they can be read."""
        with suppress(DamagedSheetError):
            yield from (row for row in self.rows(width) if any(row[1]))


class Workbook:
    """One workbook, open until it is closed or forgotten.

    Args:
        stream: its bytes, seekable; closed with it.

    Raises:
        SourceError: openpyxl is not installed, the workbook is damaged, or has too many sheets.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.close = weakref.finalize(self, stream.close)
        try:
            self.sheets = [Sheet(worksheet) for worksheet in _worksheets(stream)]
        except SourceError:
            self.close()
            raise
        except _DAMAGES as error:
            self.close()
            raise SourceError(
                f"an Excel workbook that cannot be read ({in_a_line(error)}); save it anew, or the sheet as CSV"
            ) from None


def _worksheets(stream: BinaryIO) -> list[Any]:
    if find_spec("openpyxl") is None:
        raise SourceError(_MISSING)
    # A third of a second to import, which only files of this kind should cost.
    from openpyxl import load_workbook

    with _quiet():
        # Formulas have the values they had when the workbook was saved.
        found: list[Any] = load_workbook(stream, read_only=True, data_only=True, keep_links=False).worksheets
    if len(found) > MOST_SHEETS:
        raise SourceError(f"an Excel workbook of more than {MOST_SHEETS} sheets; save those with tweets as CSV")
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Without openpyxl's warnings of what it leaves out: styles, rules, dates beyond the calendar."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if "_x" in value:
            value = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), value)
        return "" if value in _ERRORS else value
    if isinstance(value, float):
        return float_text(value) if value == value else ""
    if isinstance(value, datetime) and value.time() == _MIDNIGHT:
        return value.date().isoformat()  # a date, of which the sheet shows no time of day
    return cell_text(value)
