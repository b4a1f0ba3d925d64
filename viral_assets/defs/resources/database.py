"""The project's own tables, for assets and for the IO manager. Dagster's runs and events are kept elsewhere
(``dagster.yaml``).
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from viral_assets.settings import load_settings
from viral_assets.store.engine import Database


class DatabaseResource(dg.ConfigurableResource[Any]):
    """The project's own tables, opened and looked at before the first asset starts."""

    url: str | None = Field(
        default=None,
        description="Where the tables are. Null: VIRAL_ASSETS_DATABASE_URL, else a SQLite file in VIRAL_ASSETS_HOME.",
    )
    _database: Database | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Open the database.

        Raises:
            ViralAssetsError: it does not answer, or its tables are not those of this version.
        """
        self._database = Database(self.url or load_settings().resolved_database_url)
        self._database.ensure_ready()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close its connections."""
        if self._database is not None:
            self._database.dispose()

    def get(self) -> Database:
        """The database of this run."""
        if self._database is None:
            raise RuntimeError("the database is there only while Dagster has set the resource up")
        return self._database
