"""How urgent a run is, by the tags it was launched with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from viral_assets.defs.automation.requests import hours_of_run
from viral_assets.defs.automation.tags import is_in_background
from viral_assets.quota.priority import Priority, priority_of_run


def priority_of(tags: Mapping[str, str], now: datetime) -> Priority:
    """Of everything that a run asks a service for; one that is about no hours is as urgent as the newest."""
    in_background, hours = is_in_background(tags), hours_of_run(tags)
    if hours is None:
        return Priority.BACKGROUND if in_background else Priority.NEWEST_HOUR
    return priority_of_run(hours, now, in_background=in_background)
