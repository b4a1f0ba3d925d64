"""Instances of Dagster in memory, cheap to make and to write to: for tests of runs, not of where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage


@contextmanager
def in_memory() -> Iterator[dg.DagsterInstance]:
    """A new one, as :meth:`dagster.DagsterInstance.ephemeral` makes it, but that its event log has one connection.

    Dagster's own opens and closes one for each of the thousands of statements that a run takes.
    """
    with dg.DagsterInstance.ephemeral() as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, InMemoryEventLogStorage)
        of_any_thread = {"check_same_thread": False}
        engine = sa.create_engine(storage._engine.url, poolclass=sa.StaticPool, connect_args=of_any_thread)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")

        @contextmanager
        def connect() -> Iterator[sa.Connection]:
            with storage._db_lock, engine.begin() as connection:
                yield connection

        storage._connect = connect  # type: ignore[method-assign]
        yield instance
        engine.dispose()
