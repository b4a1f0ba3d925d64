"""What lists of opportunities are sorted by."""

from __future__ import annotations

import math
from typing import Literal, get_args

from viral_assets.vocabulary import UNKNOWN_AUDIENCE

SortBy = Literal["score", "views", "balanced"]
SORT_KEYS: tuple[SortBy, ...] = get_args(SortBy)

REACH_OF_ONE = 1_000_000
"""Audience whose reach counts as 1 in the balanced priority."""


def priority(sort_by: SortBy, *, total: float, views: int | None, followers: int | None) -> float:
    """How early a tweet comes in a list sorted by ``sort_by``; the higher, the earlier.

    ``score``: 100 · total. ``views``: the views as collected, unknown ones come last. ``balanced``: 100 · total ·
    reach, where reach = log10(1 + audience) / 6, at most 1, and the audience is the views, or the followers where the
    views are unknown, or :data:`~viral_assets.vocabulary.UNKNOWN_AUDIENCE` where both are: a tweet seen by a million
    people keeps its whole score, one seen by a thousand half of it.
    """
    match sort_by:
        case "score":
            return 100 * total
        case "views":
            return float(views or 0)
        case "balanced":
            audience = next((known for known in (views, followers) if known is not None), UNKNOWN_AUDIENCE)
            return 100 * total * min(1.0, math.log10(1 + audience) / math.log10(REACH_OF_ONE))
