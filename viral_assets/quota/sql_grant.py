"""Grants in a transaction of several steps: what counts is read, ``decision.decide`` decides, and that is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    return {**columns, "requests": 1, "known_cost_usd": ask.cost_usd or 0.0, "tweets_json": json.dumps(ask.tweet_ids)}


def grant_together(
    connection: sa.Connection, usage: SqlUsage, asks: Sequence[GrantRequest], left: Sequence[int], *, now: float
) -> int:
    """Grant several requests of a runner at the price of one, from the first one on, in a transaction that has the
    ledger's lock.

    Args:
        left: tweets that the runner still wants to ask about when each is granted.

    Returns:
        How many; 0 also where that depends on which of them is asked for, so that they have to be asked one by one.
    """
    first = asks[0]
    if any(_what_decides(each) != _what_decides(first) for each in asks):
        return 0
    values = {**usage.values(now, first.runner, first.priority), **values_of(first)}
    values["tweet_ids"] = [tweet_id for each in asks for tweet_id in each.tweet_ids]
    window = usage.current_window(connection, values)
    counted, row = usage.at(
        connection, values, window, usage.queries.usage_and_taken if values["claim"] else usage.queries.usage
    )
    if row.taken or row.asked_at is not None:
        # One of them is taken; or the runner waits, and gives up its place with the first that is granted.
        return 0
    granted: list[dict[str, Any]] = []
    for ask, remaining in zip(asks, left, strict=True):
        if not isinstance(decide(usage.limits, counted, ask.tokens, ask.cost_usd, lambda: releases(window)), Granted):
            break
        granted.append({**values, **values_of(ask, remaining=remaining)})
        counted = counted.with_one_more(ask.tokens, ask.cost_usd)
    if granted:
        statements.GRANT_ROW.run_for_each(connection, granted)
        day = {name: sum(each[name] for each in granted) for name in ("requests", "tokens", "known_cost_usd")}
        statements.COUNT_GRANTS.run(connection, {**values, **day})
        statements.GRANTED_TO.run(connection, granted[-1])
        if values["claim"]:
            statements.CLAIM.run_for_each(connection, granted)
    return len(granted)


def _what_decides(ask: GrantRequest) -> tuple[object, ...]:
    """What tells whether tweets are taken, and who is in front."""
    return ask.runner, ask.priority, ask.project, ask.provider, ask.run_id, ask.again, ask.takes_over, claims(ask)


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
