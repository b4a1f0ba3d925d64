"""Values of any type as the texts that cells of a table hold, and objects inside such cells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import orjson

from viral_assets.sources.parsers.column_names import FIELD_OF, plain_name
from viral_assets.sources.parsers.fields import is_blank

_LONGEST_OBJECT = 20_000
_MOST_DIGITS = 40
_THREE_DECIMALS = re.compile(r"-?\d+\.\d{3}")


def object_in(cell: str) -> Any:
    """The object that a cell holds as JSON or as Python writes it; None where it holds none."""
    return _written(cell) if cell.startswith("{") else None


def list_in(cell: str) -> list[Any]:
    """The list that a cell holds as JSON or as Python writes it; an empty one where it holds none."""
    found = _written(cell) if cell.startswith("[") else None
    return found if isinstance(found, list) else []


def _written(cell: str) -> Any:
    if len(cell) > _LONGEST_OBJECT:
        return None
    try:
        return orjson.loads(cell)
    except ValueError:
        try:
            return ast.literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None


def counted(cell: str) -> str:
    """The count in a cell, also of an object around it as X's web page has it (``{'count': '2001'}``)."""
    found = object_in(cell)
    return cell_text(found["count"]) if isinstance(found, dict) and "count" in found else cell


def fields_in_objects(objects: Iterable[tuple[int, str]], cells: Sequence[str]) -> dict[str, str]:
    """The values in objects inside the cells of a row, by field.

    Args:
        objects: which cells, and the plain name that the names inside begin with; see ``layouts``.
    """
    found: dict[str, tuple[int, str]] = {}
    for index, prefix in objects:
        for name, value in named_texts(object_in(cells[index])):
            known = FIELD_OF.get(prefix + plain_name(name))
            if known is None or is_blank(value):
                continue
            field, rank = known
            if field not in found or rank < found[field][0]:
                found[field] = (rank, value.strip())
    return {field: value for field, (_, value) in found.items()}


def named_texts(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values of an object as a table has them: dotted names, and texts."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        dotted = f"{prefix}{name}"
        if isinstance(inner, dict) and depth < 3:
            yield from named_texts(inner, f"{dotted}.", depth + 1)
        else:
            yield dotted, cell_text(inner)


def number_text(digits: str) -> str:
    """A number with a fraction, so that three digits of it do not pass for the last of some thousands."""
    return f"{digits}0" if _THREE_DECIMALS.fullmatch(digits) else digits


def float_text(value: float) -> str:
    """A number as a cell would have it, whole ones as such: pandas makes fractions of a column of them that has a gap.
    Beyond 2**53 they are rounded and must not look as if they were not.
    """
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else number_text(repr(value))


def cell_text(value: Any) -> str:
    """A value as a cell of a table would have it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(str(value))
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # thousands of digits
            return "a very long number"
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value() and value.adjusted() < _MOST_DIGITS
        return str(int(value)) if whole else number_text(str(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, ValueError):
        return ""
