"""What a file is about, without storing anything of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from viral_assets.sources.base import ReadOptions, Reject
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format


@dataclass(frozen=True, slots=True)
class FileHours:
    """The hash of a file's content and the hours of its tweets; not ``complete`` where it was not read to its end."""

    sha256: str
    hours: frozenset[datetime]
    complete: bool


def hours_of_file(path: Path, options: ReadOptions, is_over: Callable[[], bool]) -> FileHours:
    """The hours that a file's tweets are of.

    Args:
        is_over: asked now and then whether enough time has passed; then the hours met until then have to do.

    Raises:
        SourceError: the file cannot be read, or is of no known format.
    """
    file = probe_file(path)
    hours: set[datetime] = set()
    for batch in detect_format(file, options):
        hours.update(record.window_start for record in batch.records if not isinstance(record, Reject))
        if hours and is_over():
            return FileHours(file.sha256, frozenset(hours), complete=False)
    return FileHours(file.sha256, frozenset(hours), complete=True)
