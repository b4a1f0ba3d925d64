"""What a source of tweets gives (records, in batches), what a file has to offer its parser, and how it is to be read.

How a record becomes a :class:`Tweet` is in ``parsers.fields``; storing what is read is in ``files.ingest``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO, Protocol, TextIO, TypeAlias

from viral_assets.sources.tweet import Tweet

RAW_LIMIT = 100_000
"""Characters of a rejected record that go to quarantine; four times the longest tweet."""

ColumnNames: TypeAlias = Mapping[str, Sequence[str]]
"""A person's own names of columns: a field of ``parsers.columns.COLUMNS``, and what its column may be called."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used: where it is, why (a short word to count by, and a sentence), and its text."""

    locator: str
    reason: str
    detail: str
    raw: str

    def __post_init__(self) -> None:
        if len(self.raw) > RAW_LIMIT:
            detail = f"{self.detail} (the first {RAW_LIMIT:,} of {len(self.raw):,} characters are kept)"
            object.__setattr__(self, "detail", detail)
            object.__setattr__(self, "raw", self.raw[:RAW_LIMIT])


Record: TypeAlias = Tweet | Reject


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records that are stored together.

    Args:
        records: in the order of the source.
        remarks: what is no record and yet worth a mention, and how often: a repeated header row, an empty page.
    """

    records: Sequence[Record]
    remarks: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """One source, read once from beginning to end in bounded memory.

    A record is a :class:`Tweet` or a :class:`Reject`, never an exception and never nothing. Iterating raises
    :class:`~viral_assets.errors.SourceError` only when the source as a whole cannot be read any further.
    """

    @property
    def name(self) -> str:
        """For people and for the quarantine: a file's name."""
        ...

    @property
    def format(self) -> str:
        """What it was recognised as, for people: ``X API v2, JSON lines``."""
        ...

    def __iter__(self) -> Iterator[RecordBatch]: ...


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is to be read.

    Args:
        now: the present; tweets from after it are rejected.
        zone: of times that do not name theirs.
        columns: a person's own names of columns.
    """

    now: datetime
    zone: tzinfo = UTC
    columns: ColumnNames | None = None


class SourceFile(Protocol):
    """A file as its parser sees it: its beginning, and its content, unpacked."""

    @property
    def name(self) -> str:
        """For people and for the quarantine."""
        ...

    @property
    def head(self) -> str:
        """The beginning as text, undecodable bytes as surrogates; empty where the content is no text."""
        ...

    @property
    def magic(self) -> bytes:
        """The first bytes of a content that is no text, by which its format is known; empty for text."""
        ...

    @property
    def encoding(self) -> str:
        """Of the text, as Python names it; empty for no text."""
        ...

    @property
    def packing(self) -> str:
        """How the file is packed, like ``gzip``; empty where it is not."""
        ...

    @property
    def damage(self) -> str | None:
        """Why the content of a packed file ends before its time; None where it does not."""
        ...

    def open_bytes(self) -> BinaryIO:
        """The content from its beginning, after a UTF-8 byte-order mark; seekable where the file is not packed."""
        ...

    def open_seekable(self) -> BinaryIO:
        """The content from its beginning, seekable also where the file is packed: for what is read from its end.

        Raises:
            ValueError: it is too large to be unpacked for that.
        """
        ...

    def open_text(self, *, newline: str) -> TextIO:
        """The content as text, undecodable bytes as surrogates."""
        ...
