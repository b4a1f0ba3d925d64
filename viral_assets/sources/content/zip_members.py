"""The files in a zip archive. One that holds a single file of data is read as that file, packed."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from viral_assets.sources.content.unpackers import DAMAGES
from viral_assets.sources.content.workbooks import is_document

ZIP = b"PK\x03\x04"
_NO_DATA = frozenset({".html", ".htm", ".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".mp4", ".css", ".svg"})
"""Endings of what lies beside the data in an archive; a ``.txt`` may be data if there is nothing else."""


class ZipUnpacker:
    """The single file of a zip archive, with the interface the other decompressors have."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self.eof = self.needs_input = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._member.read(max_length)
        self.eof = not out
        return out


def members_of_zip(source: Path | IO[bytes]) -> list[str]:
    """The names of the files of data in a zip archive, without what lies beside them; none if it is damaged.

    The parts of a workbook are no files of data.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            inside = [member for member in archive.infolist() if not member.is_dir() and member.file_size]
    except DAMAGES:
        return []
    names = [
        member.filename
        for member in inside
        if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member.filename).parts)
    ]
    if is_document(names):
        return []
    data = [name for name in names if PurePosixPath(name).suffix.lower() not in _NO_DATA]
    return data or [name for name in names if name.lower().endswith(".txt")]


def single_member(path: Path) -> IO[bytes] | None:
    names = members_of_zip(path)
    if len(names) != 1:
        return None
    # A password, an unknown method.
    with suppress(*DAMAGES, RuntimeError, NotImplementedError), zipfile.ZipFile(path) as archive:
        return archive.open(names[0])
    return None
