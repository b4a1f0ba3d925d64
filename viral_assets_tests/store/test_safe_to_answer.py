"""The database learns what is sensitive, and that a model may decline."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets.store.tables import generation_outcomes, tweet_scores

BEFORE = str(ScriptDirectory.from_config(migrations.configuration()).get_revision("0017").down_revision)
HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
OUTCOME = {
    "project": "demo",
    "tweet_id": "1",
    "window_start": HOUR,
    "outcome": "blocked",
    "reason": "SAFETY",
    "attempts": 1,
    "updated_at": HOUR,
    "provider": "google-genai",
    "run_id": "r",
}
SCORE = {
    "project": "demo",
    "tweet_id": "1",
    "window_start": HOUR,
    "velocity": 0.5,
    "relevance": 0.5,
    "openness": 0.5,
    "author_quality": 0.5,
    "total": 0.5,
    "label": "green",
    "topic": "coffee",
    "gate": "pass",
    "why": "because",
}


def test_old_rows_stay_and_were_not_looked_at_and_the_way_back_keeps_that_a_tweet_has_ended(database_url: str) -> None:
    database = Database(database_url)
    configuration = migrations.configuration()
    try:
        with database.engine.begin() as connection:
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, BEFORE)
            before = sa.table("generation_outcomes", *(sa.column(name) for name in OUTCOME))
            old = sa.table("tweet_scores", *(sa.column(name) for name in SCORE))
            connection.execute(sa.insert(before).values(OUTCOME))
            connection.execute(sa.insert(old).values(SCORE))
        with database.engine.begin() as connection:
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "0017")
            (score,) = connection.execute(sa.select(tweet_scores)).mappings().all()
            assert (score["unsafe"], score["flags"]) == (None, None)
            assert {name: score[name] for name in SCORE} == SCORE
            (kept,) = connection.execute(sa.select(generation_outcomes)).mappings().all()
            assert {name: kept[name] for name in OUTCOME} == OUTCOME
            connection.execute(
                sa.insert(generation_outcomes).values(OUTCOME | {"tweet_id": "2", "outcome": "declined"})
            )
        with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as connection:
            connection.execute(sa.insert(generation_outcomes).values(OUTCOME | {"tweet_id": "3", "outcome": "what"}))
        with database.engine.begin() as connection:
            configuration.attributes["connection"] = connection
            command.downgrade(configuration, BEFORE)
            ended = connection.execute(sa.select(before.c.tweet_id, before.c.outcome).order_by(before.c.tweet_id)).all()
            assert [tuple(each) for each in ended] == [("1", "blocked"), ("2", "blocked")]
    finally:
        database.dispose()
