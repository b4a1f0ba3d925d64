"""What other programs put around the rows they keep as JSON: data frames, document databases, maps by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NUMBERS = ("$numberLong", "$numberInt", "$numberDouble")


def rows_within(value: Mapping[str, Any]) -> Sequence[Any] | None:
    """The rows of an object that is a table or a map of rows by number or id; None where it is neither.

    ``DataFrame.to_json`` writes ``{"text": {"0": ...}}``, ``{"0": {"text": ...}}``, ``{"columns": [...], "data":
    [[...]]}`` or ``{"schema": ..., "data": [{...}]}``, depending on its ``orient``.
    """
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        rows = [row for row in data if isinstance(row, list) and len(row) == len(columns)]
        if data and len(rows) == len(data):
            return [dict(zip(map(str, columns), row, strict=True)) for row in rows]
    if isinstance(data, list) and isinstance(schema := value.get("schema"), dict) and "fields" in schema:
        return data
    if not value or not all(isinstance(inside, dict) and inside for inside in value.values()):
        return None
    if all(key.isdecimal() for key in value):
        return list(value.values())
    first, *others = value.values()
    if not others or not all(key.isdecimal() for key in first) or any(o.keys() != first.keys() for o in others):
        return None
    return [{name: column[row] for name, column in value.items()} for row in first]


def plain_values(value: Any, depth: int = 20) -> Any:
    """A document of MongoDB without the objects its export makes of numbers, ids and times."""
    if depth == 0 or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [plain_values(item, depth - 1) for item in value]
    if len(value) == 1:
        ((key, inside),) = value.items()
        if key in _NUMBERS and isinstance(inside, str) and inside.isdecimal() and len(inside) < 20:
            return int(inside)
        if key in ("$date", "$oid"):
            return plain_values(inside, depth - 1)
    return {key: plain_values(inside, depth - 1) for key, inside in value.items()}


def is_document(value: Mapping[str, Any]) -> bool:
    """Whether an object was exported by MongoDB."""
    identity = value.get("_id")
    return isinstance(identity, dict) and "$oid" in identity
