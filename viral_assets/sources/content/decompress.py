"""Files packed by gzip, zstd, bzip2 or xz, unpacked while they are read. Recognised by their first bytes.

A packed file that is cut off or damaged is read as far as it goes: what it gives is an ordinary stream that ends
there, and :attr:`Content.damage` tells why. A zip archive counts as packed if it holds a single file of data, as
downloads mostly do; archives of several files (zip, tar, 7z) are not unpacked.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, cast

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED_BYTES = 2**14
"""Read at once. What was packed together with a damaged byte is lost with it, so that little is better."""

MOST_LAYERS = 3
"""A file that was packed, uploaded and packed again; more is a trap."""

LONGEST_WINDOW = 27
"""Of zstd, as a power of two: 128 MiB is what the zstd program itself accepts unasked."""

LZMA_MEMORY = 256 * 2**20

_ZIP = b"PK\x03\x04"
_NO_DATA = frozenset({".html", ".htm", ".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".mp4", ".css", ".svg"})
"""Endings of what lies beside the data in an archive; a ``.txt`` may be data if there is nothing else."""

_DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ZstdError, OSError, EOFError, ValueError)


class _Unpacker(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """One member of a gzip file, with the interface the other decompressors have."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._saved = b""
        self._error: zlib.error | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._error:
            return self._rest(max_length)
        # An error takes with it what came out in the same call.
        before = self._inner.copy()
        data = self._inner.unconsumed_tail + data
        try:
            out = self._inner.decompress(data, max_length)
        except zlib.error as error:
            self._saved, self._error, self.needs_input = _up_to_the_error(before, data), error, False
            return self._rest(max_length)
        # A full buffer may leave more behind in the decompressor itself.
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out

    def _rest(self, max_length: int) -> bytes:
        """What came before the error, and then the error."""
        if not self._saved and self._error:
            raise self._error
        out, self._saved = self._saved[:max_length], self._saved[max_length:]
        return out


def _up_to_the_error(inner: zlib._Decompress, data: bytes) -> bytes:
    out = bytearray()
    try:
        for at in range(len(data)):
            out += inner.decompress(data[at : at + 1])
    except zlib.error:
        pass
    return bytes(out)


def _zstd() -> _Unpacker:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: LONGEST_WINDOW})


def _xz() -> _Unpacker:
    return lzma.LZMADecompressor(memlimit=LZMA_MEMORY)


_PACKINGS: dict[bytes, tuple[str, Callable[[], _Unpacker]]] = {
    b"\x1f\x8b\x08": ("gzip", _Gzip),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": ("xz", _xz),
}


class _Unpacking(io.RawIOBase):
    """The content of a packed stream. Several packed pieces in a row are one content, as their programs have it."""

    def __init__(self, packed: BinaryIO, packing: str, make: Callable[[], _Unpacker]) -> None:
        self._packed = packed
        self._packing = packing
        self._make = make
        self._unpacker = make()
        self._given = 0
        self._ended = False
        self.damage: str | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while view.nbytes and not self._ended:
            try:
                out = self._step(view.nbytes)
            except _DAMAGES as error:
                if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the content's
                    raise
                self._end(f"is damaged ({error})")
                return 0
            if out:
                view[: len(out)] = out
                self._given += len(out)
                return len(out)
        return 0

    def _step(self, most: int) -> bytes:
        if self._unpacker.eof:
            rest = self._unpacker.unused_data or self._packed.read(PACKED_BYTES)
            if not rest.strip(b"\0"):
                # Zeros at the end are what tapes and careless copies leave; anything else there is damage.
                self._ended = not rest
                while not self._ended and (rest := self._packed.read(PACKED_BYTES)):
                    if rest.strip(b"\0"):
                        raise ValueError("there is something else behind its end")
                self._ended = True
                return b""
            self._unpacker = self._make()
            return self._unpacker.decompress(rest, most)
        data = self._packed.read(PACKED_BYTES) if self._unpacker.needs_input else b""
        if not data and self._unpacker.needs_input:
            self._end("is cut off")
            return b""
        return self._unpacker.decompress(data, most)

    def _end(self, how: str) -> None:
        self._ended = True
        self.damage = f"the {self._packing} file {how} after {self._given:,} bytes of content"

    def close(self) -> None:
        self._packed.close()
        super().close()


class _Zip:
    """The single file of a zip archive, with the interface the other decompressors have."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self.eof = self.needs_input = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._member.read(max_length)
        self.eof = not out
        return out


def members_of_zip(path: Path) -> list[str]:
    """The names of the files of data in a zip archive, without what lies beside them; none if it is damaged.

    The parts of a workbook are no files of data.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [member for member in archive.infolist() if not member.is_dir() and member.file_size]
    except _DAMAGES:
        return []
    names = [
        member.filename
        for member in inside
        if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member.filename).parts)
    ]
    if "[Content_Types].xml" in names or "mimetype" in names:
        return []
    data = [name for name in names if PurePosixPath(name).suffix.lower() not in _NO_DATA]
    return data or [name for name in names if name.lower().endswith(".txt")]


def _single_member(path: Path) -> IO[bytes] | None:
    names = members_of_zip(path)
    if len(names) != 1:
        return None
    # A password, an unknown method.
    with suppress(*_DAMAGES, RuntimeError, NotImplementedError), zipfile.ZipFile(path) as archive:
        return archive.open(names[0])
    return None


class Content:
    """The bytes of a file, unpacked where it is packed, read from the beginning.

    Args:
        stream: the bytes; closing it closes the file.
        packing: how the file is packed, outermost first, like ``gzip``; empty where it is not.
    """

    def __init__(self, path: Path) -> None:
        self.stream: BinaryIO = path.open("rb")
        self._layers: list[_Unpacking] = []
        names: list[str] = []
        try:
            if _starts_with(self.stream, _ZIP) and (member := _single_member(path)):
                self.stream.close()
                self._layers.append(_Unpacking(cast("BinaryIO", member), "zip", lambda: _Zip(member)))
                self.stream = io.BufferedReader(self._layers[0], 2**17)
                names.append("zip")
            while len(names) < MOST_LAYERS and (found := _packing(self.stream)):
                layer = _Unpacking(self.stream, *found)
                self._layers.append(layer)
                self.stream = io.BufferedReader(layer, 2**17)
                names.append(found[0])
        except BaseException:
            with suppress(OSError):
                self.stream.close()
            raise
        self.packing = " in ".join(reversed(names))

    @property
    def damage(self) -> str | None:
        """Why the content ends before its time; None where it does not, or was not read that far."""
        return next((layer.damage for layer in self._layers if layer.damage), None)


def _starts_with(stream: BinaryIO, magic: bytes) -> bool:
    return stream.peek(8)[: len(magic)] == magic  # type: ignore[attr-defined, no-any-return]


def _packing(stream: BinaryIO) -> tuple[str, Callable[[], _Unpacker]] | None:
    # Both kinds of stream here are buffered readers.
    head = stream.peek(8)[:8]  # type: ignore[attr-defined]
    return next((found for magic, found in _PACKINGS.items() if head.startswith(magic)), None)
