"""Which errors of a driver are about the server or the file, and what a person is told then."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.store.database_url import url_for_people
from viral_assets.text.secrets import redacted

# SQLSTATE classes that are about the server and who may use it, not about the statement: connection, authorization,
# unknown database, rollback (deadlock), resources, operator intervention, system error.
_SERVER_TROUBLE = ("08", "28", "3D", "40", "53", "57", "58", "55P03", "42501")


def as_unavailable(url: sa.URL, error: DBAPIError) -> DatabaseUnavailableError | None:
    """In one line without secrets, and what to do; None for an error of the statement, which is a bug.

    Args:
        url: of the database that was asked.
        error: what SQLAlchemy has made of the driver's.
    """
    said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    said = redacted(said, [url.password] if url.password else ())
    if url.get_backend_name() == "sqlite":
        advice = _sqlite_advice(getattr(error.orig, "sqlite_errorname", None) or "")
        return DatabaseUnavailableError(f"the database {url.database}: {said}; {advice}") if advice else None
    # None while connecting, and when the server went away.
    code = cast("str | None", getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None))
    lost = code is None and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    if lost or error.connection_invalidated or (code or "").startswith(_SERVER_TROUBLE):
        return DatabaseUnavailableError(
            f"the database {url_for_people(url)}: {said}; check that it runs and that the URL is right"
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
