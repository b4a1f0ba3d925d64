"""Where new tweets come from: the inbox folder, and the services that projects name. Asking them is in ``sources``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.projects.model import Project
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.posted.asking import AccountReport
    from viral_assets.sources.files.inbox import Inbox
    from viral_assets.sources.files.ingest import IngestOptions, IngestReport
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

    def open_inbox(self) -> Inbox:
        """The folder, and what is known of its files."""
        from viral_assets.sources.files.inbox import Inbox

        return Inbox(self.folder, moves_read_files=load_settings().move_read_files)

    def configured_hours(self, now: datetime) -> HourRange | None:
        """The hours that have partitions; None when the configured ones have not begun."""
        settings = load_settings()
        start, end = settings.first_hour(now), floor_hour(now) + HOUR
        if settings.end:
            end = min(end, settings.end)
        return HourRange(start, end) if start < end else None

    def read_options(self, now: datetime) -> IngestOptions:
        """How files are read, for everybody: with the names that project files give to columns."""
        from viral_assets.sources.files.ingest import IngestOptions
        from viral_assets.sources.files.project_column_names import columns_of_projects

        columns, _ = columns_of_projects(load_settings().projects_dir)
        return IngestOptions(now, columns=columns, window=self.configured_hours(now))

    def ingest(self, database: Database, now: datetime) -> Sequence[IngestReport]:
        """Read what is new in the inbox."""
        return self.open_inbox().read_new(database, self.read_options(now))

    def collect(
        self, database: Database, projects: Mapping[str, Project], hours: HourRange, run_id: str, now: datetime
    ) -> Sequence[ServiceReport]:
        """Ask the services that the projects name; an hour that was read to its end is not asked for again.

        Raises:
            ConfigurationError: a project names a service there is no token for.
        """
        if not any(project.sources.asks_services for project in projects.values()):
            return ()
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

    def look_up_context(
        self, database: Database, project: Project, tweet_ids: Sequence[str], run_id: str
    ) -> ServiceReport | None:
        """Ask the X API for what chosen tweets answer and quote; None where the project does not ask for it."""
        if project.sources.x_api is None:
            return None
        from viral_assets.sources.services.collect import look_up_context_of

        return look_up_context_of(database, project, tweet_ids, service_access(), run_id=run_id)

    def follow_account(self, database: Database, run_id: str) -> AccountReport:
        """Look for posted replies in the timeline of the account that the environment names, and at what they brought.

        Raises:
            ConfigurationError: it names none, or there is no token.
        """
        from viral_assets.posted.account import follow_account
        from viral_assets.posted.asking import Asking
        from viral_assets.sources.services.common import Deadline

        if (handle := load_settings().x_account) is None:
            raise ConfigurationError("nobody says whose timeline to read; set VIRAL_ASSETS_X_ACCOUNT, like @us")
        access = service_access()
        client = access.x_client()
        budget = access.budget(client, run_id)
        return follow_account(Asking(database, client, budget, Deadline(access.wait_seconds)), handle)


def service_access() -> ServiceAccess:
    """Tokens, addresses and caps as the environment has them."""
    from viral_assets.quota.from_settings import post_caps_from, post_prices_from
    from viral_assets.sources.services.collect import ServiceAccess

    settings = load_settings()
    return ServiceAccess(
        x_token=settings.x_bearer_token.get_secret_value() if settings.x_bearer_token else None,
        x_base_url=settings.x_api_base_url,
        apify_token=settings.apify_token.get_secret_value() if settings.apify_token else None,
        apify_base_url=settings.apify_api_base_url,
        caps=post_caps_from(settings),
        prices=post_prices_from(settings),
        wait_seconds=settings.source_wait_seconds,
    )
