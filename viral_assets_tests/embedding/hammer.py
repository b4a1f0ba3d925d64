"""A process that embeds as fast as it is allowed to; started several times at once by the tests."""

from __future__ import annotations

from threading import Barrier

from viral_assets.embedding.gemini import GeminiEmbedder
from viral_assets.errors import QuotaExhaustedError
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.waiting import PATIENCE


def hammer(url: str, quota_key: str, limits: Limits, endpoint: str, name: str, start: Barrier) -> None:
    """Embed one text after the other until the day's quota is used up."""
    database = Database(url)
    embedder = GeminiEmbedder("a-key", SqlLedger(database, quota_key, limits), endpoint=endpoint, run_id=name)
    start.wait(PATIENCE)
    number = 0
    while True:
        try:
            embedder.embed([f"{name} has text {number}"])
        except QuotaExhaustedError:
            break
        number += 1
    database.dispose()
