"""Rows as both drivers take them: a column at a time, built-in types, text without what cannot be stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from viral_assets.store.tables import UtcDateTime
from viral_assets.text.cleaning import text_for_storage

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]

_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))

CHUNK_ROWS = 10_000
"""Rows a statement: few enough for the memory of array parameters, enough that round trips do not count."""


def columns_of(rows: Sequence[Row]) -> Columns:
    """Rows that all have the names of the first one."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def chunks(table: sa.TableClause, columns: Columns, *, zone: bool) -> Iterator[dict[str, list[Any]]]:
    count = len(next(iter(columns.values()), ()))
    kinds = {name: table.c[name].type for name in columns}
    for at in range(0, count, CHUNK_ROWS):
        yield {name: ready(kinds[name], values[at : at + CHUNK_ROWS], zone=zone) for name, values in columns.items()}


def all_storable(texts: Iterable[str | None]) -> bool:
    """Whether every text can be stored as it is; much faster than cleaning each."""
    together = "".join(filter(None, texts))
    return "\x00" not in together and text_for_storage(together) == together


def constant(parameter: sa.BindParameter[Any], dialect: sa.Dialect) -> Any:
    """A parameter's own value, which is part of the statement."""
    process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return process(parameter.value) if process else parameter.value


def array_text(values: Sequence[Any]) -> str:
    """An array in PostgreSQL's text form, which the server reads several times faster than ``ARRAY[...]``."""
    return "{" + ",".join(map(_array_element, values)) + "}"


def _array_element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else str(value)


def ready(kind: sa.types.TypeEngine[Any], values: Sequence[Any], *, zone: bool) -> list[Any]:
    """A column's values as both drivers take them: built-in types, text without what cannot be stored."""
    if isinstance(kind, UtcDateTime):
        return _ready_times(values, zone=zone)
    if isinstance(kind, sa.JSON):
        return [None if value is None else json.dumps(value) for value in values]
    if isinstance(kind, sa.String) or isinstance(getattr(kind, "impl", None), sa.String):
        return _ready_texts(values)
    for types, make in ((sa.Boolean, bool), (sa.Integer, int), (sa.Float, float)):
        if isinstance(kind, types):
            # NaN, pandas' word for nothing, is NULL everywhere: SQLite would make it so, PostgreSQL would not.
            plain = {make, type(None)} - {float}
            return list(values) if set(map(type, values)) <= plain else [_plain(make, value) for value in values]
    return list(values)


def _plain(make: type, value: Any) -> Any:
    return None if value is None or value != value else make(value)


def _ready_texts(values: Sequence[Any]) -> list[Any]:
    return list(values) if all_storable(values) else [value and text_for_storage(value) for value in values]


def _ready_times(values: Sequence[datetime | None], *, zone: bool) -> list[str | None]:
    """ISO text in UTC, which SQLite stores without a zone (see ``tables``) and PostgreSQL reads with one."""
    if values and values[0] is not None and values.count(values[0]) == len(values):
        # As of a whole file that was seen at one time.
        return [_utc_text(values[0], zone=zone)] * len(values)
    texts: list[str | None] = []
    last, text = None, None
    for value in values:
        # Hours are one object many times over.
        if value is not last:
            last, text = value, None if value is None else _utc_text(value, zone=zone)
        texts.append(text)
    return texts


def _utc_text(value: datetime, *, zone: bool) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    # What isoformat writes, in a third of the time: every tweet has one of its own.
    clock = f"{_TWO_DIGITS[at.hour]}:{_TWO_DIGITS[at.minute]}:{_TWO_DIGITS[at.second]}.{at.microsecond:06}"
    return f"{_day(at.toordinal())} {clock}{'+00:00' if zone else ''}"


@lru_cache(maxsize=1_000)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
