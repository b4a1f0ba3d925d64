"""The numbers page: what half price has spared."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from viral_assets.llm.billing_day import billing_day
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_days
from viral_assets_tests.web.conftest import Reviewer


def spend(database: Database, now: datetime, spared: float) -> None:
    day = {"quota_key": "key", "day": billing_day(now).isoformat(), "requests": 3, "tokens": 100, "cost_usd": 0.5}
    with database.begin() as connection:
        connection.execute(sa.insert(quota_days), {**day, "spared_usd": spared})


def test_a_day_at_half_price_shows_what_it_cost_and_what_it_would_have(
    plain: Reviewer, database: Database, now: datetime
) -> None:
    spend(database, now, 0.5)
    page = plain.get("/numbers").words
    assert "At half price $0.50 less than at the standard tier." in page
    assert "Cost at the standard tier" in page
    assert "$1.00" in page


def test_days_at_the_standard_tier_say_nothing_of_it(plain: Reviewer, database: Database, now: datetime) -> None:
    spend(database, now, 0)
    assert "standard tier" not in plain.get("/numbers").words
