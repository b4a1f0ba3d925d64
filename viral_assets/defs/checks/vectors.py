"""What is wrong with the vectors of an hour's texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from viral_assets.defs.checks.results import HourCheckResult, Violation

NORM_TOLERANCE = 1e-3
"""Vectors have length 1, but for what rounding to 16 bits changes; on that the cosines of ``scoring`` rely."""


@dataclass(frozen=True, slots=True)
class VectorHour:
    """The texts of one hour and their vectors.

    Args:
        tweets: tweet and hash of its text, in the order of the ids.
        wordless: hashes of texts with nothing to embed, whose vector is zero.
        norms: length of the vector by hash, for the texts that have one.
        reported: distinct texts that the latest materialization says it embedded; None when it says nothing.
    """

    tweets: Sequence[tuple[str, str]] = ()
    wordless: frozenset[str] = frozenset()
    norms: Mapping[str, float] = field(default_factory=dict)
    reported: int | None = None


def vectors_missing_or_wrong(hour: VectorHour) -> HourCheckResult:
    """Texts whose vector is gone, and vectors that are not of length 1.

    Tweets that came after the materialization have no vector yet, which is nobody's fault: texts without one are
    wrong only where there are fewer with one than were reported.
    """
    texts = {text_hash for _, text_hash in hour.tweets}
    covered = len(texts & hour.norms.keys())
    numbers = {"texts": len(texts), "coverage": round(covered / len(texts), 4) if texts else 1.0}
    lost = hour.reported is not None and covered < hour.reported
    violations = []
    for tweet_id, text_hash in hour.tweets:
        norm = hour.norms.get(text_hash)
        if norm is None:
            if lost:
                problem = "its text has no vector: materialize tweet_embeddings of the hour again"
                violations.append(Violation("", tweet_id, problem))
        elif not abs(norm - 1.0) <= NORM_TOLERANCE and not (norm == 0.0 and text_hash in hour.wordless):
            problem = (
                f"its vector has a length of {norm:.3f}, not 1: delete its row in embeddings (text_sha256 {text_hash})"
            )
            violations.append(Violation("", tweet_id, f"{problem} and materialize the hour again"))
    return HourCheckResult(violations, numbers=numbers)
