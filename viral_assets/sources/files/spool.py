"""What was parsed of a file, until it is stored: in memory, and beyond that in a temporary file.

A file is parsed to its end before its first row is stored, because when its counts were seen may depend on its newest
tweet.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, cast

from viral_assets.context import References
from viral_assets.sources.base import Reader, Reject
from viral_assets.sources.files.tweet_rows import references_of, tweet_columns
from viral_assets.sources.tweet import Tweet

Batch = tuple[dict[str, list[Any]], list[tuple[str, datetime | None, References]], list[Reject]]
"""Tweets column by column, what those refer to that refer to anything, and rejects."""

SPOOL_MEMORY = 32 * 2**20
"""Bytes of parsed records kept in memory; what a file has beyond that waits in a temporary file."""


class Spool:
    """The records of one source, read to its end; a context manager.

    Args:
        newest: when the newest tweet was posted; None if there is none.
        remarks: of all batches.
    """

    def __init__(self, reader: Reader) -> None:
        self.newest: datetime | None = None
        self.remarks: Counter[str] = Counter()
        self._batches = 0
        self._file = SpooledTemporaryFile(max_size=SPOOL_MEMORY)  # noqa: SIM115 - closed with this
        try:
            self._read(reader)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _read(self, reader: Reader) -> None:
        for batch in reader:
            rejects = [record for record in batch.records if isinstance(record, Reject)]
            posted = cast("Sequence[Tweet]", batch.records)
            if rejects:
                posted = [record for record in batch.records if not isinstance(record, Reject)]
            columns = tweet_columns(posted)
            pickle.dump((columns, references_of(posted), rejects), self._file, pickle.HIGHEST_PROTOCOL)
            self._batches += 1
            self.remarks += batch.remarks
            times = columns["created_at"]
            self.newest = max(times if self.newest is None else [*times, self.newest], default=None)

    def batches(self) -> Iterator[Batch]:
        """What each batch had."""
        self._file.seek(0)
        for _ in range(self._batches):
            yield pickle.load(self._file)  # noqa: S301 - written a moment ago to a file without a name
