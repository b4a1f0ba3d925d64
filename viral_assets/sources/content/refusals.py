"""Files that are no data and what to do with them instead: archives, workbooks, databases."""

from __future__ import annotations

from pathlib import Path

from viral_assets.sources.content.zip_members import ZIP, members_of_zip

_ARCHIVES = {
    b"7z\xbc\xaf": "a 7z archive; unpack it and give the file inside",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV and give that file",
    b"ARROW1": "an Arrow (Feather) file; save the table as Parquet or CSV and give that file",
    b"\x80\x04\x95": "a Python pickle; save the table as Parquet or CSV and give that file",
    b"\x80\x05\x95": "a Python pickle; save the table as Parquet or CSV and give that file",
    b"Rar!": "a rar archive; unpack it and give the files inside",
    b"%PDF": "a PDF document; give the data it was made from",
    b"SQLite format 3\0": "a SQLite database; export the table as CSV and give that file",
}
_TAR_AT, _TAR = 257, b"ustar"


def refusal(path: Path, head: bytes) -> str | None:
    """What a file is that cannot be read as it is, and what to do; None where it may be read.

    Args:
        head: its first bytes, unpacked.
    """
    if head.startswith(ZIP):
        return _describe_zip(path)
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            return what
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive; unpack it and give the files inside"
    return None


def _describe_zip(path: Path) -> str:
    inside = members_of_zip(path)
    if not inside:
        return "an Excel workbook, or a zip archive without data; save the sheet as CSV and give that file"
    shown = ", ".join(repr(member[:80]) for member in inside[:5]) + (", ..." if len(inside) > 5 else "")
    many = f"a zip archive of {len(inside):,} files ({shown})" if inside[1:] else "a zip archive with a password"
    return f"{many}; unpack it and give the files with tweets"
