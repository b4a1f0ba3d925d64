"""The requests of a whole run, as it will plan them: it plans anew in each window, and of the last of several it keeps
other requests than of a first one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viral_assets.generation.run.planning.packs import Group, Pack, Plan
from viral_assets.generation.run.planning.run_plan import Progress, Terms, plan_of_run
from viral_assets.quota.ledger import QuotaState


def foreseen(groups: Sequence[Group], quota: QuotaState, terms: Terms) -> Plan:
    """The plan of a run that begins now, in which nothing fails."""
    first = made = plan_of_run(groups, quota, terms, Progress())
    window, sent, now = quota.window_seconds, list[Pack](), 0.0
    while made.packs:
        # Of many windows only the last ones are planned anew: those before are full in any case.
        until = max(window / 2, made.makespan - 1.5 * window)
        sent += [replace(pack, start=now + pack.start) for pack in made.packs if pack.start <= until]
        later = [pack for pack in made.packs if pack.start > until]
        now += min((pack.start for pack in later), default=0.0)
        left = [
            replace(group, tweets=sum(pack.tweets for pack in later if pack.group == number))
            for number, group in enumerate(groups)
        ]
        known = terms.after(len(sent), _usd(groups, sent))
        made = plan_of_run(
            left, quota_after(quota, groups, sent, now), known, _progress(groups, sent, terms, window, now)
        )
    ends = [pack.start + terms.latency.of(pack.tweets) for pack in sent]
    return replace(first, packs=tuple(sent), makespan=max(ends, default=0.0))


def quota_after(quota: QuotaState, groups: Sequence[Group], sent: Sequence[Pack], now: float) -> QuotaState:
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


def _progress(groups: Sequence[Group], sent: Sequence[Pack], terms: Terms, window: float, now: float) -> Progress:
    ends = [pack.start + terms.latency.of(pack.tweets) - now for pack in sent]
    larger = [pack for pack in sent if pack.tweets > (groups[pack.group].cap or terms.cap)]
    return Progress(
        busy=tuple(end for end in ends if end > 0),
        is_long=now > window / 2,
        has_stretched=any(now < pack.start + window for pack in larger),
    )


def _usd(groups: Sequence[Group], sent: Sequence[Pack]) -> float:
    return sum(groups[pack.group].usd_of(pack.tweets) for pack in sent)
