"""What the readers of all formats share: records put together to batches, and remarks beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

from viral_assets.sources.base import ReadOptions, Record, RecordBatch, Reject, SourceFile
from viral_assets.sources.parsers.times import Times

BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 4 * 2**20
"""What is stored together: enough to be fast, and little memory also where texts are long."""


class FileReader(ABC):
    """Reads one file from beginning to end; a :class:`~viral_assets.sources.base.Reader`.

    Args:
        kind: what the file is, for people: ``table, tab-separated``.
        mapping: of what each field of a tweet is made, for people.
        unused: columns that are not read.
    """

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        kind: str,
        *,
        mapping: Sequence[tuple[str, str]] = (),
        unused: Sequence[str] = (),
    ) -> None:
        self.name = file.name
        self.format = kind + (f" ({file.packing})" if file.packing else "")
        self.mapping = mapping
        self.unused = unused
        self._file = file
        self._options = options
        self._times = Times(options.now, options.zone)
        self._remarks: Counter[str] = Counter()

    @abstractmethod
    def _records(self) -> Iterator[Record]:
        """All records of the file, in its order."""

    def __iter__(self) -> Iterator[RecordBatch]:
        batch: list[Record] = []
        characters = 0
        for record in self._all_records():
            batch.append(record)
            characters += len(record.raw if isinstance(record, Reject) else record.text)
            if len(batch) >= BATCH_RECORDS or characters >= BATCH_CHARACTERS:
                yield RecordBatch(batch, self._remarks_so_far())
                batch, characters = [], 0
        remarks = self._remarks_so_far()
        if doubt := self._times.zone_in_doubt():
            remarks[doubt] = 1
        if batch or remarks:
            yield RecordBatch(batch, remarks)

    def _all_records(self) -> Iterator[Record]:
        yield from self._records()
        if self._file.damage:
            detail = f"{self._file.damage}; what came after that cannot be read"
            yield Reject("the end of what can be unpacked", "bad_archive", detail, "")

    def _remarks_so_far(self) -> Counter[str]:
        remarks = Counter(self._remarks)
        self._remarks.clear()
        if self._times.zoneless:
            remarks[f"time without a zone, taken as {self._options.zone}"] = self._times.zoneless
            self._times.zoneless = 0
        if self._times.completed:
            remarks["date without a time of day, which the tweet's id told"] = self._times.completed
            self._times.completed = 0
        return remarks
