"""Where new tweets come from: the inbox folder, and the services that projects name. Asking them is in ``sources``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from viral_assets.errors import SourceError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.projects.model import Project
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.sources.files.ingest import IngestReport
    from viral_assets.sources.services.collect import ServiceAccess
    from viral_assets.sources.services.common import ServiceReport


class TweetSourceResource(dg.ConfigurableResource[Any]):
    """The inbox: drop a file in and the next run reads it, whatever hours its tweets are of. And the services that
    projects name, asked for the hours of the run."""

    inbox: str | None = Field(
        default=None,
        description="Folder to read files from. Null: VIRAL_ASSETS_INBOX, else inbox/ in VIRAL_ASSETS_HOME.",
    )

    @property
    def folder(self) -> Path:
        return Path(self.inbox) if self.inbox else load_settings().resolved_inbox

    def files(self) -> list[Path]:
        """The files in the inbox, those in its folders included; none when there is no inbox yet."""
        from viral_assets.sources.content.file_probe import expand_paths

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
        return [self.ingest_file(database, path, now) for path in self.files()]

    def ingest_file(self, database: Database, path: Path, now: datetime) -> IngestReport:
        """Read one file; one that cannot be read goes to the quarantine as a whole."""
        from viral_assets.sources.files.ingest import IngestOptions, ingest_file
        from viral_assets.sources.files.project_column_names import columns_of_projects
        from viral_assets.sources.files.quarantine import quarantine_file

        columns, _ = columns_of_projects(load_settings().projects_dir)
        report = ingest_file(database, path, IngestOptions(now, columns=columns, window=self.configured_hours(now)))
        if report.problem:
            quarantine_file(database, path, report.problem, now)
        return report

    def collect(
        self, database: Database, projects: Mapping[str, Project], hours: HourRange, run_id: str, now: datetime
    ) -> Sequence[ServiceReport]:
        """Ask the services that the projects name; an hour that was read to its end is not asked for again.

        Raises:
            ConfigurationError: a project names a service there is no token for.
        """
        from viral_assets.sources.services.collect import collect_from_services

        return collect_from_services(
            database, projects, hours, service_access(), run_id=run_id, window=self.configured_hours(now)
        )

    def refresh(
        self, database: Database, projects: Mapping[str, Project], hours: HourRange, run_id: str
    ) -> Sequence[ServiceReport]:
        """Look again at the counts of the opportunities of ``hours``.

        Raises:
            ConfigurationError: a project names the X API and there is no token.
        """
        from viral_assets.sources.services.collect import refresh_opportunities

        return refresh_opportunities(database, projects, hours, service_access(), run_id=run_id)

    def inspect_file(self, path: Path, now: datetime) -> tuple[str, frozenset[datetime]]:
        """The hash of a file's content and the hours of its tweets. Nothing is stored.

        Raises:
            SourceError: the file cannot be read, or is of no known format.
        """
        from viral_assets.sources.base import ReadOptions, Reject
        from viral_assets.sources.content.file_probe import probe_file
        from viral_assets.sources.files.detect import detect_format
        from viral_assets.sources.files.project_column_names import columns_of_projects

        file = probe_file(path)
        columns, _ = columns_of_projects(load_settings().projects_dir)
        batches = detect_format(file, ReadOptions(now, columns=columns))
        records = (record for batch in batches for record in batch.records)
        return file.sha256, frozenset(record.window_start for record in records if not isinstance(record, Reject))


def service_access() -> ServiceAccess:
    """Tokens, addresses and caps as the environment has them."""
    from viral_assets.quota.from_settings import post_caps_from
    from viral_assets.sources.services.collect import ServiceAccess

    settings = load_settings()
    return ServiceAccess(
        x_token=settings.x_bearer_token.get_secret_value() if settings.x_bearer_token else None,
        x_base_url=settings.x_api_base_url,
        apify_token=settings.apify_token.get_secret_value() if settings.apify_token else None,
        apify_base_url=settings.apify_api_base_url,
        caps=post_caps_from(settings),
        wait_seconds=settings.source_wait_seconds,
    )
