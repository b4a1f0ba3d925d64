"""Files that are no data and what to do with them instead: archives, workbooks, databases."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import BinaryIO

from viral_assets.sources.content.unpackers import DAMAGES
from viral_assets.sources.content.workbooks import is_document, workbook_problem
from viral_assets.sources.content.zip_members import ZIP, members_of_zip

_ARCHIVES = {
    b"7z\xbc\xaf": "a 7z archive; unpack it and give the file inside",
    b"\xd0\xcf\x11\xe0": (
        "an old Excel workbook (.xls), or one with a password; save it as .xlsx without one, or the sheet as CSV, and "
        "give that file"
    ),
    b"ARROW1": "an Arrow (Feather) file; save the table as Parquet or CSV and give that file",
    b"\x80\x04\x95": "a Python pickle; save the table as Parquet or CSV and give that file",
    b"\x80\x05\x95": "a Python pickle; save the table as Parquet or CSV and give that file",
    b"Rar!": "a rar archive; unpack it and give the files inside",
    b"%PDF": "a PDF document; give the data it was made from",
    b"SQLite format 3\0": "a SQLite database; export the table as CSV and give that file",
}
_TAR_AT, _TAR = 257, b"ustar"


def refusal(head: bytes, open_seekable: Callable[[], BinaryIO]) -> str | None:
    """What a file is that cannot be read as it is, and what to do; None where it may be read.

    Args:
        head: its first bytes, unpacked.
        open_seekable: opens its content, unpacked; for archives, which say at their end what is in them.
    """
    if head.startswith(ZIP):
        with open_seekable() as stream:
            return _describe_zip(stream)
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            return what
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive; unpack it and give the files inside"
    return None


def _describe_zip(stream: BinaryIO) -> str | None:
    inside = members_of_zip(stream)
    if not inside:
        try:
            with zipfile.ZipFile(stream) as archive:
                if is_document(archive.namelist()):
                    return workbook_problem(archive)
        except DAMAGES as error:
            return (
                f"a zip archive or an Excel workbook that is damaged ({error}); save the data as CSV and give that file"
            )
        return "a zip archive without data; give the files with tweets"
    shown = ", ".join(repr(member[:80]) for member in inside[:5]) + (", ..." if len(inside) > 5 else "")
    many = f"a zip archive of {len(inside):,} files ({shown})" if inside[1:] else "a zip archive with a password"
    return f"{many}; unpack it and give the files with tweets"
