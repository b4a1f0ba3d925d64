"""A process that asks for grants as fast as it is allowed to; started several times at once by the tests."""

from __future__ import annotations

import time
import uuid
from threading import Barrier

from viral_assets.quota.ledger import Granted, GrantRequest, Settlement, Waiting
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.waiting import PATIENCE


def hammer(url: str, limits: Limits, grants: int, start: Barrier) -> None:
    """Ask until so many requests are granted, giving back half of the tokens of every grant."""
    database = Database(url)
    ledger = SqlLedger(database, "key", limits)
    runner = uuid.uuid4().hex
    ledger.join(runner, 100)
    start.wait(PATIENCE)
    while grants:
        ask = GrantRequest(uuid.uuid4().hex, runner, tokens=10, cost_usd=0.0)
        match ledger.ask(ask):
            case Granted():
                ledger.settle(ask.request_id, Settlement("answered", input_tokens=5))
                grants -= 1
            case Waiting(wait):
                time.sleep(wait)
    ledger.leave(runner)
    database.dispose()
