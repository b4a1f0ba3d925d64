"""The quota: its limits, and the ledger that holds them across threads, processes and machines."""

from __future__ import annotations

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.priority import Priority
from viral_assets.quota.spending import AccountSpending
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database

__all__ = ["AccountSpending", "Ledger", "Limits", "Priority", "open_ledger"]


def open_ledger(
    database: Database | None,
    limits: Limits,
    quota_key: str,
    *,
    clock: Clock | None = None,
    spending: AccountSpending | None = None,
) -> Ledger:
    """The ledger of a quota: shared through a database where there is one, else of this process alone.

    Args:
        clock: by default the database's or, without one, this machine's.
        spending: without a database, what the quotas of the account share.
    """
    if database is not None:
        return SqlLedger(database, quota_key, limits, clock=clock)
    return MemoryLedger(limits, clock=clock or SYSTEM_CLOCK, spending=spending)
