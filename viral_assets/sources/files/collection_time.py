"""When the counts of a file were seen, where it does not say so. Velocity depends on it."""

from __future__ import annotations

from datetime import datetime
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
    recorded, posted = columns["collected_at"], columns["created_at"]
    if override or not any(recorded):
        if max(posted, default=default) <= default:
            # As in most files: one time for all, and none was posted after it.
            columns["collected_at"] = [default] * len(posted)
            return
        recorded = [None] * len(posted)
    columns["collected_at"] = [max(seen or default, when) for seen, when in zip(recorded, posted, strict=True)]
