"""What people and runs want to know of a quota in a database, besides whether something may be asked now."""

from __future__ import annotations

import json

import sqlalchemy as sa

from viral_assets.llm.tiers import Tier
from viral_assets.quota import statements
from viral_assets.quota.ledger import LatencySample, Purpose, QuotaStatus, StoredAnswer
from viral_assets.quota.priority import Priority
from viral_assets.quota.sql_runners import UNKNOWN
from viral_assets.quota.sql_usage import SqlUsage
from viral_assets.store.tables import llm_requests, quota_runners


def status(connection: sa.Connection, of: SqlUsage, now: float) -> QuotaStatus:
    """See :meth:`viral_assets.quota.ledger.Ledger.status`."""
    values = of.values(now)
    usage, row = of.at(connection, values, of.window(connection, values), statements.OF_THE_ACCOUNT.usage)
    tokens = connection.execute(
        sa.select(sa.func.sum(llm_requests.c.counted_tokens)).where(*of.in_window(now))
    ).scalar_one()
    in_flight = connection.execute(
        sa.select(sa.func.count()).where(*of.in_window(now), llm_requests.c.status == "granted")
    ).scalar_one()
    runners = connection.execute(
        sa.select(sa.func.count()).where(
            quota_runners.c.quota_key == of.key,
            quota_runners.c.seen_at > values["expired"],
            quota_runners.c.tweets != UNKNOWN,
        )
    ).scalar_one()
    waiting = [(Priority(each.priority), each.runners) for each in statements.WAITING.run(connection, values)]
    blocked, learned = usage.blocked_until > now, usage.learned_until > now
    return QuotaStatus(
        limits=of.limits,
        now=now,
        window_requests=usage.window_requests,
        window_tokens=tokens or 0,
        day=usage.day.name,
        day_ends=usage.day.end,
        day_requests=usage.day_requests,
        day_tokens=usage.day_tokens,
        day_cost_usd=usage.day_cost_usd,
        day_own_cost_usd=row.day_own_cost_usd or 0.0,
        blocked_until=usage.blocked_until if blocked else None,
        block_reason=usage.block_reason if blocked else "",
        learned_requests=usage.learned_requests if learned else None,
        in_flight=in_flight,
        runners=runners,
        waiting=tuple(waiting),
    )


def unparsed(connection: sa.Connection, project: str, purpose: Purpose) -> list[StoredAnswer]:
    """See :meth:`viral_assets.quota.ledger.Ledger.unparsed`."""
    return [
        StoredAnswer(
            row.id,
            row.project,
            row.provider,
            row.model,
            tuple(json.loads(row.tweet_ids)),
            row.raw_answer,
            row.finish_reason or "",
            row.run_id,
        )
        for row in statements.UNPARSED.run(connection, {"project": project, "purpose": purpose})
    ]


def latencies(connection: sa.Connection, quota_key: str, count: int, tier: Tier) -> list[LatencySample]:
    """See :meth:`viral_assets.quota.ledger.Ledger.latencies`."""
    rows = statements.LATENCIES.run(connection, {"key": quota_key, "count": count, "tier": tier})
    sizes = [(len(json.loads(row.tweet_ids)), row.seconds) for row in rows]
    return [LatencySample(tweets, seconds) for tweets, seconds in sizes if tweets]


def failures(connection: sa.Connection, quota_key: str, count: int) -> tuple[int, int]:
    """See :meth:`viral_assets.quota.ledger.Ledger.failures`."""
    left_work = [bool(each) for each in statements.ENDED.run(connection, {"key": quota_key, "count": count}).scalars()]
    return sum(left_work), len(left_work)
