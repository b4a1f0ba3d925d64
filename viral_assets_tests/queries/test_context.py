"""What a chosen tweet stands in, as prompts and pages get it, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viral_assets.context import Context, Post, References
from viral_assets.queries.context import AskedTweet, contexts_of
from viral_assets.queries.digest import digest_rows
from viral_assets.queries.export import rank_for_export, read_ranked
from viral_assets.queries.pages import read_opportunity
from viral_assets.store.engine import Database
from viral_assets.store.references import read_contexts_of, save_references
from viral_assets_tests.delivery.examples import HOUR, WINDOW, opportunity, store, suggestion
from viral_assets_tests.statements import plan_of, statements_sent

NOW = opportunity(tweet_id="now", author_id="7", author_handle="Mara")
TOLD = suggestion("Said before.", status="posted", decided_at=HOUR - timedelta(days=2), decided_by="Ada")
BEFORE = opportunity(
    tweet_id="before",
    author_id="7",
    author_handle="mara",
    created_at=HOUR - timedelta(days=3),
    window_start=HOUR - timedelta(days=3),
    suggestions=(TOLD,),
)
QUOTED = Post("8", "ben", "No phones at dinner", ("An empty table",))
EXPECTED = Context(None, QUOTED, ("A hallway",), ("Said before.",))


@pytest.fixture
def filled(database: Database) -> Database:
    with database.begin() as connection:
        store(connection, [NOW, BEFORE])
        save_references(connection, [("now", HOUR, References(None, "8", ("A hallway",), (QUOTED,)))])
    return database


def test_everybody_is_told_the_same(filled: Database) -> None:
    with filled.read() as connection:
        view = read_opportunity(connection, NOW.project, "now")
        (of_digest,) = digest_rows(connection, WINDOW)
        (part,) = read_ranked(connection, rank_for_export(connection))
        asked = AskedTweet(NOW.project, "now", NOW.window_start, "7", "Mara")
        ((for_prompt, _),) = contexts_of(connection, [asked])
    assert view is not None
    exported = {each.tweet_id: each.context for each in part}
    assert view.context == of_digest.context == exported["now"] == for_prompt == EXPECTED


def test_all_of_an_hour_are_found_without_reading_a_table_from_end_to_end(filled: Database) -> None:
    with filled.read() as connection:
        with statements_sent(connection) as sent:
            found = read_contexts_of(connection, WINDOW)
        plans = plan_of(connection, sent) if connection.dialect.name == "sqlite" else []
    assert found == {"now": Context(None, QUOTED, ("A hallway",))}
    assert not [step for step in plans if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
