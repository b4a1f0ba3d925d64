"""How long what is kept: a decision about times, made once for a whole pruning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from viral_assets.errors import ConfigurationError
from viral_assets.hours import floor_hour

KINDS: Mapping[str, str] = {
    "vectors": "vectors of tweets' texts; those of an offline embedder are made anew when they are needed",
    "undecided": "tweets that nobody decided about, with their counts, scores and drafts",
    "snapshots": "counts of tweets as they were at one time; the newest stay with the tweet",
    "answers": "raw answers of models, once they were read; what they cost stays",
    "rejects": "records in quarantine",
    "digests": "digest pages and their CSV files, by their hour",
    "runs": "Dagster's runs and ticks and what they logged; hours stay materialized, and checked",
}
"""What can be pruned."""

RUNS = "runs"
"""The one kind that is not in our tables: Dagster knows of it, and who prunes it is in ``defs.history``."""

LEAST_DAYS = 3
"""What is younger may still be needed: near-duplicates are sought, and put-off tweets taken up, over the last days."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Of each kind that is pruned, the time before which it goes: a midnight in UTC."""

    before: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.before)


def cutoffs(days: Mapping[str, int | None], now: datetime) -> Cutoffs:
    """The time before which each kind goes.

    Args:
        days: to keep each of :data:`KINDS`; without, or with None, it is kept for ever.

    Raises:
        ConfigurationError: fewer than :data:`LEAST_DAYS`, or too many to count back.
    """
    before: dict[str, datetime] = {}
    for kind in KINDS:
        kept = days.get(kind)
        if kept is None:
            continue
        if kept < LEAST_DAYS:
            raise ConfigurationError(f"{kind} are kept for {LEAST_DAYS} days at least, not {kept}")
        try:
            before[kind] = floor_hour(now - timedelta(days=kept)).replace(hour=0)
        except OverflowError:
            raise ConfigurationError(f"{kind}: {kept:,} days are more than there are") from None
    # A vector is found by its tweet's text: it goes before the tweet, or stays for ever.
    if "undecided" in before:
        before["vectors"] = max(before["undecided"], before.get("vectors", before["undecided"]))
    return Cutoffs(before)
