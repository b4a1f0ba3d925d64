"""Types of columns that neither database has as we need them, and what a column holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, Boolean, Column, DateTime, Dialect, Float, Integer, LargeBinary, Text, TypeDecorator

from viral_assets.text.cleaning import text_for_storage


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which has no zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text that strangers wrote: any length, cleaned on its way in, so that it can always be stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else text_for_storage(value)


ColumnKind = Literal["text", "boolean", "integer", "float", "bytes", "json", "time"]


def kind_of(column: Column[Any]) -> ColumnKind:
    """What a column holds, whatever the database calls it."""
    kind = getattr(column.type, "impl", column.type)
    kinds: tuple[tuple[type[Any], ColumnKind], ...] = (
        (Boolean, "boolean"),
        (Integer, "integer"),
        (Float, "float"),
        (LargeBinary, "bytes"),
        (JSON, "json"),
        (DateTime, "time"),
    )
    return next((name for known, name in kinds if isinstance(kind, known)), "text")
