"""What the tests of the tables run in processes of their own."""

from __future__ import annotations

from multiprocessing.queues import Queue
from threading import Barrier

from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets_tests.waiting import PATIENCE


def be_first(url: str, start: Barrier, found: Queue[str | None]) -> None:
    """Make the tables at the same moment as others, and say which revision is there."""
    migrations.known_revisions()
    database = Database(url)
    start.wait(PATIENCE)
    if database.dialect == "sqlite":
        database.ensure_ready()
    else:
        database.upgrade()
    with database.begin() as connection:
        found.put(migrations.current_revision(connection))
    database.dispose()
