"""Decisions are observed, on a real instance."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from viral_assets.defs.automation.decisions_sensor import decisions_sensor
from viral_assets.defs.build import build_defs
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import hour_key
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.delivery.examples import TYPES, opportunity, store
from viral_assets_tests.home import FIRST, make_home


def test_each_hour_that_was_decided_about_is_observed_once(tmp_path: Path) -> None:
    with make_home(tmp_path) as home:
        decided_about(home.database)

        def tick(cursor: str | None) -> Any:
            with dg.build_sensor_context(
                instance=home.instance,
                cursor=cursor,
                repository_def=build_defs().get_repository_def(),
                resources={"tweet_source": TweetSourceResource(), "database": DatabaseResource()},
            ) as context:
                return decisions_sensor.evaluate_tick(context)

        first = tick(None)
        (observed,) = first.asset_events
        assert (observed.asset_key.to_user_string(), observed.partition) == ("decisions", hour_key(FIRST))
        assert {name: value.value for name, value in observed.metadata.items()} | {"last decision": 0} == {
            "worth a reply": 1,
            "waiting for a decision": 0,
            "awaiting a second approval": 0,
            "approved": 1,
            "edited": 0,
            "rejected": 0,
            "posted": 0,
            "last decision": 0,
        }
        again = tick(first.cursor)
        assert (again.asset_events, again.cursor) == ([], first.cursor)
        assert "nobody has decided anything" in str(again.skip_message)


def decided_about(database: Database) -> None:
    view = opportunity(project="demo", tweet_id="1", window_start=FIRST, created_at=FIRST, collected_at=FIRST)
    with database.begin() as connection:
        store(connection, [view])
        key = SuggestionKey("demo", "1", TYPES[0])
        decide(connection, key, "approve", who="mara", at=datetime.now(UTC), version=0)


def test_nobody_can_materialize_what_people_decide() -> None:
    graph = build_defs().get_repository_def().asset_graph
    node = graph.get(dg.AssetKey("decisions"))
    assert not node.is_materializable
    assert node.parent_keys == {dg.AssetKey("suggestion_digest")}
