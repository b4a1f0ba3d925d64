"""Remarks: what is no record and yet worth a mention, counted by its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

NO_RESULTS = "a search that found nothing"
ABOVE_HEADER = "line above the header"
REPEATED_HEADER = "repeated header row"
SPOILT_COUNT = "count of a column whose thousands a program took for fractions: unknown"
PROMOTED = "promoted tweet, marked as one; projects leave them out unless they allow them"
NO_POST = "message without a post"
NO_TWEETS = "page without tweets"
RETWEET_COUNTS = "retweet with the original's counts, which are not its own: taken as 0"


def own_counts(counts: Mapping[str, int | None], remarks: Counter[str]) -> dict[str, Any]:
    """The counts of a retweet itself. Sources give it those of the original, which its author has not earned; nobody
    can like or answer a retweet.
    """
    if any(counts.values()):
        remarks[RETWEET_COUNTS] += 1
    return {name: None if name in ("view_count", "bookmark_count") else 0 for name in counts}
