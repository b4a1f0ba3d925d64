"""Run by Alembic: the migrations, on the connection and in the transaction that ``migrations.upgrade`` hands over."""

from __future__ import annotations

from alembic import context

from viral_assets.store.migrations import VERSION_TABLE
from viral_assets.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot alter columns in place.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
