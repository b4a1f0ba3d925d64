"""What a database URL may say, and how it is shown: never with its secrets."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from viral_assets.errors import ConfigurationError

# The driver that dagster-postgres brings. SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3, which it does not.
_POSTGRES_DRIVER = "postgresql+psycopg2"
_POSTGRES_DRIVERS = {"psycopg2", "psycopg"}
_SECRETS_IN_QUERY = ("password", "sslpassword", "passfile")


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


def url_for_people(url: sa.URL) -> str:
    """Without its passwords, for messages and logs."""
    hidden = {name: "hidden" for name in _SECRETS_IN_QUERY if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
