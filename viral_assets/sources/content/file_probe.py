"""Files as bytes and text: finding them, their hash, their encoding. What is in them is told in
``sources.files.detect``.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from viral_assets.errors import SourceError
from viral_assets.sources.content.decompress import Content, members_of_zip

HEAD_BYTES = 2**20
"""As much of a file's beginning as its recognition may look at."""

_CHUNK_BYTES = 2**20

# Windows-1252 as people's texts use it: accented letters, quotation marks, dashes, the euro sign. What is left out
# (ÿ, þ, ×, control codes) appears in damaged files far more often than in texts.
_ACCENTED = "".join(chr(0xDC00 + byte) for byte in range(0xC0, 0xFE) if byte not in (0xD7, 0xF7))
_TYPOGRAPHIC = "".join(
    chr(0xDC00 + byte) for byte in b"\x80\x85\x91\x92\x93\x94\x96\x97\xa0\xa1\xa3\xab\xb0\xb4\xb7\xbb\xbf"
)
_NOT_IN_TEXT = re.compile(f"[\udc80-\udcff](?<![{_ACCENTED}{_TYPOGRAPHIC}])")
_ACCENTED_LETTER = re.compile(f"[{_ACCENTED}]")
_ACCENTED_IN_WORD = re.compile(f"[{_ACCENTED}](?=[A-Za-z{_ACCENTED}])|(?<=[A-Za-z{_ACCENTED}])[{_ACCENTED}]")

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
PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class FileProbe:
    """What one pass over a file's bytes tells.

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
        parquet: whether the content is a Parquet file, not text.
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
    parquet: bool = False

    def open_bytes(self) -> BinaryIO:
        """The content, unpacked, after a UTF-8 byte-order mark."""
        stream = Content(self.path).stream
        if stream.peek(3)[:3] == codecs.BOM_UTF8:  # type: ignore[attr-defined]
            stream.read(3)
        return stream

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
    parquet = head.startswith(PARQUET)
    if not head.strip(codecs.BOM_UTF8 + b" \t\r\n\0"):
        _refuse_blank(name, stream)
    _refuse_archives(path, name, head)
    wide = _wide_encoding(head)
    if not parquet and not wide and _control_share(head) > 0.1:
        raise SourceError(f"{name}: neither text nor Parquet; give JSON, CSV or Parquet, packed (gzip, zstd) or not")
    digest, judge = hashlib.sha256(), _EncodingDetector()
    chunk = head
    while chunk:
        digest.update(chunk)
        if not wide and not parquet:
            judge.feed(chunk)
        chunk = stream.read(_CHUNK_BYTES)
    if content.damage:  # the rest is missing, and may be there the next time
        digest.update(content.damage.encode())
    encoding = wide or judge.conclude()
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return FileProbe(
        path=path,
        name=name,
        size=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        sha256=digest.hexdigest(),
        encoding="" if parquet else encoding,
        head="" if parquet else head.decode(encoding, errors).removeprefix("\ufeff"),
        packing=content.packing,
        damage=content.damage,
        parquet=parquet,
    )


def _wide_encoding(head: bytes) -> str:
    """The encoding of text whose characters have two or four bytes; empty for all other."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: headers and keys are mostly ASCII, which every second byte of is zero.
    start = head[:1000]
    half = len(start) // 2
    for encoding, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if half >= 8 and zeros.count(0) > 0.8 * half and others.count(0) < 0.1 * half:
            return encoding
    return ""


def _refuse_archives(path: Path, name: str, head: bytes) -> None:
    if head.startswith(b"PK\x03\x04"):
        raise SourceError(f"{name}: {_describe_zip(path)}")
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            raise SourceError(f"{name}: {kind}")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise SourceError(f"{name}: a tar archive; unpack it and give the files inside")


def _describe_zip(path: Path) -> str:
    inside = members_of_zip(path)
    if not inside:
        return "an Excel workbook, or a zip archive without data; save the sheet as CSV and give that file"
    shown = ", ".join(repr(member[:80]) for member in inside[:5]) + (", ..." if len(inside) > 5 else "")
    many = f"a zip archive of {len(inside):,} files ({shown})" if inside[1:] else "a zip archive with a password"
    return f"{many}; unpack it and give the files with tweets"


def _refuse_blank(name: str, stream: BinaryIO) -> None:
    while chunk := stream.read(_CHUNK_BYTES):
        if chunk.strip(b" \t\r\n\0"):
            raise SourceError(f"{name}: begins with {HEAD_BYTES:,} blank bytes; this is no file of tweets")
    raise SourceError(f"{name}: empty")


def _control_share(head: bytes) -> float:
    """The share of bytes no text has. NULs at the end are what a crash leaves of a file that was being written."""
    head = head.rstrip(b"\0")
    return 1 - len(head.translate(None, bytes({*range(32)} - {9, 10, 12, 13, 27}) + b"\x7f")) / len(head)


class _EncodingDetector:
    """UTF-8 with some damage, or Windows-1252? The latter has accented letters in words and no valid UTF-8 beside."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._valid = self._accented = self._in_words = 0
        self._impossible = False

    def feed(self, chunk: bytes) -> None:
        text = self._decoder.decode(chunk)
        if text.isascii():
            return
        undecodable = len(re.findall("[\udc80-\udcff]", text)) if self._has_surrogates(text) else 0
        self._valid += len(text) - len(text.encode("ascii", "ignore")) - undecodable
        if undecodable and not self._impossible:
            self._impossible = _NOT_IN_TEXT.search(text) is not None
            self._accented += len(_ACCENTED_LETTER.findall(text))
            self._in_words += len(_ACCENTED_IN_WORD.findall(text))

    def conclude(self) -> str:
        if self._impossible or self._valid or not self._accented or 2 * self._in_words < self._accented:
            return "utf-8"
        return "cp1252"

    @staticmethod
    def _has_surrogates(text: str) -> bool:
        try:
            text.encode()
        except UnicodeEncodeError:
            return True
        return False


def expand_paths(paths: Iterable[Path]) -> list[Path]:
    """Files as they are, folders as the files in them (and in their folders), sorted, hidden ones left out.

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
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
        if not inside:
            raise SourceError(f"{printable_name(path)}: there is no file in this folder")
        files += inside
    return list(dict.fromkeys(files))
