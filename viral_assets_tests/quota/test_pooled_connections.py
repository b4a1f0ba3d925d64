"""What a pooler like PgBouncer hands on from client to client in transaction mode: connections on which nobody has left
a setting, a lock, a prepared statement or a subscription.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from viral_assets.quota.ledger import GrantRequest
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database

LEFT = """SELECT
    (SELECT array_agg(name || '=' || setting ORDER BY name) FROM pg_settings
     WHERE source = 'session' AND name NOT LIKE 'transaction_%') AS settings,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
    (SELECT count(*) FROM pg_prepared_statements) AS statements,
    (SELECT count(*) FROM pg_listening_channels()) AS channels,
    pg_backend_pid() AS connection"""


def left_on(connection: AbstractContextManager[sa.Connection]) -> dict[str, Any]:
    with connection as opened:
        return dict(opened.execute(sa.text(LEFT)).one()._mapping)


def test_nothing_is_left_on_a_connection(postgres_database: Database) -> None:
    database = postgres_database
    before = left_on(database.engine.connect()), left_on(database.one_statement())

    ledger = SqlLedger(database, "key", Limits(max_requests=3))
    # Beyond the limit too: then it is a transaction of several steps that says how long to wait.
    for number in range(5):
        ledger.ask(GrantRequest(f"request-{number}", "me", 10, 0.0))
    with database.read() as connection:
        connection.execute(sa.text("SELECT 1"))

    after = left_on(database.engine.connect()), left_on(database.one_statement())
    assert after == before, "on the same connections"
    assert [(each["locks"], each["statements"], each["channels"]) for each in after] == [(0, 0, 0)] * 2
