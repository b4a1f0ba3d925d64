"""What was added up or settled once and is kept."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, String, Table, Text, event

from viral_assets.store.hour_triggers import sqlite_triggers
from viral_assets.store.tables.base import metadata
from viral_assets.store.tables.column_types import UtcDateTime

kept_values = Table(
    "kept_values",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    comment="What was settled once and stays: the first hour, where no setting names one.",
)

COUNTS, COSTS = ABOUT = ("counts", "costs")
"""Numbers that are kept apart, since they change by different things."""

hour_numbers = Table(
    "hour_numbers",
    metadata,
    Column("about", String(8), primary_key=True, comment="counts, or costs"),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("numbers", Text, nullable=False, comment="JSON: what is counted, and how many"),
    comment="Numbers of an hour, added up once. They hold where hour_changes has nothing of the hour.",
    sqlite_with_rowid=False,
)

hour_changes = Table(
    "hour_changes",
    metadata,
    Column("about", String(8), primary_key=True, comment="which numbers"),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("change", BigInteger, primary_key=True, comment="on PostgreSQL each has its own; 0 on SQLite"),
    comment="Hours that have changed since they were added up.",
    sqlite_with_rowid=False,
)

for _statement in sqlite_triggers():
    event.listen(metadata, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect="sqlite"))
