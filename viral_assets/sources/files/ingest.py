"""From files into the store, counted so that nothing disappears. Which format a file has is decided in ``detect``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from viral_assets.errors import SourceError
from viral_assets.hours import HourRange
from viral_assets.sources.base import ReadOptions, Reject
from viral_assets.sources.content.file_probe import FileProbe, expand_paths, printable_name, probe_file
from viral_assets.sources.files.collection_time import collection_time, settle_collection_times
from viral_assets.sources.files.spool import Spool
from viral_assets.sources.files.tweet_rows import Row
from viral_assets.store.driver_values import Columns
from viral_assets.store.engine import Database
from viral_assets.store.ingested_files import find_file, record_file
from viral_assets.store.references import save_references
from viral_assets.store.rejects import forget_rejects, replace_rejects, write_rejects
from viral_assets.store.tables import EVERY_PROJECT
from viral_assets.store.tweets import UpsertCounts, upsert_tweet_columns

Progress = Callable[[int], None]

FORGOTTEN = "forgotten"
"""The reason for which a record is passed over without a place in the quarantine: nothing of it is to be kept."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of one file: ``read == new + updated + unchanged + rejected``.

    Args:
        name: the file as it was given.
        format: what it was recognised as.
        outside: how many of the stored tweets lie outside the configured windows.
        windows: hours of the stored tweets, and how many each.
        reject_reasons: how many records were rejected for which reason.
        remarks: what is no record and yet worth a mention, and how often.
        already_ingested: the same content was read before for this project; it was not stored again, and the numbers
            are those of the first time, all tweets unchanged.
        problem: why nothing of the file could be read, in one line; None where it could.
        mapping: of what each field of a tweet is made.
        unused: columns that are not read.
        collected_at: when the counts of its records were taken to be seen where the file does not say so; None where
            no record needed that.
    """

    name: str
    sha256: str = ""
    format: str = ""
    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    outside: int = 0
    windows: Counter[datetime] = field(default_factory=Counter)
    reject_reasons: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    already_ingested: bool = False
    problem: str | None = None
    mapping: Sequence[tuple[str, str]] = ()
    unused: Sequence[str] = ()
    collected_at: datetime | None = None

    @property
    def stored(self) -> int:
        """Records that are now in the store, whether or not they changed it."""
        return self.new + self.updated + self.unchanged

    @property
    def has_columns(self) -> bool:
        """Whether its fields come from columns, or from keys of unknown make: then it is told which they were."""
        from viral_assets.sources.parsers import json_objects
        from viral_assets.sources.parsers.column_names import TABLE

        return bool(self.mapping) and self.format.startswith((TABLE, json_objects.FORMAT.name))


@dataclass(frozen=True, slots=True)
class IngestOptions(ReadOptions):
    """How files are to be read, and what for.

    Args:
        project: whose tweets these are; ``'*'`` for everybody's.
        window: the configured hours. Tweets outside are stored and counted as outside.
        collected_at: when the counts were seen. By default what the file says, else :func:`collection_time`; in no
            case before a tweet was posted.
        again: read a file also if its content was read before. What the quarantine holds of it is then replaced by
            what still cannot be used.
    """

    project: str = EVERY_PROJECT
    window: HourRange | None = None
    collected_at: datetime | None = None
    again: bool = False


def ingest_paths(
    database: Database, paths: Iterable[Path], options: IngestOptions, progress: Progress | None = None
) -> list[IngestReport]:
    """Read files, and the files in folders; see :func:`ingest_file`. A bad one never stops the others."""
    reports = []
    for path in paths:
        try:
            files = expand_paths([path])
        except SourceError as error:
            reports.append(IngestReport(printable_name(path), problem=str(error)))
        else:
            reports += [ingest_file(database, file, options, progress) for file in files]
    return reports


def ingest_file(
    database: Database, path: Path, options: IngestOptions, progress: Progress | None = None
) -> IngestReport:
    """Read one file into the store: tweets to the tweets, what cannot be used to the quarantine.

    The file is read to its end before the first row is written, then written batch by batch. Writing a batch again
    changes nothing, and only the last one marks the file as read: after a kill in between, the same call goes on.

    Args:
        progress: called after each written batch with how many records it had.

    Returns:
        The report; a file that cannot be read is one with a ``problem``.
    """
    try:
        file = probe_file(path)
        with database.read() as connection:
            known = find_file(connection, file.sha256, options.project)
        if known and not options.again:
            return _known_report(file, known)
        # All formats there are, which a run without a new file has no need of.
        from viral_assets.sources.files.detect import detect_format

        reader = detect_format(file, options)
        with Spool(reader) as spool:
            counters = _store(database, file, spool, options, progress)
    except SourceError as error:
        return IngestReport(printable_name(path), problem=str(error))
    except OSError as error:
        problem = f"{printable_name(path)}: cannot be read to its end ({error.strerror or error})"
        return IngestReport(printable_name(path), problem=problem)
    report = replace(
        counters.report(file, reader.format, spool.remarks), mapping=tuple(reader.mapping), unused=tuple(reader.unused)
    )
    if _changed_meanwhile(file):
        report.remarks["the file changed while it was read; ingest it again"] = 1
    else:
        with database.begin() as connection:
            if options.again:
                # Not before the end: whatever interrupts this, nothing leaves the quarantine unread.
                forget_rejects(connection, file.sha256, before=options.now)
            record_file(connection, _file_row(report, options.project, options.now))
    return report


def _store(
    database: Database, file: FileProbe, spool: Spool, options: IngestOptions, progress: Progress | None
) -> _IngestCounters:
    default = options.collected_at or collection_time(spool.newest, file.modified, options.now)
    counters = _IngestCounters(options.window)
    keep = replace_rejects if options.again else write_rejects
    for columns, references, rejects in spool.batches():
        if options.collected_at is not None or None in columns["collected_at"]:
            counters.collected_at = default
        settle_collection_times(columns, default, override=options.collected_at is not None)
        with database.begin() as connection:
            counters.add(columns, rejects, upsert_tweet_columns(connection, columns, project=options.project))
            save_references(
                connection, [(tweet_id, seen_at or default, found) for tweet_id, seen_at, found in references]
            )
            keep(connection, [_quarantined(reject, file, options.now) for reject in rejects])
        if progress:
            progress(len(columns["tweet_id"]) + len(rejects))
    return counters


def _quarantined(reject: Reject, file: FileProbe, now: datetime) -> Row:
    return {
        "source": file.name,
        "source_sha256": file.sha256,
        "locator": reject.locator,
        "reason": reject.reason,
        "detail": reject.detail,
        "raw": reject.raw,
        "rejected_at": now,
    }


class _IngestCounters:
    """Adds up what became of the batches of one file."""

    def __init__(self, window: HourRange | None) -> None:
        self._window = window
        self._counts = UpsertCounts()
        self._windows: Counter[datetime] = Counter()
        self._reasons: Counter[str] = Counter()
        self.collected_at: datetime | None = None
        """When counts were taken to be seen of which the file does not say so."""

    def add(self, columns: Columns, rejects: list[Reject], counts: UpsertCounts) -> None:
        self._counts += counts
        self._windows.update(columns["window_start"])
        self._windows -= counts.forgotten
        self._reasons.update(reject.reason for reject in rejects)
        if counts.forgotten:
            self._reasons[FORGOTTEN] += counts.forgotten.total()

    def report(self, file: FileProbe, file_format: str, remarks: Counter[str]) -> IngestReport:
        rejected = self._reasons.total()
        return IngestReport(
            name=file.name,
            sha256=file.sha256,
            format=file_format,
            read=self._counts.read + rejected,
            new=self._counts.new,
            updated=self._counts.updated,
            unchanged=self._counts.unchanged,
            rejected=rejected,
            outside=sum(
                count for hour, count in self._windows.items() if self._window is not None and hour not in self._window
            ),
            windows=self._windows,
            reject_reasons=self._reasons,
            remarks=remarks,
            collected_at=self.collected_at,
        )


def _known_report(file: FileProbe, known: Any) -> IngestReport:
    return IngestReport(
        name=file.name,
        sha256=file.sha256,
        format=known["format"],
        read=known["records_read"],
        unchanged=known["records_read"] - known["records_rejected"],
        rejected=known["records_rejected"],
        already_ingested=True,
    )


def _file_row(report: IngestReport, project: str, now: datetime) -> Row:
    return {
        "sha256": report.sha256,
        "project": project,
        "name": report.name,
        "format": report.format,
        "records_read": report.read,
        "records_new": report.new,
        "records_updated": report.updated,
        "records_unchanged": report.unchanged,
        "records_rejected": report.rejected,
        "first_window": min(report.windows, default=None),
        "last_window": max(report.windows, default=None),
        "ingested_at": now,
    }


def _changed_meanwhile(file: FileProbe) -> bool:
    try:
        status = file.path.stat()
    except OSError:  # taken away after it was read
        return False
    return (status.st_size, datetime.fromtimestamp(status.st_mtime, file.modified.tzinfo)) != (file.size, file.modified)
