"""The requests of a whole run, as it will plan them: it plans anew while a burst begins and in each window, and of what
is left then it makes other requests than its first plan did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viral_assets.generation.run.failures.backoff import stagger_seconds
from viral_assets.generation.run.planning.packs import Pack, PackGroup, PackPlan
from viral_assets.generation.run.planning.run_plan import PLANNED_SECONDS, PlanProgress, PlanTerms, plan_of_run
from viral_assets.quota.ledger import QuotaState
from viral_assets.quota.limits import Limits

MOST_STEPS = 5
"""A burst of hundreds is planned anew about so often here, which is close enough."""


def foreseen(groups: Sequence[PackGroup], quota: QuotaState, terms: PlanTerms, limits: Limits) -> PackPlan:
    """The plan of a run that begins now, in which nothing fails."""
    made = plan_of_run(groups, quota, terms, PlanProgress())
    least, window = len(made.packs) // MOST_STEPS, quota.window_seconds
    sent, left, now, next_start = list[Pack](), list(groups), 0.0, 0.0
    while made.packs:
        # Of many windows only the last ones are planned anew: those before are full in any case.
        until = max(PLANNED_SECONDS, made.makespan - 1.5 * window)
        under_way, later = sum(end > now for end in _ends(sent, terms)), 0.0
        waiting = sum(pack.tweets for pack in made.packs)
        for number, pack in enumerate(made.packs):
            # What comes next is taken as soon as the one before it has begun, and then waits for its turn.
            taken = max(pack.start, sent[-1].start - now if sent else 0.0)
            if taken > until and (number >= least or taken > window / 2):
                later = taken
                break
            start = max(pack.start, next_start - now)
            sent.append(replace(pack, start=now + start))
            waiting -= pack.tweets
            goes_on = made.makespan - start > window / 2
            next_start = now + start + _apart(pack, waiting, under_way + number, terms, limits, goes_on=goes_on)
        now += later
        left = [replace(group, tweets=group.tweets - _tweets_of(number, sent)) for number, group in enumerate(groups)]
        answered = sum(end <= now for end in _ends(sent, terms))
        known = terms.after(len(sent), answered, _usd(groups, sent))
        made = plan_of_run(
            left, quota_after(quota, groups, sent, now), known, _progress(groups, sent, terms, window, now)
        )
    makespan = max(_ends(sent, terms), default=0.0)
    return PackPlan(tuple(sent), makespan, tuple(group.tweets for group in left), made.reason)


def _apart(pack: Pack, waiting: int, under_way: int, terms: PlanTerms, limits: Limits, *, goes_on: bool) -> float:
    """Seconds from a request of a burst to the next one, as a run keeps them (``failures.service_watch``).

    Args:
        waiting: tweets, without those of the request.
        under_way: requests, without it.
    """
    burst = max(1, min(waiting + under_way, terms.concurrency))
    return stagger_seconds(
        limits,
        terms.latency.of(pack.tweets),
        burst,
        measured=terms.is_measured or goes_on,
        first=not (under_way or terms.is_measured),
    )


def quota_after(quota: QuotaState, groups: Sequence[PackGroup], sent: Sequence[Pack], now: float) -> QuotaState:
    """What there is when these have been sent, and what they count is as it was estimated.

    Args:
        quota: when nothing was sent; from then on seconds are counted.
    """
    window = quota.window_seconds
    counted = [(pack.start + window, int(groups[pack.group].counted(pack.tweets))) for pack in sent]
    releases = sorted((*quota.token_releases, *counted))
    # Each has taken the slot that was free first.
    slots = sorted((*quota.returning, *(back for back, _ in counted)))[max(0, len(sent) - quota.free) :]
    return replace(
        quota,
        free=max(0, quota.free - len(sent)) + sum(slot <= now for slot in slots),
        returning=tuple(slot - now for slot in slots if slot > now),
        blocked_for=max(0.0, quota.blocked_for - now),
        tokens_used=quota.tokens_used
        + sum(tokens for _, tokens in counted)
        - sum(tokens for at, tokens in releases if at <= now),
        token_releases=tuple((at - now, tokens) for at, tokens in releases if at > now),
        requests_today=None if quota.requests_today is None else max(0, quota.requests_today - len(sent)),
        usd_today=None if quota.usd_today is None else max(0.0, quota.usd_today - _usd(groups, sent)),
        day_ends_in=quota.day_ends_in - now,
    )


def _progress(
    groups: Sequence[PackGroup], sent: Sequence[Pack], terms: PlanTerms, window: float, now: float
) -> PlanProgress:
    larger = [pack for pack in sent if pack.tweets > (groups[pack.group].cap or terms.cap)]
    return PlanProgress(
        busy=tuple(end - now for end in _ends(sent, terms) if end > now),
        is_long=now > window / 2,
        has_stretched=any(now < pack.start + window for pack in larger),
    )


def _ends(sent: Sequence[Pack], terms: PlanTerms) -> list[float]:
    return [pack.start + terms.latency.of(pack.tweets) for pack in sent]


def _tweets_of(number: int, sent: Sequence[Pack]) -> int:
    return sum(pack.tweets for pack in sent if pack.group == number)


def _usd(groups: Sequence[PackGroup], sent: Sequence[Pack]) -> float:
    return sum(groups[pack.group].usd_of(pack.tweets) for pack in sent)
