"""Files packed by gzip, zstd, bzip2 or xz, unpacked while they are read. Recognised by their first bytes.

A packed file that is cut off or damaged is read as far as it goes: its content is an ordinary stream that ends
there, and :attr:`Content.damage` says why. A zip archive counts as packed if it holds a single file of data, as
downloads mostly do; archives of several files (zip, tar, 7z) are not unpacked.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from viral_assets.sources.content.unpackers import DAMAGES, LONGEST_WINDOW, TOO_MUCH_MEMORY, Unpacker, unpacker_for
from viral_assets.sources.content.zip_members import ZIP, ZipUnpacker, single_member

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED_BYTES = 2**14
"""Read at once. What was packed together with a damaged byte is lost with it, so that little is better."""

MOST_LAYERS = 3
"""A file that was packed, uploaded and packed again; more is a trap."""


class _Unpacking(io.RawIOBase):
    """The content of a packed stream. Several packed pieces in a row are one content, as their programs have it."""

    def __init__(self, packed: BinaryIO, packing: str, make: Callable[[], Unpacker]) -> None:
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
            except DAMAGES as error:
                if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the content's
                    raise
                self._end(_ending(error))
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
            if _starts_with(self.stream, ZIP) and (member := single_member(path)):
                self.stream.close()
                self._layers.append(_Unpacking(cast("BinaryIO", member), "zip", lambda: ZipUnpacker(member)))
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


def _ending(error: Exception) -> str:
    """How a packed file ends with an error, and what to do where it is not damaged."""
    if TOO_MUCH_MEMORY in str(error):
        return (
            f"takes more than {2**LONGEST_WINDOW // 2**20} MiB to unpack (zstd --long=31); unpack it with zstd -d "
            "--long=31 and give that; reading ends"
        )
    return f"is damaged ({error})"


def _starts_with(stream: BinaryIO, magic: bytes) -> bool:
    return stream.peek(8)[: len(magic)] == magic  # type: ignore[attr-defined, no-any-return]


def _packing(stream: BinaryIO) -> tuple[str, Callable[[], Unpacker]] | None:
    # Both kinds of stream here are buffered readers.
    return unpacker_for(stream.peek(8)[:8])  # type: ignore[attr-defined]
