"""Migrations as tests meet them: often, and always the same."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory


def read_migrations_once() -> None:
    """Have alembic read a folder of migrations once for each process.

    Dagster's are a hundred files, read again for each SQLite file that it makes; and it makes one for each run.
    """
    as_it_is = ScriptDirectory.from_config
    known: dict[str | None, ScriptDirectory] = {}

    def from_config(config: Config) -> ScriptDirectory:
        folder = config.get_main_option("script_location")
        if folder not in known:
            known[folder] = as_it_is(config)
        return known[folder]

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]
