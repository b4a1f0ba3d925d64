"""What the readers of all formats share: records put together to batches, and remarks beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions, Record, RecordBatch, Reject, SourceFile
from viral_assets.sources.parsers.doubtful_ids import Candidate, DoubtfulIds
from viral_assets.sources.parsers.fields import A_POST_OF, ACCOUNTS, NO_TWEETS_BUT_ACCOUNTS, NOT_OF_X
from viral_assets.sources.parsers.remarks import PROMOTED
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 4 * 2**20
"""What is stored together: enough to be fast, and little memory also where texts are long."""

FEWEST_FOREIGN = 3
"""So many records whose ids and times disagree, and no tweet, are a file of another service."""


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
    def _records(self) -> Iterator[Candidate]:
        """All records of the file, in its order; those to be doubted until more of it is known as such."""

    def __iter__(self) -> Iterator[RecordBatch]:
        """The records in batches.

        Raises:
            SourceError: the first batch holds nothing but accounts, or posts of another service.
        """
        ids, first = DoubtfulIds(self._remarks), True
        for batch in self._batches():
            records = ids.settled(batch)
            if first:
                self._refuse_accounts(records)
                self._refuse_other_services(records)
            first = False
            if promoted := sum(each.is_promoted for each in records if isinstance(each, Tweet)):
                self._remarks[PROMOTED] += promoted
            yield RecordBatch(records, self._remarks_so_far())
        remarks = self._remarks_so_far()
        if doubt := self._times.zone_in_doubt():
            remarks[doubt] = 1
        if remarks:
            yield RecordBatch([], remarks)

    def _batches(self) -> Iterator[list[Candidate]]:
        batch: list[Candidate] = []
        characters = 0
        for record in self._all_records():
            batch.append(record)
            characters += len(record.text) if type(record) is Tweet else _size(record)
            if len(batch) >= BATCH_RECORDS or characters >= BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _refuse_accounts(self, records: Sequence[Record]) -> None:
        if records and all(isinstance(each, Reject) and each.detail in ACCOUNTS for each in records):
            raise SourceError(f"{self.name}: {NO_TWEETS_BUT_ACCOUNTS}")

    def _refuse_other_services(self, records: Sequence[Record]) -> None:
        foreign = Counter(each.detail for each in records if isinstance(each, Reject) and each.reason == NOT_OF_X)
        several = foreign.total() >= FEWEST_FOREIGN or any(what.startswith(A_POST_OF) for what in foreign)
        if several and foreign.total() > len(records) / 2 and all(isinstance(each, Reject) for each in records):
            ((what, _),) = foreign.most_common(1)
            raise SourceError(f"{self.name}: no file of X: {what}; give files with tweets")

    def _all_records(self) -> Iterator[Candidate]:
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
            remarks["date in doubt, or without a time of day, which the tweet's id told"] = self._times.completed
            self._times.completed = 0
        if self._times.told:
            remarks["no time of posting, which the tweet's id told"] = self._times.told
            self._times.told = 0
        if self._times.decided:
            remarks["written time that differs from the tweet's id, which was taken"] = self._times.decided
            self._times.decided = 0
        return remarks


def _size(record: Candidate) -> int:
    if isinstance(record, Reject):
        return len(record.raw)
    return len(record.text if isinstance(record, Tweet) else record.tweet.text)
