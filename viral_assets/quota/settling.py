"""Settlements in the database: what a request used replaces what was estimated, and each request is settled once.

Several are written in one transaction. Whether they are taken from the run that asked or, after an outage, from what
it had to keep beside the database, makes no difference here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.counting import settled_cost
from viral_assets.quota.ledger import GrantRequest, Settlement
from viral_assets.quota.limits import pacific_day
from viral_assets.quota.sql_grant import values_of
from viral_assets.text.cleaning import text_for_storage


@dataclass(frozen=True, slots=True)
class Settled:
    """A request that has ended.

    Args:
        quota_key: what it counts for.
        tokens: what it counts in the token window; None leaves it at what was estimated.
        grant: with which the row is made anew, should the database have lost it; None where that cannot be.
    """

    request_id: str
    quota_key: str
    settlement: Settlement
    tokens: int | None
    grant: GrantRequest | None = None


def settle(connection: sa.Connection, ended: Sequence[Settled], now: float, *, again: bool = True) -> None:
    """Write how requests ended, in a transaction that has the ledger's lock.

    A server that crashed may have forgotten the grants of its last half second: those are counted from now.

    Args:
        again: whether one that is settled already is settled once more, as it is where its run was thought dead.
    """
    wanted = {each.request_id: each for each in ended}
    rows = _rows_of(connection, list(wanted))
    lost = [each for name, each in wanted.items() if name not in rows]
    for each in lost:
        if each.grant is None:
            raise LookupError(f"there is no request {each.request_id} to settle")
        granted = {"key": each.quota_key, "now": now, "day": pacific_day(now).name}
        statements.GRANT_LOST.run(connection, {**values_of(each.grant), **granted})
    rows |= _rows_of(connection, [each.request_id for each in lost])
    changes = [
        _changes(each, rows[name], now) for name, each in wanted.items() if again or rows[name].status == "granted"
    ]
    statements.SETTLE.run_for_each(connection, changes)
    for day in {(each["key"], each["day"]) for each in changes}:
        of_day = [each for each in changes if (each["key"], each["day"]) == day]
        sums = {name: sum(each[name] for each in of_day) for name in _SUMS}
        statements.COUNT_SETTLED.run(connection, {"key": day[0], "day": day[1], **sums})


_SUMS = ("given_back", "more_tokens", "more_cost_usd", "more_spared_usd")


def _rows_of(connection: sa.Connection, request_ids: list[str]) -> dict[str, sa.Row[Any]]:
    if not request_ids:
        return {}
    return {row.id: row for row in statements.GRANTED.run(connection, {"request_ids": request_ids})}


def columns_of(ended: Settled) -> dict[str, Any]:
    """What is stored of how a request ended, by the names that the statements have for it; None for tokens and cost
    leaves them at what was estimated."""
    settlement = ended.settlement
    return {
        "id": ended.request_id,
        "status": settlement.status,
        "tokens": ended.tokens,
        "cost_usd": settled_cost(settlement),
        "input_tokens": settlement.input_tokens,
        "output_tokens": settlement.output_tokens,
        "thought_tokens": settlement.thought_tokens,
        "cached_tokens": settlement.cached_tokens,
        "tier": settlement.tier,
        "spared_usd": settlement.spared_usd,
        "model_version": _storable(settlement.model_version),
        "http_status": settlement.http_status,
        "finish_reason": _storable(settlement.finish_reason),
        "error": _storable(settlement.error),
        "raw_answer": _storable(settlement.raw_answer),
    }


def _changes(ended: Settled, row: sa.Row[Any], now: float) -> dict[str, Any]:
    values = columns_of(ended)
    tokens = row.counted_tokens if ended.tokens is None else ended.tokens
    cost = row.counted_cost_usd if values["cost_usd"] is None else values["cost_usd"]
    return values | {
        "now": now,
        "key": ended.quota_key,
        "day": pacific_day(row.granted_at).name,
        "tokens": tokens,
        "cost_usd": cost,
        "more_tokens": tokens - row.counted_tokens,
        "more_cost_usd": (cost or 0.0) - (row.counted_cost_usd or 0.0),
        "given_back": int(ended.settlement.status == "unsent" and row.status != "unsent"),
        # Who was thought dead may settle once more what another one has settled.
        "more_spared_usd": (ended.settlement.spared_usd or 0.0) - (row.spared_usd or 0.0),
    }


def _storable(text: str | None) -> str | None:
    return None if text is None else text_for_storage(text)
