"""Excel workbooks as the archives they are: which zip archive is one, and whether it can be read in bounded memory.

Sheets are read row by row. All other parts are held in memory while they are read, above all the texts of all sheets;
so is each row. What is in them is read in ``sources.parsers.xlsx_table``.
"""

from __future__ import annotations

import re
from zipfile import ZipFile

from viral_assets.sources.content.unpackers import DAMAGES

MOST_BYTES = 2**30
"""Of all parts, unpacked: a million rows of twenty columns, more than which Excel itself has no room for."""

MOST_HELD = 128 * 2**20
"""Of the parts that are held in memory, unpacked."""

MOST_OF_A_ROW = 16 * 2**20
"""From the beginning of a row, or of a text, to that of the next one."""

_SMALL = MOST_OF_A_ROW
"""Parts up to this size are harmless whatever is in them."""

_PIECE = 2**20
_ROW = re.compile(rb"<(?:[\w.-]+:)?row[\s/>]")
_TEXT = re.compile(rb"<(?:[\w.-]+:)?si[\s/>]")
_LONGEST_MARK = 64

_OTHER_DOCUMENTS = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb); save it as .xlsx, or the sheet as CSV, and give that file",
    "mimetype": "an OpenDocument file; save the sheet as CSV and give that file",
    "word/document.xml": "a Word document; give the data it was made from",
    "ppt/presentation.xml": "a PowerPoint presentation; give the data it was made from",
}


def is_document(names: list[str]) -> bool:
    """Whether an archive of these files is one document of an office program, and not files of data put together."""
    return "[Content_Types].xml" in names or "mimetype" in names


def workbook_problem(archive: ZipFile) -> str | None:
    """Why a document cannot be read as a workbook, and what to do; None where it can be tried.

    An archive says how large each of its parts is unpacked, and no more than that is ever unpacked of it.
    """
    names = archive.namelist()
    if other := next((what for name, what in _OTHER_DOCUMENTS.items() if name in names), None):
        return other
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_BYTES:
        return f"an Excel workbook of {unpacked:,} bytes unpacked; save the sheet as CSV and give that file"
    held = 0
    for part in parts:
        if part.file_size > _SMALL:
            in_pieces, held_whole = _looked_through(archive, part.filename)
            held += part.file_size if held_whole else 0
            if not in_pieces or held > MOST_HELD:
                return "an Excel workbook with more in one piece than is safe to read; save the sheet as CSV"
    return None


def _looked_through(archive: ZipFile, name: str) -> tuple[bool, bool]:
    """Whether a large part is made of many rows or texts, none of them too long, and whether it is held as a whole."""
    idle, rows, texts, end = 0, False, False, b""
    try:
        with archive.open(name) as part:
            while idle * _PIECE <= MOST_OF_A_ROW and (piece := part.read(_PIECE)):
                seen = end + piece
                row, text = _ROW.search(seen) is not None, _TEXT.search(seen) is not None
                idle = 0 if row or text else idle + 1
                rows, texts, end = rows or row, texts or text, piece[-_LONGEST_MARK:]
    except (*DAMAGES, RuntimeError, NotImplementedError):
        pass  # whoever reads it comes no further than this
    return idle * _PIECE <= MOST_OF_A_ROW, texts or not rows
