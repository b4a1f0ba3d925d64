"""One tweet on its way through a run. Values only: whatever happens to a tweet makes a new one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from viral_assets.generation.opportunity import Opportunity, TweetKey


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion that passed the quality filter, and the request that paid for it."""

    suggestion_type: str
    text: str
    weighted_length: int
    provider: str
    model: str
    request_id: str


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """A tweet that has not ended. ``not_before`` is on the run's clock; ``largest_pack`` shrinks when packs fail.

    ``attempts`` counts the requests it took part in, ``failures`` those that came to nothing for it, the first of them
    at ``failed_since``, and ``unanswered`` those of them that had no answer at all. ``complaints`` say what the quality
    filter had against the last suggestion of a type. ``raised_cap``: thoughts have used up an answer about it, so the
    next one has more room. ``cheap_failures`` are those at a tier below the standard one, refusals included.
    ``rejected``: the service has rejected it by itself, once.
    """

    opportunity: Opportunity
    attempts: int = 0
    failures: int = 0
    failed_since: float = math.inf
    unanswered: int = 0
    quality_attempts: int = 0
    not_before: float = 0.0
    largest_pack: int = 1_000
    accepted: Mapping[str, Suggestion] = field(default_factory=dict)
    complaints: Mapping[str, str] = field(default_factory=dict)
    raised_cap: bool = False
    cheap_failures: int = 0
    rejected: bool = False

    @property
    def key(self) -> TweetKey:
        return self.opportunity.key

    @property
    def missing(self) -> tuple[str, ...]:
        """Suggestion types still wanted."""
        return tuple(kind for kind in self.opportunity.suggestion_types if kind not in self.accepted)

    @property
    def still_asked(self) -> Opportunity:
        """The opportunity with the suggestion types that are still missing."""
        if not self.accepted:
            return self.opportunity
        return replace(self.opportunity, suggestion_types=self.missing)

    def in_packs_of(self, tweets: int) -> Item:
        """The same, to be asked about together with fewer others: so many tweets at most, one at least."""
        return replace(self, largest_pack=max(1, tweets))
