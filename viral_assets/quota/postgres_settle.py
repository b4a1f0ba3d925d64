"""Settlements on PostgreSQL by one call, the way there and back included, for requests that are under way.

The procedure ``settle_requests`` (migration 0018) does what ``settling.settle`` does, but for what is no everyday
matter: it leaves alone whatever was settled before, is not there any more, or was granted on another day.

It waits for the disk when it has let go of the ledger's lock, so that those who wait for the lock do not wait for the
disk too, and answers of several processes reach it together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.limits import PacificDay
from viral_assets.quota.script import Script
from viral_assets.quota.settling import Settled, columns_of

_SETTLE = Script("CALL settle_requests(CAST(:shared AS jsonb), CAST(:ended AS jsonb), NULL)")


def settle_granted(
    connection: sa.Connection, quota_key: str, ended: Sequence[Settled], *, day: PacificDay, now: float | None
) -> frozenset[str]:
    """Settle what is under way of a quota.

    Args:
        connection: on which a statement is a transaction.
        day: on which they were granted, as far as the caller knows.
        now: by a clock of the caller's own; None for the server's.

    Returns:
        The ids of those that are settled, and on the disk.
    """
    shared = {
        "lock": statements.LOCK_KEY,
        "key": quota_key,
        "now": now,
        "day": day.name,
        "day_start": day.start,
        "day_end": day.end,
    }
    values = [columns_of(each) for each in ended]
    row = _SETTLE.run(connection, {"shared": json.dumps(shared), "ended": json.dumps(values)}).one()
    return frozenset(row.settled)
