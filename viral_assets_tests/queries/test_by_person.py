"""Who decided what, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from viral_assets.hours import HourRange, floor_hour
from viral_assets.queries.by_person import PersonNumbers, numbers_by_person
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion


def test_each_has_what_they_did_then_without_what_was_undone(database: Database, now: datetime) -> None:
    one = opportunity(project="demo", tweet_id="1", suggestions=(suggestion("A drawer."),))
    day = floor_hour(now)
    hours = HourRange(day, day + timedelta(hours=24))
    versions = dict.fromkeys(("demo", "other"), 0)
    with database.begin() as connection:
        store(connection, [one])
        store(connection, [replace(one, project="other")])

        def act(project: str, action: str, who: str, at: datetime = now) -> int:
            key = SuggestionKey(project, "1", TYPES[0])
            text = "A drawer upstairs." if action == "edit" else None
            done = decide(connection, key, action, who=who, at=at, version=versions[project], text=text)
            versions[project] = done.version
            return done.event_id

        act("demo", "reject", "mara", at=day - timedelta(seconds=1))
        act("demo", "approve", "mara")
        act("demo", "edit", "tom")
        act("demo", "export", "export")
        act("demo", "post", "MARA")
        act("demo", "reopen", "mara")
        taken_back = act("other", "approve", "tom")
        versions["other"] = undo(connection, taken_back, who="mara", at=now).version
        act("other", "reject", "tom")

        assert numbers_by_person(connection, hours, None) == [
            PersonNumbers("MARA", approved=1, posted=1, reopened=1),
            PersonNumbers("tom", edited=1, rejected=1),
        ]
        assert numbers_by_person(connection, hours, "other") == [PersonNumbers("tom", rejected=1)]
        assert numbers_by_person(connection, HourRange(day - timedelta(days=9), day - timedelta(days=8)), None) == []
