"""When the counts of a file were seen, where it does not say so. Velocity depends on it."""

from __future__ import annotations

from datetime import datetime
from itertools import repeat
from typing import Any

from viral_assets.hours import HOUR, floor_hour


def collection_time(newest: datetime | None, modified: datetime, now: datetime) -> datetime:
    """When the counts of a file that does not say so were seen: by the end of the hour of its newest tweet.

    Args:
        newest: when the newest tweet was posted; None if there is none.
        modified: when the file was last changed, which counts if it is earlier; before the newest tweet, it is wrong.
        now: the present, which nothing is later than.
    """
    if newest is None:
        return now
    end_of_hour = floor_hour(newest) + HOUR
    return max(newest, min(now, end_of_hour, modified if modified >= newest else end_of_hour))


def settle_collection_times(columns: dict[str, list[Any]], default: datetime, *, override: bool) -> None:
    """Fill in the times of collection of some tweets, column by column.

    Args:
        override: whether ``default`` counts also where a record has its own.
    """
    recorded = repeat(None) if override else columns["collected_at"]
    columns["collected_at"] = [
        max(seen or default, posted) for seen, posted in zip(recorded, columns["created_at"], strict=False)
    ]
