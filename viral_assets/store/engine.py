"""Opening the database: its tables as this version needs them, transactions, errors a person understands.

What the tables are is in ``tables``, how they came to be in ``migrations``, what is written into them in the other
modules. SQLite and PostgreSQL behave alike: a read sees one state of the data and cannot write, a write transaction
is serialised against others of its kind and leaves all or nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from viral_assets.errors import DatabaseUnavailableError, SchemaOutOfDateError
from viral_assets.store import migrations
from viral_assets.store.database_url import normalise_url, url_for_people
from viral_assets.store.driver_errors import as_unavailable
from viral_assets.store.postgres_engine import create_postgres_engine
from viral_assets.store.sqlite_engine import PURPOSE, create_sqlite_engine

Dialect = Literal["sqlite", "postgresql"]


class Database:
    """One database, opened when first used. Safe to share between threads, not between processes.

    Args:
        url: of a SQLite file or of PostgreSQL.
        lock_timeout_seconds: how long a writer on SQLite waits for another one.

    Raises:
        ConfigurationError: see :func:`~viral_assets.store.database_url.normalise_url`.
    """

    def __init__(self, url: str, *, lock_timeout_seconds: float = 30.0) -> None:
        self.url = normalise_url(url)
        self.lock_timeout_seconds = lock_timeout_seconds
        self.url_for_people = url_for_people(self.url)
        self.dialect: Dialect = "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        self._lock = threading.RLock()
        self._engine: sa.Engine | None = None
        self._statements: sa.Engine | None = None
        # Views of the engine: a transaction costs less where its options are there already.
        self._engines: dict[str, sa.Engine] = {}
        self._hurries: list[float] = []
        self._ready = False

    def __repr__(self) -> str:
        return f"Database({self.url_for_people!r})"

    @property
    def engine(self) -> sa.Engine:
        """The engine itself, for what :meth:`read` and :meth:`begin` do not offer. Its errors are SQLAlchemy's."""
        with self._lock:
            if self._engine is None:
                self._engine = self._create_engine()
            return self._engine

    def ensure_ready(self) -> None:
        """See to it that the tables are those of this version. Costs nothing once it has succeeded.

        A SQLite file is created or upgraded; several processes may try at once. PostgreSQL is only looked at.

        Raises:
            SchemaOutOfDateError: PostgreSQL is behind, or either database belongs to a newer version of the code.
            DatabaseUnavailableError: the database does not answer or cannot be opened.
        """
        if self._ready:
            return
        with self._lock:
            with self._explained(), self.engine.connect() as connection:
                found = migrations.current_revision(connection)
            if found != migrations.HEAD:
                if self.dialect == "sqlite":
                    self.upgrade()
                else:
                    raise SchemaOutOfDateError(self._behind(found))
            self._ready = True

    def upgrade(self) -> tuple[str | None, str]:
        """Create the tables or bring them up to this version, in one transaction. Data is kept.

        Returns:
            The revision before (None: there were no tables) and after.

        Raises:
            SchemaOutOfDateError: the database belongs to a newer version of the code.
            DatabaseUnavailableError: the database does not answer or cannot be opened.
        """
        with self._explained(), self._transaction("write") as connection:
            if self.dialect == "postgresql":
                # Two upgrades at once: the second waits here and then finds nothing to do.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(migrations.LOCK_KEY)))
            before = migrations.current_revision(connection)
            if before is not None and before not in migrations.known_revisions():
                raise SchemaOutOfDateError(self._behind(before))
            migrations.upgrade(connection)
        self._ready = True
        return before, migrations.HEAD

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the data throughout, and cannot write.

        Raises:
            DatabaseUnavailableError: the database does not answer.
            SchemaOutOfDateError: see :meth:`ensure_ready`.
        """
        self.ensure_ready()
        with self._explained(), self._transaction("read") as connection:
            yield connection

    @contextmanager
    def begin(self, *, dry_run: bool = False) -> Iterator[sa.Connection]:
        """A transaction that writes: committed at the end, rolled back by an error. On SQLite it has the file's
        write lock from the start, so it cannot fail half-way because of another writer.

        Args:
            dry_run: it was only to see what would happen, and is rolled back at the end, too.

        Raises:
            DatabaseUnavailableError: the database does not answer, or another process keeps it locked.
            SchemaOutOfDateError: see :meth:`ensure_ready`.
        """
        self.ensure_ready()
        with self._explained(), self._transaction("write") as connection:
            yield connection
            if dry_run:
                connection.rollback()

    @contextmanager
    def one_statement(self) -> Iterator[sa.Connection]:
        """A connection to PostgreSQL on which each statement is a transaction of its own: one way there and back
        instead of three. Not for SQLite, whose transactions begin where we begin them.

        Raises:
            DatabaseUnavailableError: the database does not answer.
            SchemaOutOfDateError: see :meth:`ensure_ready`.
        """
        self.ensure_ready()
        with self._explained(), self._of_statements.connect() as connection:
            yield connection

    @contextmanager
    def hurried(self, seconds: float) -> Iterator[None]:
        """As long as this lasts, writers on SQLite wait no longer than this for another one; also those who wait
        already."""
        self._hurries.append(seconds)
        try:
            yield
        finally:
            self._hurries.remove(seconds)

    def dispose(self) -> None:
        """Close the connections. The database can be used again afterwards."""
        with self._lock:
            for engine in (self._engine, self._statements):
                if engine is not None:
                    engine.dispose()

    def _create_engine(self) -> sa.Engine:
        if self.dialect == "postgresql":
            return create_postgres_engine(self.url)
        return create_sqlite_engine(
            self.url,
            lock_timeout_seconds=self.lock_timeout_seconds,
            patience=lambda: min([self.lock_timeout_seconds, *self._hurries]),
        )

    @property
    def _of_statements(self) -> sa.Engine:
        """With connections of its own: making one commit by itself, and undoing that, is a way there and back too."""
        with self._lock:
            if self._statements is None:
                self._statements = create_postgres_engine(self.url, isolation_level="AUTOCOMMIT")
            return self._statements

    def _transaction(self, purpose: Literal["read", "write"]) -> AbstractContextManager[sa.Connection]:
        with self._lock:
            if purpose not in self._engines:
                options: dict[str, Any] = {PURPOSE: purpose}
                if self.dialect == "postgresql" and purpose == "read":
                    options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                self._engines[purpose] = self.engine.execution_options(**options)
            return self._engines[purpose].begin()

    def _behind(self, found: str | None) -> str:
        if found is None:
            return f"the database {self.url_for_people} has no tables yet; run `viral-assets db upgrade`"
        if found not in migrations.known_revisions():
            return (
                f"the database {self.url_for_people} is at revision {found}, which a newer version of viral_assets "
                f"made (this one knows {migrations.HEAD}); update viral_assets"
            )
        return (
            f"the database {self.url_for_people} is at revision {found} and this version needs {migrations.HEAD}; "
            "run `viral-assets db upgrade`"
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What the driver says about the server or the file, as one line; other errors are bugs and pass."""
        try:
            yield
        except PoolTimeoutError as error:
            raise DatabaseUnavailableError(
                f"all connections to the database {self.url_for_people} are in use; run fewer things at once"
            ) from error
        except self._driver_errors as error:
            # The driver's own are passed on while the isolation of a connection is set, outside of any statement.
            wrapped = error if isinstance(error, DBAPIError) else sa.exc.OperationalError(None, None, error)
            explained = as_unavailable(self.url, wrapped)
            if explained is None:
                raise
            if self.dialect == "postgresql":
                # Where one connection is broken, all that wait in the pools are: nobody has to find each of them out.
                self.dispose()
            raise explained from error

    @property
    def _driver_errors(self) -> tuple[type[Exception], ...]:
        driver = self.engine.dialect.loaded_dbapi
        return DBAPIError, driver.OperationalError, driver.InterfaceError
