"""What people decided, by hour, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from viral_assets.hours import HOUR
from viral_assets.queries.decided import HourDecided, hours_decided_since, read_decided
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion


def test_an_hour_stands_as_people_left_it(database: Database, now: datetime) -> None:
    several = tuple(suggestion("A reply.", type_name=kind) for kind in TYPES)
    one = opportunity(project="a", tweet_id="1", suggestions=several)
    later = one.window_start + HOUR
    two, three = (replace(one, tweet_id=name) for name in ("2", "3"))
    other = replace(one, tweet_id="4", window_start=later, created_at=later, collected_at=later)
    with database.begin() as connection:
        store(connection, [one, two, three, other])
        assert hours_decided_since(connection, 0) == (set(), 0)
        for tweet, kind, action in (("1", 0, "approve"), ("1", 1, "reject"), ("2", 0, "post")):
            key = SuggestionKey("a", tweet, TYPES[kind])
            decide(connection, key, action, who="mara", at=now, version=0)
    with database.begin() as connection:
        hours, last = hours_decided_since(connection, 0)
        assert hours == {one.window_start}
        assert hours_decided_since(connection, last)[0] == set()
        assert hours_decided_since(connection, 0, most=2)[1] < last
        assert read_decided(connection, hours) == {one.window_start: HourDecided(3, 1, 0, 1, 0, 1, 1, now)}
        done = decide(connection, SuggestionKey("a", "4", TYPES[0]), "approve", who="mara", at=now, version=0)
        undo(connection, done.event_id, who="mara", at=now)
        assert hours_decided_since(connection, last)[0] == {later}
        assert read_decided(connection, [later]) == {later: HourDecided(1, 1, 0, 0, 0, 0, 0, None)}
