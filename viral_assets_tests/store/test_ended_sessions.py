"""Which sessions of the review page were ended, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from viral_assets.store.ended_sessions import end_session, has_ended
from viral_assets.store.engine import Database
from viral_assets.store.tables import ended_sessions

WEEK = timedelta(days=7)


def test_a_session_that_was_ended_stays_so_and_others_go_on(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        end_session(connection, "one", until=now + WEEK, now=now)
    with database.read() as connection:
        assert has_ended(connection, "one")
        assert not has_ended(connection, "ONE")
        assert not has_ended(connection, "another")


def test_ending_it_twice_does_no_harm(database: Database, now: datetime) -> None:
    for _ in range(2):
        with database.begin() as connection:
            end_session(connection, "one", until=now + WEEK, now=now)
    with database.read() as connection:
        assert connection.execute(sa.select(ended_sessions.c.session_id)).scalars().all() == ["one"]


def test_it_is_forgotten_when_its_cookie_is_over_anyway_and_not_before(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        end_session(connection, "early", until=now, now=now - WEEK)
        end_session(connection, "late", until=now + WEEK, now=now)
        assert has_ended(connection, "early")
        end_session(connection, "later", until=now + 2 * WEEK, now=now + timedelta(seconds=1))
        assert not has_ended(connection, "early")
        assert has_ended(connection, "late")
