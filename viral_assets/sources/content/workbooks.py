"""Excel workbooks as the archives they are: which zip archive is one, and whether it can be read in bounded memory.

Sheets are read row by row, but the texts of all sheets are held in memory, and of each element outside of the rows, or
of each row, something stays. An archive of kilobytes can have gigabytes of them: whatever large part it has is counted
first. What is in a workbook is read in ``sources.parsers.xlsx_table``.
"""

from __future__ import annotations

from xml.parsers import expat  # with bounds of its own for entities within entities
from zipfile import ZipFile

from viral_assets.sources.content.unpackers import DAMAGES

MOST_BYTES = 2**30
"""Of all parts, unpacked: a million rows of twenty columns, more than which Excel itself has no room for."""

MOST_TEXT = 64 * 2**20
"""Bytes of the part with the texts of all sheets."""

MOST_IN_A_ROW, MOST_CHARACTERS_IN_A_ROW = 2**18, 2**22
"""Elements and characters of a row, or of a text of several formats; Excel's rows have 16,384 cells."""

MOST_ELEMENTS = 2**20
"""Rows (Excel has no more), texts, and elements outside of both, each: links and merged cells stand behind the rows."""

_SMALL = 2**22
"""Parts up to so many bytes are harmless whatever is in them."""

_PIECE = 2**18

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
    texts = 0
    for part in parts:
        if part.file_size > _SMALL:
            found = _Counts()
            found.count(archive, part.filename)
            texts += part.file_size if found.units["si"] else 0
            if found.too_much or texts > MOST_TEXT:
                return "an Excel workbook with more in it than is safe to read; save the sheet as CSV"
    return None


class _Counts:
    """What there is in one part, counted up to where it is too much."""

    def __init__(self) -> None:
        self.units = {"row": 0, "si": 0}
        self.too_much = False
        self._outside = self._inside = self._characters = 0
        self._open = False

    def count(self, archive: ZipFile, name: str) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            with archive.open(name) as part:
                while not self.too_much and (piece := part.read(_PIECE)):
                    parser.Parse(piece)
        except (*DAMAGES, expat.ExpatError, RuntimeError, NotImplementedError):
            pass  # whoever reads it comes no further than this

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        unit = name.rpartition(":")[2]
        if unit in self.units:
            self.units[unit] += 1
            self._open, self._inside, self._characters = True, 0, 0
            self.too_much |= self.units[unit] > MOST_ELEMENTS
        elif self._open:
            self._inside += 1
            self.too_much |= self._inside > MOST_IN_A_ROW
        else:
            self._outside += 1
            self.too_much |= self._outside > MOST_ELEMENTS

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] in self.units:
            self._open, self._characters = False, 0

    def _text(self, text: str) -> None:
        self._characters += len(text)
        self.too_much |= self._characters > MOST_CHARACTERS_IN_A_ROW
