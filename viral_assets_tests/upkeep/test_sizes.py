"""How large the tables are: rows and bytes add up, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import metadata, rejected_records, tweets
from viral_assets.upkeep.sizes import sizes
from viral_assets_tests.store.rows import tweet_row

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


def add(database: Database, *days_ago: int) -> None:
    with database.begin() as connection:
        for number, days in enumerate(days_ago):
            row = tweet_row(str(number), created_at=NOW - timedelta(days=days))
            connection.execute(sa.insert(tweets).values(**row))


def test_rows_bytes_hours_and_growth(database: Database) -> None:
    add(database, 1, 2, 2, 6, 40)
    record = {
        "source": "f",
        "source_sha256": "s",
        "locator": "1",
        "reason": "no_id",
        "detail": "",
        "raw": "x" * 100_000,
    }
    with database.begin() as connection:
        connection.execute(sa.insert(rejected_records).values(**record, rejected_at=NOW))
    found = sizes(database, NOW)
    by_name = {table.name: table for table in found.tables}
    assert by_name.keys() == set(metadata.tables)
    assert (by_name["tweets"].rows, by_name["rejected_records"].rows, by_name["tweet_scores"].rows) == (5, 1, 0)
    assert found.first_hour == datetime(2026, 10, 12, 20, tzinfo=UTC)
    assert found.last_hour == datetime(2026, 11, 20, 20, tzinfo=UTC)
    assert found.tweets_a_day == pytest.approx(4 / 7)
    assert found.bytes_a_day == pytest.approx(found.total_bytes / 5 * 4 / 7)
    if any(table.bytes is None for table in found.tables):
        pytest.skip("this SQLite does not tell sizes")
    assert sum(table.bytes or 0 for table in found.tables) <= found.total_bytes
    assert found.tables == tuple(sorted(found.tables, key=lambda table: -(table.bytes or 0)))


def test_an_empty_database_has_no_hours_and_no_pace(sqlite_database: Database) -> None:
    found = sizes(sqlite_database, NOW)
    assert (found.first_hour, found.last_hour, found.bytes_a_day) == (None, None, None)
    assert found.total_bytes > 0
