"""For modules whose tests are not about SQL: SQLite, and both databases where a test asks for them, because it is what
the tables hold, who has a lock or what a kill leaves that it looks at.

A module takes both names::

    from viral_assets_tests.one_database import BOTH_DATABASES
    from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
"""

from __future__ import annotations

import pytest

from viral_assets.store.engine import Database
from viral_assets_tests.conftest import DATABASES

BOTH_DATABASES = pytest.mark.parametrize("database", DATABASES, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh one with all tables."""
    name = "postgres_database" if getattr(request, "param", "sqlite") == "postgresql" else "sqlite_database"
    made: Database = request.getfixturevalue(name)
    return made
