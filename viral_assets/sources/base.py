"""What every source of tweets looks like to the rest: a reader that yields batches of records.

File formats, the X API and Apify implement the same :class:`Reader`. How a record becomes a :class:`Tweet` is in
``parsers.fields``; storing what is read is in ``files.ingest``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from viral_assets.sources.tweet import Tweet

RAW_LIMIT = 100_000
"""Characters of a rejected record that go to quarantine; four times the longest tweet."""


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
    """Records that are stored together, and where reading goes on after them.

    Args:
        records: in the order of the source.
        remarks: what is no record but worth telling, and how often: a repeated header row, an empty page.
        cursor: what the reader of a resumable source needs to go on after this batch (a page's ``next_token``);
            None for sources that are read again from their beginning, like files.
    """

    records: Sequence[Record]
    remarks: Counter[str] = field(default_factory=Counter)
    cursor: str | None = None


class Reader(Protocol):
    """One source, read once from beginning to end in bounded memory.

    A record is a :class:`Tweet` or a :class:`Reject`, never an exception and never nothing. Iterating raises
    :class:`~viral_assets.errors.SourceError` only when the source as a whole cannot be read any further.
    """

    @property
    def name(self) -> str:
        """For people and for the quarantine: a file's name, ``apify:DATASET_ID``."""
        ...

    @property
    def format(self) -> str:
        """What it was recognised as, for people: ``X API v2, JSON lines``."""
        ...

    def __iter__(self) -> Iterator[RecordBatch]: ...
