"""Packs beyond the usual cap, where requests fail and larger ones save a window.

Tweets that fill their windows to the last request leave none for what fails, which waits for one more window, most of
a minute. Packs that are a little larger need fewer requests, and cost a second. Where nothing is likely to fail the cap
is what it is, and what a person has said is never exceeded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from viral_assets.generation.run.planning.failure_rate import at_most, at_risk
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan, fewest_requests
from viral_assets.projects.model import Generation
from viral_assets.quota.ledger import QuotaState

STRETCHED_CAP = 12
"""Tweets per request while nothing has failed. Packing is known to hold quality to about ten and to decay beyond 20;
two of 15 requests are spared by packs of 12 instead of ten, and three hardly more often needed."""

CAP_AFTER_FAILURES = 15
"""The same where some of them are asked about again: they have taken the place of others, and a third of the requests
is spared for it."""

LIKELY = 0.1
"""How much less likely one more window has to become. That is six seconds on average where windows last a minute, and
packs of 12 instead of ten take one or two where a tweet takes 0.6 s."""


def stretched_cap(generation: Generation, *, asked_before: bool) -> int:
    """Tweets per request where larger packs pay: never more than a project's file says, if it says something.

    Args:
        asked_before: some of the tweets are asked about again.
    """
    usual = generation.max_tweets_per_request
    if "max_tweets_per_request" in generation.model_fields_set:
        return usual
    return max(usual, CAP_AFTER_FAILURES if asked_before else STRETCHED_CAP)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Larger packs, to choose from.

    Args:
        plan: makes a plan with them for a state of the quota.
        needed: requests that all tweets take at least within the usual cap, and with larger packs.
        share: of the requests to come, those that may be assumed to fail.
        without_asked: makes a plan without the tweets that are asked about again, within the usual cap; None where
            there are none.
        begun: larger packs have been sent in this window, and the others have to be as large for it to pay.
    """

    plan: Callable[[QuotaState], PackPlan]
    needed: tuple[int, int]
    share: float
    without_asked: Callable[[QuotaState], PackPlan] | None = None
    begun: bool = False

    def instead_of(self, usual: PackPlan, quota: QuotaState, *, under_way: int) -> PackPlan | None:
        """The plan with larger packs, where that is likely to save a window; None where it is not.

        Args:
            usual: the plan within the usual cap.
            under_way: requests that have not ended, and may fail too.
        """
        within_cap, stretched = self.needed
        if stretched >= within_cap:
            return None
        slots = slots_until(usual.makespan, usual, quota)
        likelier = self._enough(slots, stretched, under_way) - self._enough(slots, within_cap, under_way)
        if self.begun or likelier >= LIKELY:
            return self.plan(quota)
        earlier = usual.makespan - quota.window_seconds / 2
        if self.without_asked is None or earlier <= 0 or self.without_asked(quota).makespan > earlier:
            return None
        # What has failed has taken the place of others, and costs a window.
        larger = self.plan(quota)
        return larger if larger.makespan <= earlier else None

    def _enough(self, slots: int, requests: int, under_way: int) -> float:
        """How likely so many slots do for so many requests, and for what of them fails."""
        return at_most(max(0, slots - requests), at_risk(requests + under_way, self.share), self.share)


def stretch_of(
    plan: Callable[..., PackPlan],
    groups: Sequence[PackGroup],
    quota: QuotaState,
    *,
    usual_cap: int,
    share: float,
    asked: Sequence[int] = (),
    begun: bool = False,
) -> Stretch:
    """Larger packs of these groups.

    Args:
        plan: makes a plan for groups and a state of the quota, within a ``cap``.
        usual_cap: tweets per request within the usual.
        asked: how many tweets of each group are asked about again; empty for none.
        share: see :class:`Stretch`; so is ``begun``.
    """
    stretched = [group.stretched for group in groups]
    # Each group has one of its own, which is no higher.
    cap = max((group.cap or 1 for group in stretched), default=1)
    needed = fewest_requests(groups, cap, quota.max_tokens), fewest_requests(stretched, cap, quota.max_tokens)
    without = None
    if any(asked):
        new = [replace(group, tweets=group.tweets - again) for group, again in zip(groups, asked, strict=True)]
        without = partial(plan, new, cap=usual_cap)
    return Stretch(partial(plan, stretched, cap=cap), needed, share, without, begun)


def slots_until(end: float, planned: PackPlan, quota: QuotaState) -> int:
    """Requests that the quota allows until then, those that the plan makes included."""
    returning = sum(slot <= end for slot in quota.returning)
    again = sum(pack.start + quota.window_seconds <= end for pack in planned.packs)
    # Free ones may be a million.
    return returning + again + (quota.free if quota.blocked_for <= end else 0)
