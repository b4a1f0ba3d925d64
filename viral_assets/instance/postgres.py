"""Dagster's tables in PostgreSQL, created by one process while the others, on whatever machine, wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from dagster_postgres import DagsterPostgresStorage

from viral_assets.defs.dagster_internals import create_pg_engine, get_token_provider_from_config, pg_url_from_config
from viral_assets.errors import ConfigurationError, DatabaseUnavailableError
from viral_assets.instance import schema

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import PostgresStorageConfig

LOCK_KEY = 0x6461_6773_7465_7221
"""Any number that nobody else uses for an advisory lock: "dagster!"."""

PARTS = (schema.RUNS, schema.EVENTS, schema.SCHEDULES)


def make_database_ready(config: PostgresStorageConfig) -> None:
    """See to it that Dagster's tables are there and whole, unless ``should_autocreate_tables`` says not to.

    The lock is one of the transaction in which all tables are made: it works through a connection pooler, and ends
    with the connection.

    Args:
        config: as under ``storage: postgres`` in a ``dagster.yaml``, with variables of the environment filled in.

    Raises:
        ConfigurationError: the tables cannot be mended without losing something; the message says what to do.
        DatabaseUnavailableError: the server does not answer, or does not let this user in.
    """
    if not config.get("should_autocreate_tables", True):
        return
    engine = create_pg_engine(
        pg_url_from_config(config), get_token_provider_from_config(config), poolclass=sa.NullPool, hide_parameters=True
    )
    name = engine.url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            if schema.is_whole(connection, PARTS):
                return
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
            outcome = schema.make_whole(connection, PARTS)
        if outcome is schema.SchemaRepair.MENDED:
            schema.finish_migrations(DagsterPostgresStorage.from_config_value(None, config))
    except sa.exc.OperationalError as error:
        reason = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
        raise DatabaseUnavailableError(
            f"the database {name} of Dagster's runs: {reason}; check that it runs and that the URL is right"
        ) from None
    except schema.UnmendableSchemaError as error:
        raise ConfigurationError(
            f"Dagster's tables in {name} cannot be used ({error}); restore a backup, or give Dagster another database"
        ) from None
