"""What a format of files is: a name, a probe that says how sure it is of the beginning of a file, and a reader.

The confidence of a probe is a number from 0 (not mine) to 1 (nothing else begins so). It says whose file this is, not
whether there are tweets in it: a table without a column of texts is a table, and its reader says what is missing. The
most confident format reads the file; which formats there are is in ``files.detect``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from viral_assets.sources.base import ReadOptions, SourceFile
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.head import FileHead

BY_SIGNATURE = 1.0
"""The content begins with bytes that mark the format."""

BY_HEADER = 0.9
"""A row names all the columns that a tweet needs."""

BY_PART_OF_A_HEADER = 0.6
"""A row names some columns, but not all that a tweet needs."""

BY_VALUES = 0.5
"""Values at the beginning have the keys of the format; from here up to 1, the more the earlier they come."""

BY_KEYS = 0.4
"""No value is whole, or none is known, but some keys are those of the format."""

ANY_JSON = 0.1
ANY_TABLE = 0.01


class Format(Protocol):
    """One format of files."""

    @property
    def name(self) -> str:
        """For people: ``X API v2``."""
        ...

    def probe(self, head: FileHead) -> float:
        """How sure it is that the file is of this format, from 0 to 1."""
        ...

    def open(self, file: SourceFile, head: FileHead, options: ReadOptions, formats: Sequence[Format]) -> FileReader:
        """The reader for a file that this format is most sure of.

        Args:
            formats: all that there are, as the values in a file of JSON may be of several.

        Raises:
            SourceError: there are no tweets in it, or it is damaged where it says what is in it; the message says
                what there is instead.
        """
        ...


@dataclass(frozen=True)
class FileFormat:
    """A format that takes files as a whole: a table, whose rows are all alike."""

    name: str
    probe: Callable[[FileHead], float]
    reader: Callable[[SourceFile, FileHead, ReadOptions], FileReader]

    def open(self, file: SourceFile, head: FileHead, options: ReadOptions, formats: Sequence[Format]) -> FileReader:
        return self.reader(file, head, options)
