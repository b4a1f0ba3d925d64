"""Opening the database: URLs, connections, transactions, and errors a person understands.

What the tables are is in ``tables``, how they came to be in ``migrations``, what is written into them in the other
modules. SQLite and PostgreSQL behave alike: a read sees one state of the data and cannot write, a write transaction
is serialised against others of its kind and leaves all or nothing.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError, SchemaOutOfDateError, ViralAssetsError
from viral_assets.store import migrations
from viral_assets.text.secrets import redacted

CONNECT_TIMEOUT_SECONDS = 10

IDLE_SECONDS = 1.0
"""After so long unused, a connection is tried before it is used; each time would cost a grant a tenth of its time."""

Dialect = Literal["sqlite", "postgresql"]

# The driver that dagster-postgres brings. SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3, which it does not.
_POSTGRES_DRIVER = "postgresql+psycopg2"
_POSTGRES_DRIVERS = {"psycopg2", "psycopg"}
_SECRETS_IN_QUERY = ("password", "sslpassword", "passfile")

# An execution option of ours: what a transaction on SQLite begins with.
_PURPOSE = "viral_assets_purpose"
_WRITES_AHEAD = "viral_assets_writes_ahead"

_LOCK_CHECK_SECONDS = 0.25
"""How often a writer that waits for another one on SQLite looks whether it still may."""

# SQLSTATE classes that are about the server and who may use it, not about the statement: connection, authorization,
# unknown database, rollback (deadlock), resources, operator intervention, system error.
_SERVER_TROUBLE = ("08", "28", "3D", "40", "53", "57", "58", "55P03", "42501")


def normalise_url(url: str) -> sa.URL:
    """Read a database URL; a bare ``postgresql://`` or ``postgres://`` gets the driver that is installed.

    The file of a SQLite URL becomes absolute, so that a later change of the working directory moves nothing.

    Raises:
        ConfigurationError: the URL cannot be read, or is of a database that is not supported. The message does not
            repeat the URL, which holds a password.
    """
    scheme, separator, rest = url.strip().partition("://")
    if scheme in ("postgresql", "postgres"):
        scheme = _POSTGRES_DRIVER
    try:
        parsed = sa.make_url(f"{scheme}{separator}{rest}")
        backend, driver = parsed.get_backend_name(), parsed.get_driver_name()
    except (ArgumentError, ValueError, NoSuchModuleError):
        raise ConfigurationError(
            "the database URL cannot be read; write sqlite:////folder/file.db or postgresql://user:password@host/name, "
            "with special characters of the password percent-encoded"
        ) from None
    if backend == "postgresql":
        return _checked_postgres_url(parsed, driver)
    if backend == "sqlite" and driver == "pysqlite":
        return _checked_sqlite_url(parsed)
    raise ConfigurationError(f"the database {backend}+{driver} is not supported; use sqlite or postgresql")


def _checked_postgres_url(url: sa.URL, driver: str) -> sa.URL:
    if driver not in _POSTGRES_DRIVERS:
        raise ConfigurationError(f"the PostgreSQL driver {driver} is not supported; use postgresql:// without a driver")
    if url.host and "@" in url.host:
        raise ConfigurationError("the password in the database URL holds an '@'; write it as %40")
    return url


def _checked_sqlite_url(url: sa.URL) -> sa.URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigurationError(
            "a SQLite database in memory or behind a file: URI cannot be shared between processes; "
            "name a file: sqlite:////folder/file.db"
        )
    return url.set(database=str(Path(url.database).expanduser().absolute()))


def _url_for_people(url: sa.URL) -> str:
    hidden = {name: "hidden" for name in _SECRETS_IN_QUERY if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


class Database:
    """One database, opened when first used. Safe to share between threads, not between processes.

    Args:
        url: of a SQLite file or of PostgreSQL.
        lock_timeout_seconds: how long a writer on SQLite waits for another one.

    Raises:
        ConfigurationError: see :func:`normalise_url`.
    """

    def __init__(self, url: str, *, lock_timeout_seconds: float = 30.0) -> None:
        self.url = normalise_url(url)
        self.lock_timeout_seconds = lock_timeout_seconds
        self.url_for_people = _url_for_people(self.url)
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
                self._engine = self._create_sqlite() if self.dialect == "sqlite" else self._create_postgres()
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
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction that writes: committed at the end, rolled back by an error. On SQLite it has the file's
        write lock from the start, so it cannot fail half-way because of another writer.

        Raises:
            DatabaseUnavailableError: the database does not answer, or another process keeps it locked.
            SchemaOutOfDateError: see :meth:`ensure_ready`.
        """
        self.ensure_ready()
        with self._explained(), self._transaction("write") as connection:
            yield connection

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

    @property
    def _of_statements(self) -> sa.Engine:
        """With connections of its own: making one commit by itself, and undoing that, is a way there and back too."""
        with self._lock:
            if self._statements is None:
                self._statements = self._create_postgres(isolation_level="AUTOCOMMIT")
            return self._statements

    def _transaction(self, purpose: Literal["read", "write"]) -> AbstractContextManager[sa.Connection]:
        with self._lock:
            if purpose not in self._engines:
                options: dict[str, Any] = {_PURPOSE: purpose}
                if self.dialect == "postgresql" and purpose == "read":
                    options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                self._engines[purpose] = self.engine.execution_options(**options)
            return self._engines[purpose].begin()

    def _create_sqlite(self) -> sa.Engine:
        folder = Path(self.url.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"the folder {folder} of the database cannot be made ({error.strerror}); choose another place for it"
            ) from error
        engine = sa.create_engine(
            self.url,
            hide_parameters=True,
            pool_size=10,
            max_overflow=-1,
            connect_args={"timeout": self.lock_timeout_seconds, "check_same_thread": False},
        )
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", self._begin_on_sqlite)
        return engine

    def _prepare_sqlite(self, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        # Transactions begin where SQLAlchemy begins them (see _begin_on_sqlite), not where the driver guesses.
        connection.isolation_level = None
        file = Path(self.url.database or "")
        if not file.is_file() or not file.stat().st_size:
            # Only while nothing is in it: the free pages of the file can be given back step by step.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # In the write-ahead log NORMAL would be enough for a file that is never damaged, and could lose what was said
        # to be saved: answers are paid for.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        # 16 MB of pages for each connection: what a long run reads would stay in its memory up to this.
        connection.execute("PRAGMA cache_size = -16384")
        record.info[_WRITES_AHEAD] = _use_write_ahead_log(connection, self.lock_timeout_seconds)

    def _begin_on_sqlite(self, connection: sa.Connection) -> None:
        purpose = connection.get_execution_options().get(_PURPOSE)
        if connection.info.get(_PURPOSE) != purpose:
            connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if purpose == 'read' else 'OFF'}")
            if connection.info.get(_WRITES_AHEAD):
                # Then a write transaction waits for others where it begins, and nowhere else.
                seconds = min(_LOCK_CHECK_SECONDS, self.lock_timeout_seconds)
                seconds = seconds if purpose == "write" else self.lock_timeout_seconds
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
            connection.info[_PURPOSE] = purpose
        if purpose == "write":
            self._begin_to_write(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    def _begin_to_write(self, connection: sa.Connection) -> None:
        began = time.monotonic()
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except sa.exc.OperationalError as error:
                name = getattr(error.orig, "sqlite_errorname", None) or ""
                patience = min([self.lock_timeout_seconds, *self._hurries])
                if not name.startswith("SQLITE_BUSY") or time.monotonic() - began >= patience:
                    raise
            else:
                return

    def _create_postgres(self, **options: Any) -> sa.Engine:
        try:
            engine = sa.create_engine(
                self.url,
                hide_parameters=True,
                connect_args={}
                if "connect_timeout" in self.url.query
                else {"connect_timeout": CONNECT_TIMEOUT_SECONDS},
                **options,
            )
        except ImportError:
            raise ConfigurationError(
                f"the PostgreSQL driver {self.url.get_driver_name()} is not installed; "
                "use postgresql:// without a driver, or install it"
            ) from None
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", _ping_if_idle)
        return engine

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
            explained = self._explanation(wrapped)
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

    def _explanation(self, error: DBAPIError) -> ViralAssetsError | None:
        said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
        said = redacted(said, [self.url.password] if self.url.password else ())
        if self.dialect == "sqlite":
            advice = _sqlite_advice(getattr(error.orig, "sqlite_errorname", None) or "")
            return DatabaseUnavailableError(f"the database {self.url.database}: {said}; {advice}") if advice else None
        # None while connecting, and when the server went away.
        code = cast("str | None", getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None))
        lost = code is None and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        if lost or error.connection_invalidated or (code or "").startswith(_SERVER_TROUBLE):
            return DatabaseUnavailableError(
                f"the database {self.url_for_people}: {said}; check that it runs and that the URL is right"
            )
        return None


def _sqlite_advice(error_name: str) -> str | None:
    """What to do about a SQLite error that is about the file; None for an error of the statement."""
    for prefix, advice in {
        "SQLITE_CANTOPEN": "check that its folder exists and can be written",
        "SQLITE_PERM": "check that the file and its folder can be written",
        "SQLITE_READONLY": "check that the file and its folder can be written",
        "SQLITE_NOTADB": "the file is something else or damaged: move it away or restore a copy",
        "SQLITE_CORRUPT": "the file is damaged: move it away or restore a copy",
        "SQLITE_BUSY": "another process keeps it locked: wait for it or stop it",
        "SQLITE_LOCKED": "it is locked from within this process: wait for the other transaction",
        "SQLITE_FULL": "free some space on its disk",
        "SQLITE_IOERR": "check its disk",
    }.items():
        if error_name.startswith(prefix):
            return advice
    return None


def _use_write_ahead_log(connection: sqlite3.Connection, timeout_seconds: float) -> bool:
    """WAL lets readers and one writer work at once. The mode stays with the file, so this is needed only once; and
    SQLite does not wait for a lock there, so several first users have to take turns by themselves. A file system
    that cannot do it keeps the journal it has, which is slower and as safe.

    Returns:
        Whether the file is in that mode.
    """
    deadline = time.monotonic() + timeout_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that was not used for a while may be gone (a restart, a firewall); the pool then opens another."""
    if time.monotonic() - record.info.get("used_at", math.inf) < IDLE_SECONDS:
        return
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error
