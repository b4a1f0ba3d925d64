"""The inbox: a folder that files are dropped into. What is new in it is read; what is known by its name, size and time
is not even opened, so that a run costs the same after a year of files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from viral_assets.errors import SourceError
from viral_assets.sources.content.file_probe import expand_paths, printable_name
from viral_assets.sources.files.ingest import IngestOptions, IngestReport, ingest_file
from viral_assets.sources.files.quarantine import quarantine_file
from viral_assets.store.engine import Database
from viral_assets.store.inbox_files import FileStamp, KnownFile, forget_files, known_files, note_files

SECONDS_TO_SETTLE = 5
"""A file that changed less long ago is probably still being copied, and may change again within the same tick of the
file system's clock."""

DONE = "done"
"""The folder within the inbox that files go to once they are read, where that is wanted."""

LONGEST_NAME = 1_000
"""Bytes; what is called more than that is read each time rather than remembered by PostgreSQL's index."""


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file as it is now. ``name`` is its path within the inbox, printable."""

    path: Path
    name: str
    stamp: FileStamp

    def has_settled(self, now_ns: int) -> bool:
        """Whether it has not changed for a while. What is dated in the future, by another machine's clock or an
        archive, would settle when that time comes."""
        wait = SECONDS_TO_SETTLE * 10**9
        return not now_ns - wait < self.stamp.modified_ns <= now_ns + wait


@dataclass(frozen=True, slots=True)
class Inbox:
    """See the module.

    Args:
        folder: need not exist.
        moves_read_files: whether what has been read goes to :data:`DONE` in it.
    """

    folder: Path
    moves_read_files: bool = False

    @property
    def key(self) -> str:
        """What the folder is called in the store."""
        return printable_name(self.folder.absolute())

    def files(self) -> dict[str, InboxFile]:
        """What is in it by name, folders included; nothing where there is no inbox yet."""
        try:
            paths = expand_paths([self.folder]) if self.folder.is_dir() else []
        except SourceError:  # a folder without files, which is how an inbox usually looks
            paths = []
        found = (self._look_at(path) for path in paths if not self._is_done(path))
        return {file.name: file for file in found if file is not None}

    def read_new(self, database: Database, options: IngestOptions) -> list[IngestReport]:
        """Read the files that are not known yet. One that cannot be read goes to the quarantine as a whole.

        Returns:
            What became of those that were opened.
        """
        files, known = self.files(), self.known(database)
        self.note(database, {}, options.now, gone=known.keys() - files.keys())
        reports, read = [], []
        for file in files.values():
            seen = known.get(file.name)
            if seen is None or seen.stamp != file.stamp or not seen.ingested:
                report = read_file(database, file.path, options)
                reports.append(report)
                if report.problem or not self._is_as_it_was(file, options.now):
                    continue
                asked = seen is not None and seen.asked and seen.stamp == file.stamp
                self.note(database, {file.name: KnownFile(file.stamp, report.sha256, asked)}, options.now)
            read.append(file)
        if self.moves_read_files:
            self._move(read)
        return reports

    def known(self, database: Database) -> dict[str, KnownFile]:
        """What is known of its files, by name."""
        with database.read() as connection:
            return known_files(connection, self.key)

    def note(
        self, database: Database, files: Mapping[str, KnownFile], now: datetime, gone: Collection[str] = ()
    ) -> None:
        """Remember files that were looked into, and forget those that are gone."""
        short = {name: file for name, file in files.items() if len((self.key + name).encode()) <= LONGEST_NAME}
        if short or gone:
            with database.begin() as connection:
                note_files(connection, self.key, short, now)
                forget_files(connection, self.key, gone)

    def _is_as_it_was(self, file: InboxFile, now: datetime) -> bool:
        """Whether its stamp stands for what was read of it."""
        return file.has_settled(int(now.timestamp() * 10**9)) and self._look_at(file.path) == file

    def _look_at(self, path: Path) -> InboxFile | None:
        try:
            status = path.stat()
        except OSError:  # taken away meanwhile
            return None
        name = printable_name(path.relative_to(self.folder))
        return InboxFile(path, name, FileStamp(status.st_size, status.st_mtime_ns))

    def _is_done(self, path: Path) -> bool:
        return self.moves_read_files and path.relative_to(self.folder).parts[0] == DONE

    def _move(self, files: Iterable[InboxFile]) -> None:
        for file in files:
            target = self.folder / DONE / file.path.relative_to(self.folder)
            if target.exists():
                target = target.with_name(f"{target.stem}-{file.stamp.modified_ns}{target.suffix}")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file.path.replace(target)
            except OSError:  # of somebody else, or gone: it is known, and nothing is lost where it is
                continue


def read_file(database: Database, path: Path, options: IngestOptions) -> IngestReport:
    """Read one file; one that cannot be read goes to the quarantine as a whole."""
    report = ingest_file(database, path, options)
    if report.problem:
        quarantine_file(database, path, report.problem, options.now)
    return report
