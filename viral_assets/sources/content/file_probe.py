"""Files as bytes and text: finding them, their hash, their encoding. Which format they have is found out in
``sources.files.detect``.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TextIO, cast

from viral_assets.errors import SourceError
from viral_assets.sources.content.decompress import Content
from viral_assets.sources.content.encoding import EncodingDetector, wide_encoding
from viral_assets.sources.content.refusals import refusal
from viral_assets.sources.content.zip_members import ZIP

HEAD_BYTES = 2**20
"""As much of a file's beginning as is kept to recognise its format by."""

_CHUNK_BYTES = 2**20

BINARY_FORMATS = (b"PAR1", ZIP)
"""What files that are no text and can be read begin with (Parquet, Excel workbooks); anything else that is no text is
refused."""

_HIDDEN = (".", "~$")

MOST_UNPACKED = 2**32
"""Bytes of a packed content that is unpacked to a temporary file, as it is read from its end."""


@dataclass(frozen=True, slots=True)
class FileProbe:
    """What one pass over a file's bytes finds out.

    Args:
        name: the path as given, printable.
        modified: UTC.
        size: bytes, as it is on disk.
        sha256: of the content, hex; the same for a packed copy.
        encoding: ``utf-8`` (also where parts of it are damaged), ``cp1252``, or one of the UTF-16 and UTF-32 family;
            empty for no text.
        head: the beginning of the content as text, undecodable bytes as surrogates, without a byte-order mark.
        packing: how the file is packed, like ``gzip``; empty where it is not.
        damage: why the content of a packed file ends before its time; None where it does not.
        magic: of a content that is no text, which of :data:`BINARY_FORMATS` it begins with; empty for text.
    """

    path: Path
    name: str
    size: int
    modified: datetime
    sha256: str
    encoding: str
    head: str
    packing: str = ""
    damage: str | None = None
    magic: bytes = b""

    def open_bytes(self) -> BinaryIO:
        """The content, unpacked, after a UTF-8 byte-order mark."""
        stream = Content(self.path).stream
        if stream.peek(3)[:3] == codecs.BOM_UTF8:  # type: ignore[attr-defined]
            stream.read(3)
        return stream

    def open_seekable(self) -> BinaryIO:
        """The content, unpacked to a temporary file where it is packed.

        Raises:
            ValueError: it is too large for that.
        """
        return _seekable(self.path)

    def open_text(self, *, newline: str) -> TextIO:
        """The content as text; bytes that are not UTF-8 become surrogates, for whoever meets them to judge."""
        errors = "surrogateescape" if self.encoding == "utf-8" else "replace"
        return io.TextIOWrapper(self.open_bytes(), self.encoding, errors, newline=newline)


def printable_name(path: Path) -> str:
    """The path as text that can be stored and shown, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def probe_file(path: Path) -> FileProbe:
    """Read a file once: hash, encoding, beginning.

    Raises:
        SourceError: there is no such file, it cannot be read, it is empty, or no text.
    """
    name = printable_name(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{name}: not a file")
        content = Content(path)
        with content.stream:
            return _probe(path, name, status, content)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceError(f"{name}: cannot be read ({reason})") from None


def _probe(path: Path, name: str, status: os.stat_result, content: Content) -> FileProbe:
    stream = content.stream
    head = stream.read(HEAD_BYTES)
    if not head and content.damage:
        raise SourceError(f"{name}: {content.damage}; nothing of it can be read")
    magic = next((each for each in BINARY_FORMATS if head.startswith(each)), b"")
    if not head.strip(codecs.BOM_UTF8 + b" \t\r\n\0"):
        _refuse_blank(name, stream)
    if problem := refusal(head, lambda: _seekable(path)):
        raise SourceError(f"{name}: {problem}")
    wide = wide_encoding(head)
    if not magic and not wide and _control_share(head) > 0.1:
        raise SourceError(
            f"{name}: neither text nor a table; give JSON, CSV, Parquet or XLSX, packed (gzip, zstd) or not"
        )
    content_hash, detector = hashlib.sha256(), EncodingDetector()
    chunk = head
    while chunk:
        content_hash.update(chunk)
        if not wide and not magic:
            detector.feed(chunk)
        chunk = stream.read(_CHUNK_BYTES)
    if content.damage:  # the rest is missing, and may be there the next time
        content_hash.update(content.damage.encode())
    encoding = wide or detector.conclude()
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return FileProbe(
        path=path,
        name=name,
        size=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        sha256=content_hash.hexdigest(),
        encoding="" if magic else encoding,
        head="" if magic else head.decode(encoding, errors).removeprefix("\ufeff"),
        packing=content.packing,
        damage=content.damage,
        magic=magic,
    )


def _seekable(path: Path) -> BinaryIO:
    content = Content(path).stream
    if content.seekable():
        return content
    unpacked = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - closed by whoever reads it
    with content:
        while chunk := content.read(_CHUNK_BYTES):
            unpacked.write(chunk)
            if unpacked.tell() > MOST_UNPACKED:
                unpacked.close()
                raise ValueError(f"larger than {MOST_UNPACKED:,} bytes unpacked; unpack it")
    unpacked.seek(0)
    return unpacked


def _refuse_blank(name: str, stream: BinaryIO) -> None:
    while chunk := stream.read(_CHUNK_BYTES):
        if chunk.strip(b" \t\r\n\0"):
            raise SourceError(f"{name}: begins with {HEAD_BYTES:,} blank bytes; this is no file of tweets")
    raise SourceError(f"{name}: empty")


def _control_share(head: bytes) -> float:
    """The share of bytes no text has. NULs at the end are what a crash leaves of a file that was being written."""
    head = head.rstrip(b"\0")
    return 1 - len(head.translate(None, bytes({*range(32)} - {9, 10, 12, 13, 27}) + b"\x7f")) / len(head)


def expand_paths(paths: Iterable[Path]) -> list[Path]:
    """Files as they are, folders as the files in them (and in their folders), sorted, hidden ones left out, and those
    that Excel puts beside a workbook while it is open.

    Raises:
        SourceError: a folder without files.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and not any(part.startswith(_HIDDEN) for part in file.relative_to(path).parts)
        )
        if not inside:
            raise SourceError(f"{printable_name(path)}: there is no file in this folder")
        files += inside
    return list(dict.fromkeys(files))
