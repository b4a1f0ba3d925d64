"""How the tables came to be: one Alembic revision a change, in ``versions``. Needs no ``alembic.ini``.

The table that remembers the revision has a name of its own, because Dagster keeps its ``alembic_version`` in the
same database when both are pointed at one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0034"
"""The revision of ``tables`` as it is now. Written down, so that looking costs one query and no Alembic."""

VERSION_TABLE = "viral_assets_revision"
LOCK_KEY = 0x7669_7261
"""Of the PostgreSQL advisory lock that lets one upgrade run at a time."""


def current_revision(connection: sa.Connection) -> str | None:
    """The revision of the tables behind ``connection``; None when there are none yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def known_revisions() -> set[str]:
    """Every revision this version of the code knows."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the missing migrations in the transaction of ``connection``."""
    from alembic import command

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def configuration() -> Config:
    """Alembic's configuration, made here instead of read from a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
