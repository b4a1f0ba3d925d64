"""What is wrong with the tweets of an hour as they are stored. Judging a tweet is ``scoring``'s work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from viral_assets.defs.checks.results import Violation
from viral_assets.hours import HOUR
from viral_assets.store.tables import ColumnKind, kind_of, tweets

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Column

_ADVICE = "correct the row, or delete it and ingest its file again"

_TYPES: Mapping[ColumnKind, set[type]] = {"time": {datetime, str}, "boolean": {bool, int}, "integer": {int}}


@dataclass(frozen=True, slots=True)
class TweetHour:
    """The rows of the table ``tweets`` for one hour, with the values as the database gives them."""

    start: datetime
    rows: pd.DataFrame


def malformed_tweets(hour: TweetHour) -> list[Violation]:
    """Tweets without a field they need, with a value of another type, a negative count, no id, or a time that is not
    of this hour. SQLite stores whatever it is given, and either database what somebody types."""
    problems: dict[int, list[str]] = {}
    for column in tweets.c:
        values = hour.rows[column.name].tolist()
        for row, problem in _problems(column, values):
            problems.setdefault(row, []).append(problem)
    for row, problem in _times(hour):
        problems.setdefault(row, []).append(problem)
    ids = hour.rows["tweet_id"].tolist()
    return [Violation("", str(ids[row]), f"{', '.join(found)}: {_ADVICE}") for row, found in sorted(problems.items())]


def _problems(column: Column[Any], values: Sequence[Any]) -> list[tuple[int, str]]:
    """Rows with a value that cannot be, and why."""
    allowed = _types(column)
    found = []
    # What is right, which nearly always is everything, is found without a look at single values.
    if not set(map(type, values)) <= allowed:
        for row, value in enumerate(values):
            if value is None:
                found += [] if column.nullable else [(row, f"{column.name} is missing")]
            elif type(value) not in allowed:
                found.append((row, f"{column.name} is no {_type_name(column)}"))
    if kind_of(column) == "integer":
        found += [
            (row, f"{column.name} is negative") for row, value in enumerate(values) if type(value) is int and value < 0
        ]
    if column.name in ("tweet_id", "text_sha256"):
        found += [
            (row, f"{column.name} is empty")
            for row, value in enumerate(values)
            if type(value) is str and not value.strip()
        ]
    return found


def _types(column: Column[Any]) -> set[type]:
    """Both databases': SQLite has numbers for booleans and text for times."""
    absent = {type(None)} if column.nullable else set()
    return _TYPES.get(kind_of(column), {str}) | absent


def _type_name(column: Column[Any]) -> str:
    kind = kind_of(column)
    return {"boolean": "yes or no", "integer": "whole number"}.get(kind, kind)


def _times(hour: TweetHour) -> list[tuple[int, str]]:
    created, collected = (_instants(hour.rows[name]) for name in ("created_at", "collected_at"))
    start, end = (_instant(moment) for moment in (hour.start, hour.start + HOUR))
    # A time that is none compares as false, whatever it is compared with.
    elsewhere, before = ~((created >= start) & (created < end)), ~(collected >= created)
    return [
        *((int(row), f"created_at is not in the hour of {hour.start:%F %H:%M}") for row in elsewhere.nonzero()[0]),
        *((int(row), "collected_at is no time after created_at") for row in before.nonzero()[0]),
    ]


def _instants(values: pd.Series[Any]) -> Any:
    import pandas as pd

    times = pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601")
    return times.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def _instant(moment: datetime) -> Any:
    import numpy as np

    return np.datetime64(moment.replace(tzinfo=None), "us")
