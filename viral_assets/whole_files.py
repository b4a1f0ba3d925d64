"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from viral_assets.errors import ConfigurationError

ABANDONED_SECONDS = 3_600
"""What nobody has written to for so long was left behind by a process that was killed."""

_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.tmp")

_looked_through: set[Path] = set()
"""Folders in which this process has looked for such files: a year's digests lie in one, and each is written there."""


class NotWrittenError(ConfigurationError):
    """A file cannot be written where it should be; ``reason`` is the system's."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"{path} cannot be written: {self.reason}; choose another path")


@contextmanager
def replaced_file(path: Path) -> Iterator[TextIO]:
    """Write a new UTF-8 file beside ``path`` and put it in its place at the end; line ends are kept as written.

    A reader sees the old file or the new one, also after a crash; an exception leaves the old one. Missing folders
    are made.

    Raises:
        NotWrittenError: the file cannot be written there.
    """
    with replacing(path) as temporary, temporary.open("x", encoding="utf-8", errors="replace", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replaced_binary_file(path: Path) -> Iterator[BinaryIO]:
    """As :func:`replaced_file`, for bytes."""
    with replacing(path) as temporary, temporary.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """As :func:`replaced_file`, for who writes by himself: a name beside ``path``, which takes its place at the end.

    What is written there has reached the disk when the block ends. A link stays one: what it leads to is replaced.

    Raises:
        NotWrittenError: the file cannot be written there, or something else is there: a folder, a device, a pipe.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        # Nobody but root could replace a device by a file, and nobody should.
        raise NotWrittenError(path, OSError(errno.EINVAL, "it is no regular file"))
    temporary = place.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(place)
        _keep_name(place.parent)
        if place.parent not in _looked_through:
            remove_abandoned(place.parent, place.stat().st_mtime)
            _looked_through.add(place.parent)
    except OSError as error:
        raise NotWrittenError(path, error) from error
    finally:
        # After a failure; a path that cannot exist cannot be cleaned up either.
        if temporary.is_file():
            temporary.unlink()


def remove_abandoned(folder: Path, now: float) -> None:
    """Take away what killed processes have left half written in a folder.

    Args:
        now: in seconds since 1970; what is :data:`ABANDONED_SECONDS` older goes.
    """
    for file in folder.glob(".*.tmp"):
        with suppress(OSError):
            if _UNFINISHED.fullmatch(file.name) and file.stat().st_mtime < now - ABANDONED_SECONDS:
                file.unlink()


def _keep_name(folder: Path) -> None:
    """The new name survives a power cut, too, where the system can promise that of a folder."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
