"""The quota: its limits, and the ledger that holds them across threads, processes and machines."""

from __future__ import annotations

from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database

__all__ = ["Ledger", "Limits", "open_ledger"]


def open_ledger(database: Database | None, limits: Limits, quota_key: str) -> Ledger:
    """The ledger of a quota: shared through a database where there is one, else of this process alone."""
    return SqlLedger(database, quota_key, limits) if database is not None else MemoryLedger(limits)
