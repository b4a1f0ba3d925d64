"""The text of what is rejected, as the quarantine keeps it and messages show it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import orjson

from viral_assets.sources.parsers.fields import shown
from viral_assets.sources.parsers.json_values import MalformedText

_SURROGATE = re.compile("[\ud800-\udfff]")


def raw_json(value: object) -> str:
    """The text of a rejected value: as it stood where it is broken, else written anew."""
    if isinstance(value, MalformedText):
        return visible(value.text)
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):  # surrogates, integers beyond 64 bits, deep nesting
        try:
            return json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            return shown(value)


def raw_row(names: Iterable[str], cells: Iterable[str]) -> str:
    """The text of a row of a table that is no text itself: its filled cells by the names of their columns, as JSON."""
    filled = {_encodable(name): _encodable(cell) for name, cell in zip(names, cells, strict=True) if cell}
    return orjson.dumps(filled).decode()


def in_a_line(error: Exception) -> str:
    """What an error of somebody else's library says, in one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def visible(text: str) -> str:
    """Bytes that could not be decoded, and halves of characters, written out as ``\\xff`` and ``\\ud83d``."""
    return text if text.isascii() else _SURROGATE.sub(_written_out, text)


def _written_out(surrogate: re.Match[str]) -> str:
    code = ord(surrogate[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
