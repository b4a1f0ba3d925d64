"""What people decided about the tweets of a project, as examples to learn from.

A score is about a tweet, a decision about one suggested reply. So the decisions about a tweet are taken together:

- it was worth a reply when any of its suggestions was approved, edited or posted;
- it was not when all of them were rejected, unless the reasons given are about the wording only: then the replies
  were bad and the tweet may have been good, and nothing is learnt from it;
- it is left out while anything else is open. An export is no decision: it takes along what nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from viral_assets.learning.rejection_reasons import concerns_wording
from viral_assets.queries.feedback import read_judged
from viral_assets.store.suggestion_status import stands_approved
from viral_assets.vocabulary import COMPONENTS, REJECTED

if TYPE_CHECKING:
    from sqlalchemy import Connection

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one suggestion: whether a person stands behind it, whether it is rejected, and why if said."""

    approved: bool
    rejected: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Tweets decided about, in the order of the decisions: components (n, 4) in the order of ``COMPONENTS``, and
    whether each was worth a reply (n,)."""

    tweet_ids: tuple[str, ...]
    components: FloatArray
    good: BoolArray

    def __len__(self) -> int:
        return len(self.good)


def worth_a_reply(suggestions: Iterable[Judgement]) -> bool | None:
    """What the decisions about all suggestions of a tweet say of the tweet; None where they say nothing."""
    judged = list(suggestions)
    if any(each.approved for each in judged):
        return True
    if not judged or not all(each.rejected for each in judged):
        return None
    reasons = [each.reason for each in judged if each.reason.strip()]
    return None if reasons and all(concerns_wording(reason) for reason in reasons) else False


def read_decisions(connection: Connection, project: str, since: datetime) -> Decisions:
    """The decisions about tweets posted since ``since`` (aware) that still have a score, and one whose every component
    is known."""
    found: list[tuple[datetime, str, tuple[float, ...], bool]] = []
    for tweet_id, of_tweet in groupby(read_judged(connection, project, since), key=attrgetter("tweet_id")):
        suggestions = list(of_tweet)
        good = worth_a_reply(
            Judgement(
                stands_approved(each.status, decided=each.decided_at is not None), each.status == REJECTED, each.reason
            )
            for each in suggestions
        )
        if good is not None and None not in suggestions[0].components:
            decided_at = max(each.decided_at or each.created_at for each in suggestions)
            found.append((decided_at, tweet_id, suggestions[0].components, good))
    found.sort()
    return Decisions(
        tuple(tweet_id for _, tweet_id, _, _ in found),
        np.array([values for _, _, values, _ in found], dtype=np.float64).reshape(-1, len(COMPONENTS)),
        np.array([good for *_, good in found], dtype=np.bool_),
    )
