"""Where new tweets come from: the inbox folder. Reading files is in ``sources``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from viral_assets.errors import SourceError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.sources.ingest import IngestReport


class TweetSourceResource(dg.ConfigurableResource[Any]):
    """The inbox: drop a file in and the next run reads it, whatever hours its tweets are of."""

    inbox: str | None = Field(
        default=None,
        description="Folder to read files from. Null: VIRAL_ASSETS_INBOX, else inbox/ in VIRAL_ASSETS_HOME.",
    )

    @property
    def folder(self) -> Path:
        return Path(self.inbox) if self.inbox else load_settings().resolved_inbox

    def files(self) -> list[Path]:
        """The files in the inbox, those in its folders included; none when there is no inbox yet."""
        from viral_assets.sources.files import expand_paths

        if not self.folder.is_dir():
            return []
        try:
            return expand_paths([self.folder])
        except SourceError:  # a folder without files, which is how an inbox usually looks
            return []

    def configured_hours(self, now: datetime) -> HourRange | None:
        """The hours that have partitions; None when the configured ones have not begun."""
        settings = load_settings()
        start, end = settings.first_hour(now), floor_hour(now) + HOUR
        if settings.end:
            end = min(end, settings.end)
        return HourRange(start, end) if start < end else None

    def ingest(self, database: Database, now: datetime) -> Sequence[IngestReport]:
        """Read what is new in the inbox; a file whose content was read before costs reading its hash."""
        from viral_assets.sources.ingest import ingest_paths

        return ingest_paths(database, self.files(), now=now, window=self.configured_hours(now))

    def peek(self, path: Path, now: datetime) -> tuple[str, frozenset[datetime]]:
        """The hash of a file's content and the hours of its tweets. Nothing is stored.

        Raises:
            SourceError: the file cannot be read, or is of no known format.
        """
        from viral_assets.sources.base import Reject
        from viral_assets.sources.files import survey
        from viral_assets.sources.formats import recognise

        file = survey(path)
        records = (record for batch in recognise(file, now) for record in batch.records)
        return file.sha256, frozenset(record.window_start for record in records if not isinstance(record, Reject))
