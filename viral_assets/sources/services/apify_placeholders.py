"""What a run of an Actor gave instead of tweets, and what that means for its hour: pure decisions on plain values.

Actors charge for items that say that nothing was found, for samples and for errors. An hour of which there is nothing
else was not read: the search may have been cut off, or the account's plan not allow it. Later runs ask again, a few
times and within the project's caps. What a single item is, is told by ``parsers.placeholders``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from viral_assets.sources.parsers.placeholders import placeholder
from viral_assets.sources.parsers.remarks import NO_RESULTS
from viral_assets.store.hour_leases import ONLY_PLACEHOLDERS

MOST_RUNS = 3
"""Runs of an hour that may give placeholders before only a person has it asked again."""

Counts = Mapping[str, int]
TWEETS = "tweets"


def with_items(counts: Counts, items: Iterable[Any]) -> dict[str, int]:
    """The counts after some more items of a run: by the remark for each kind of placeholder, the rest as tweets."""
    counted = dict(counts)
    for item in items:
        kind = (placeholder(item) if isinstance(item, dict) else None) or TWEETS
        counted[kind] = counted.get(kind, 0) + 1
    return counted


def reason_unfinished(counts: Counts, runs: int) -> str:
    """Why the hour of a run that has succeeded is not finished; nothing where it is.

    A search for several queries of which some found nothing is finished.

    Args:
        counts: of its items, see :func:`with_items`.
        runs: of the hour that gave placeholders, this one included.
    """
    found = {kind: count for kind, count in counts.items() if kind != TWEETS}
    if not found or (counts.get(TWEETS) and found.keys() <= {NO_RESULTS}):
        return ""
    said = ", ".join(f"{count:,} x {kind}" for kind, count in sorted(found.items()))
    if runs < MOST_RUNS:
        return f"the Actor gave placeholders ({said}); a later run asks again, within the project's caps"
    return (
        f"{ONLY_PLACEHOLDERS}({said}, {runs:,} runs); look at it at Apify, then materialize the hour to ask once more"
    )
