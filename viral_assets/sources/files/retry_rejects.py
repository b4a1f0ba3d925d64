"""Records out of the quarantine, read once more: after a fix of the program, of the options, or of their text.

A file that is still where it was, unchanged, is read again as a whole. Of others there is but the raw text: JSON
needs nothing else, a row of a table needs the header of its file.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions, Record, Reject
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import FORMATS
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.sources.files.quarantine import UNREADABLE_FILE
from viral_assets.sources.files.tweet_rows import Row, references_of, tweet_row
from viral_assets.sources.parsers.column_evidence import missing
from viral_assets.sources.parsers.csv_rows import find_header
from viral_assets.sources.parsers.csv_table import CsvTable, header_and_rows
from viral_assets.sources.parsers.doubtful_ids import Candidate, Doubtful, IdFromAddress, doubted
from viral_assets.sources.parsers.fields import ROUNDED_ID
from viral_assets.sources.parsers.json_format import json_formats
from viral_assets.sources.parsers.json_shapes import JsonShapes
from viral_assets.sources.parsers.json_values import salvage
from viral_assets.sources.parsers.times import Times
from viral_assets.store.engine import Database
from viral_assets.store.ingested_files import projects_of_file
from viral_assets.store.references import Found, save_references
from viral_assets.store.rejects import (
    EVERYTHING,
    RejectFilter,
    all_rejects,
    count_rejects,
    count_rejects_by_reason,
    forget_reject,
    forget_rejects,
    sources_of_rejects,
)
from viral_assets.store.tables import EVERY_PROJECT
from viral_assets.store.tweets import UpsertCounts, upsert_tweets


@dataclass(frozen=True, slots=True)
class RetryOptions(ReadOptions):
    """How records are to be read once more.

    Args:
        project: whose tweets these are; None for those the file was read for before, or everybody.
        collected_at: when the counts were seen; see :class:`~viral_assets.sources.files.ingest.IngestOptions`.
        fixed: raw texts that a person has mended, by the id of the record. With these, only they are read.
    """

    project: str | None = None
    collected_at: datetime | None = None
    fixed: Mapping[int, str] | None = None

    def ingest_again(self, project: str) -> IngestOptions:
        """How to read a whole file again for a project."""
        return IngestOptions(
            self.now, self.zone, self.columns, project=project, collected_at=self.collected_at, again=True
        )


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What became of the records of one source.

    Args:
        before: records that were in quarantine.
        left: those that are still there, by reason.
        counts: what the tweets that were read brought; of a file read again, all its tweets.
        how: what was done, for people.
    """

    source: str
    before: int
    left: Counter[str]
    counts: UpsertCounts
    how: str

    @property
    def accepted(self) -> int:
        """Records that have left the quarantine."""
        return self.before - self.left.total()


def retry_rejects(database: Database, options: RetryOptions, which: RejectFilter = EVERYTHING) -> list[RetryReport]:
    """Read records of the quarantine once more; those that can be used now are stored and leave it.

    A file that can be read again is so as a whole, whichever of its records ``which`` names.
    """
    if options.fixed is not None:
        which = replace(which, ids=tuple(options.fixed) or (0,))
    with database.read() as connection:
        sources = sources_of_rejects(connection, which)
    return [
        _read_file_again(database, sha256, name, options)
        if options.fixed is None and _is_readable(database, sha256, name)
        else _read_texts(database, sha256, name, which, options)
        for sha256, name in sources
    ]


def _is_readable(database: Database, sha256: str, name: str) -> bool:
    """Whether the file is still where it was: unchanged, or one that could not be read at all."""
    try:
        if probe_file(Path(name)).sha256 == sha256:
            return True
    except SourceError:
        return False
    with database.read() as connection:
        return count_rejects(connection, RejectFilter(reason=UNREADABLE_FILE, sha256=sha256)) > 0


def _read_file_again(database: Database, sha256: str, name: str, options: RetryOptions) -> RetryReport:
    of_file = RejectFilter(sha256=sha256)
    with database.read() as connection:
        before = count_rejects(connection, of_file)
        projects = [options.project] if options.project else projects_of_file(connection, sha256) or [EVERY_PROJECT]
    counts, problem = UpsertCounts(), None
    for project in projects:
        report = ingest_file(database, Path(name), options.ingest_again(project))
        counts += UpsertCounts(report.new, report.updated, report.unchanged)
        problem = problem or report.problem
    if not problem:
        with database.begin() as connection:
            forget_rejects(connection, sha256, options.now, UNREADABLE_FILE)
    with database.read() as connection:
        left = Counter(count_rejects_by_reason(connection, of_file))
    return RetryReport(name, max(before, left.total()), left, counts, problem or "its file was read again")


def _read_texts(database: Database, sha256: str, name: str, which: RejectFilter, options: RetryOptions) -> RetryReport:
    which = replace(which, sha256=sha256)
    with database.read() as connection:
        rejects = list(all_rejects(connection, which))
        projects = [options.project] if options.project else projects_of_file(connection, sha256) or [EVERY_PROJECT]
    reader = _TextReader(sha256, name, options)
    left: Counter[str] = Counter()
    counts = UpsertCounts()
    for reject in rejects:
        read = reader.rows((options.fixed or {}).get(reject["id"], reject["raw"]), reject)
        if isinstance(read, Reject):
            left[read.reason] += 1
            continue
        rows, references = read
        with database.begin() as connection:
            for project in projects:
                counts += upsert_tweets(connection, rows, project=project)
            save_references(connection, references)
            forget_reject(connection, reject["id"])
    return RetryReport(name, len(rejects), left, counts, "their raw texts were read again")


class _TextReader:
    """Reads raw texts of one source: JSON, or rows of a table whose file can still be asked for its header."""

    def __init__(self, sha256: str, name: str, options: RetryOptions) -> None:
        self._times = Times(options.now, options.zone)
        self._remarks: Counter[str] = Counter()
        self._shapes = JsonShapes(json_formats(FORMATS), self._times, self._remarks, options.columns)
        self._options = options
        self._table: CsvTable | None = None
        try:
            file = probe_file(Path(name))
        except SourceError:
            return
        header = find_header(file.head, options.columns) if file.sha256 == sha256 else None
        header, first = header_and_rows(file.head, header)
        if header and not missing(header.layout, first):
            header = replace(header, line=0)  # the texts are rows only
            self._table = CsvTable(header, self._times, self._remarks, first)

    def rows(self, text: str, reject: Mapping[str, Any]) -> tuple[Sequence[Row], Sequence[Found]] | Reject:
        """The rows of a raw text and what its tweets refer to, or why there are none. One that has turned into nothing
        but remarks has none."""
        records = self._records(text, reject)
        for record in records:
            if isinstance(record, Reject):
                return record
        posted = [record for record in records if not isinstance(record, Reject)]
        found = [tweet_row(record) for record in posted]
        default = self._options.collected_at or reject["rejected_at"]
        for row in found:
            row["collected_at"] = max(row["collected_at"] or default, row["created_at"])
        return found, [(tweet_id, seen_at or default, to) for tweet_id, seen_at, to in references_of(posted)]

    def _records(self, text: str, reject: Mapping[str, Any]) -> Sequence[Record]:
        place = str(reject["locator"])
        found: list[Candidate]
        if text.lstrip().startswith(("{", "[")):
            values = salvage(text)
            found = [doubted(each, place, value) for value in values for each in self._shapes.records(value, place)]
        elif self._table is not None and text.strip():
            found = list(self._table.records(io.StringIO(text, newline="")))
        else:
            found = [Reject(place, str(reject["reason"]), str(reject["detail"]), text)]
        # One text alone cannot tell whether its id is rounded; the file it is from has told, of the text as it was.
        rounded = reject["reason"] == ROUNDED_ID and text == reject["raw"]
        return [
            Reject(place, ROUNDED_ID, str(reject["detail"]), text)
            if isinstance(each, Doubtful) and rounded
            else each.tweet
            if isinstance(each, Doubtful | IdFromAddress)
            else each
            for each in found
        ]
