"""Places in a list that is read page by page, as they stand in an address: the value that is sorted by, and the key."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from viral_assets.queries.filters import BadFilterError

Value = TypeVar("Value")


def write_place(value: Any, project: str, tweet_id: str) -> str:
    """A place for an address."""
    written = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
    place = json.dumps([written, project, tweet_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_place(after: str, read_value: Callable[[Any], Value]) -> tuple[Value, str, str]:
    """Value, project and tweet id of a place.

    Args:
        read_value: makes the value of what JSON has, or raises what such functions raise.

    Raises:
        BadFilterError: it is no place.
    """
    try:
        value, project, tweet_id = json.loads(base64.urlsafe_b64decode(after[:400] + "=" * (-len(after[:400]) % 4)))
        if not isinstance(project, str) or not isinstance(tweet_id, str):
            raise TypeError
        place = read_value(value)
        if isinstance(place, float) and not math.isfinite(place):
            raise ValueError
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise BadFilterError("this is no place in the list; begin with its first page") from None
    return place, project.replace("\x00", ""), tweet_id.replace("\x00", "")
