"""Grants in a transaction of several steps: what counts is read, ``decision.decide`` decides, and that is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.decision import decide
from viral_assets.quota.ledger import AlreadyClaimed, Decision, Granted, GrantRequest, Waiting
from viral_assets.quota.sql_usage import SqlUsage, releases


def claims(ask: GrantRequest) -> bool:
    """Whether nobody else may ask about its tweets meanwhile."""
    return ask.claim and ask.purpose == "generate" and bool(ask.tweet_ids)


def columns_of(ask: GrantRequest, *, remaining: int) -> dict[str, Any]:
    """What of a request is stored or decides, by the names that the statements have for it."""
    return {
        "id": ask.request_id,
        "purpose": ask.purpose,
        "project": ask.project,
        "provider": ask.provider,
        "model": ask.model,
        "run_id": ask.run_id,
        "tier": ask.tier,
        "batch_id": ask.batch_id,
        "tokens": ask.tokens,
        "cost_usd": ask.cost_usd,
        "tweet_ids": list(ask.tweet_ids),
        "claim": claims(ask),
        "again": ask.again,
        "takes_over": ask.takes_over,
        "priority": int(ask.priority),
        "tweets": remaining,
    }


def values_of(ask: GrantRequest, *, remaining: int = 0) -> dict[str, Any]:
    """The same, as the statements take it."""
    columns = columns_of(ask, remaining=remaining)
    return {**columns, "known_cost_usd": ask.cost_usd or 0.0, "tweets_json": json.dumps(ask.tweet_ids)}


def decide_in(connection: sa.Connection, usage: SqlUsage, ask: GrantRequest, *, now: float, remaining: int) -> Decision:
    """One decision, in a transaction that has the ledger's lock."""
    values = {**usage.values(now, ask.runner, ask.priority), **values_of(ask, remaining=remaining)}
    window = usage.current_window(connection, values)
    queries = usage.queries
    counted, row = usage.at(connection, values, window, queries.usage_and_taken if values["claim"] else queries.usage)
    if row.taken:
        statements.WITHDRAW.run(connection, values)
        return _already_claimed(connection, values)
    decision = decide(usage.limits, counted, ask.tokens, ask.cost_usd, lambda: releases(window))
    match decision:
        case Granted():
            (statements.GRANT_AND_CLAIM if values["claim"] else statements.GRANT).run(connection, values)
        case Waiting(seconds=seconds):
            statements.QUEUE.run(connection, {**values, "wake_at": now + seconds})
        case _:
            statements.WITHDRAW.run(connection, values)
    return decision


def _already_claimed(connection: sa.Connection, values: Mapping[str, Any]) -> AlreadyClaimed:
    found: dict[int, set[str]] = {1: set(), 0: set(), -1: set()}
    for row in statements.TAKEN.run(connection, values):
        found[row.finished].add(row.tweet_id)
    finished, in_batch = frozenset(found[1]), frozenset(found[-1] - found[1])
    return AlreadyClaimed(finished, frozenset(found[0] - finished - in_batch), in_batch)
