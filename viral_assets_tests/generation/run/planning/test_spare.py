"""What is left of a window once everything has been asked: enough for a second try, or not."""

from __future__ import annotations

from viral_assets.generation.run.planning.spare import SpareQuota
from viral_assets.quota.ledger import QuotaState


def test_a_request_needs_a_slot_and_tokens() -> None:
    spare = SpareQuota(QuotaState(15, 60.0, 2, max_tokens=1_000, tokens_used=300), at=100.0)

    assert spare.allows(700, now=100.0)
    assert not spare.allows(701, now=100.0)
    spare.granted(600)
    assert not spare.allows(500, now=100.0)
    assert spare.allows(100, now=100.0)
    spare.granted(100)
    assert not spare.allows(0, now=100.0), "no slot is left"


def test_what_comes_back_is_seen_when_it_does() -> None:
    quota = QuotaState(
        15, 60.0, 0, returning=(5.0, 9.0), max_tokens=1_000, tokens_used=1_000, token_releases=((5.0, 400), (9.0, 600))
    )
    spare = SpareQuota(quota, at=100.0)

    assert not spare.allows(1, now=104.0)
    assert spare.allows(400, now=105.0)
    assert not spare.allows(401, now=105.0)
    assert spare.allows(1_000, now=109.0)


def test_a_blocked_quota_has_nothing_to_spare_and_a_short_day_neither() -> None:
    blocked = SpareQuota(QuotaState(15, 60.0, 15, blocked_for=5.0), at=0.0)

    assert not blocked.allows(1, now=4.0)
    assert blocked.allows(1, now=5.0)
    assert not SpareQuota(QuotaState(15, 60.0, 15, requests_today=0), at=0.0).allows(1, now=0.0)


def test_a_request_costs_no_more_than_what_is_left_of_the_budget() -> None:
    spare = SpareQuota(QuotaState(15, 60.0, 15, usd_today=0.05), at=0.0)

    spare.granted(1, 0.03)

    assert spare.allows(1, now=0.0, usd=0.02)
    assert not spare.allows(1, now=0.0, usd=0.021)
