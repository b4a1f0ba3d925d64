"""What was settled once, when the tables were made, and stays."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from viral_assets.errors import ViralAssetsError
from viral_assets.hours import parse_hour
from viral_assets.store.engine import Database
from viral_assets.store.tables import kept_values

FIRST_HOUR = "first_hour"


_KEPT: dict[str, datetime] = {}
"""First hours that were found once, by database: they do not change."""


def first_hour_of(database_url: str) -> datetime | None:
    """See :func:`kept_first_hour`."""
    if database_url not in _KEPT:
        database = Database(database_url)
        try:
            kept = kept_first_hour(database)
        finally:
            database.dispose()
        if kept is None:
            return None
        _KEPT[database_url] = kept
    return _KEPT[database_url]


def kept_first_hour(database: Database) -> datetime | None:
    """The first hour that there is where no setting names one; None where the database has none, or cannot be asked.

    Nothing is made or brought up to date for that: definitions are loaded where there is no database yet.
    """
    if database.dialect == "sqlite" and not Path(database.url.database or "").is_file():
        return None
    try:
        with database.engine.connect() as connection:
            kept = connection.scalar(sa.select(kept_values.c.value).where(kept_values.c.name == FIRST_HOUR))
        return None if kept is None else parse_hour(kept)
    except (sa.exc.SQLAlchemyError, ViralAssetsError):
        return None
