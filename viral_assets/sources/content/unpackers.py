"""Decompressors with one interface, and the first bytes that say which one a file needs.

What is unpacked is bounded by whoever asks; how much memory unpacking may take is bounded here.
"""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Protocol

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

LONGEST_WINDOW = 27
"""Of zstd, as a power of two: 128 MiB is what the zstd program itself accepts unasked."""

TOO_MUCH_MEMORY = "too much memory"
"""What zstd says of a frame with a longer window."""

LZMA_MEMORY = 256 * 2**20

DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ZstdError, OSError, EOFError, ValueError)
"""What unpacking raises where the content is damaged."""


class Unpacker(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Gzip:
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


def _zstd() -> Unpacker:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: LONGEST_WINDOW})


def _xz() -> Unpacker:
    return lzma.LZMADecompressor(memlimit=LZMA_MEMORY)


MAGIC: dict[bytes, tuple[str, Callable[[], Unpacker]]] = {
    b"\x1f\x8b\x08": ("gzip", Gzip),
    b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    # Frames to be skipped, which pzstd begins with; the decompressor skips them, wherever they are.
    **{bytes([first]) + b"\x2a\x4d\x18": ("zstd", _zstd) for first in range(0x50, 0x60)},
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": ("xz", _xz),
}
"""The name and the decompressor of each kind, by its first bytes. Frames: RFC 8878, section 3.1."""


def unpacker_for(head: bytes) -> tuple[str, Callable[[], Unpacker]] | None:
    """How a content that begins so is packed, and what unpacks one piece of it; None where it is not packed."""
    return next((found for magic, found in MAGIC.items() if head.startswith(magic)), None)
