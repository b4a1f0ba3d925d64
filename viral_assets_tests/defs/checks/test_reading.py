"""The rows that checks look at, as both databases give them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from viral_assets.defs.checks.counts import ReportedCounts, StoredCounts
from viral_assets.defs.checks.opportunities import opportunities_out_of_order
from viral_assets.defs.checks.reading import (
    read_opportunity_hours,
    read_score_hours,
    read_spent_days,
    read_suggestion_hours,
    read_tweet_hours,
    read_vector_hours,
)
from viral_assets.defs.checks.scores import scores_out_of_range
from viral_assets.defs.checks.spending import SpentDay
from viral_assets.defs.checks.suggestions import opportunities_without_end
from viral_assets.defs.checks.tweets import malformed_tweets
from viral_assets.defs.checks.vectors import vectors_missing_or_wrong
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.model import Project, TaxonomyNode, Voice
from viral_assets.quota.limits import pacific_day
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.tweets import upsert_tweets
from viral_assets.store.vectors import write_vectors
from viral_assets_tests.store.rows import POSTED, tweet_row

HOURS = HourRange(POSTED.replace(minute=0, second=0), POSTED.replace(minute=0, second=0) + 2 * HOUR)
FULL, EMPTY = HOURS
DONE_AT = POSTED + timedelta(hours=3)
PROJECT = Project(
    name="phones",
    taxonomy=(TaxonomyNode(label="bedroom", description="Phones in the bedroom"),),
    voice=Voice(persona="A parent"),
)
MODEL = "a-model"
WHOSE = {"project": "phones", "tweet_id": "1", "window_start": FULL}


@pytest.fixture
def filled(database: Database) -> Database:
    """One tweet that went all the way, and one that has nothing to embed; the next hour is empty."""
    suggestion = {**WHOSE, "text": "A drawer in the hall.", "weighted_length": 21, "provider": "google-genai"}
    suggestion |= {"model": "gemini", "request_id": "r1", "created_at": DONE_AT}
    with database.begin() as connection:
        wordless = tweet_row("2", text="\N{THUMBS UP SIGN} https://t.co/a", text_sha256="1" * 64)
        upsert_tweets(connection, [tweet_row("1"), wordless])
        write_vectors(connection, MODEL, ["0" * 64, "1" * 64], np.array([[0.6, 0.8], [0, 0]], dtype=np.float32))
        scores = dict.fromkeys(("velocity", "relevance", "openness", "author_quality", "total"), 0.5)
        told: dict[str, Any] = {"label": "green", "topic": "bedroom", "why": "it asks"}
        for table, row in (
            (tables.tweet_scores, {**WHOSE, **scores, **told, "gate": "pass"}),
            (tables.comment_opportunities, {**WHOSE, **told, "total": 0.5, "rank": 1}),
            (
                tables.generation_outcomes,
                {**WHOSE, "outcome": "done", "reason": "", "attempts": 1, "updated_at": DONE_AT},
            ),
        ):
            connection.execute(sa.insert(table).values(**row))
        for position, kind in enumerate(kind.name for kind in PROJECT.suggestion_types):
            row = {**suggestion, "suggestion_type": kind, "position": position}
            connection.execute(sa.insert(tables.comment_suggestions).values(**row))
        _spend(connection)
    return database


def _spend(connection: sa.Connection) -> None:
    granted_at = DONE_AT.timestamp()
    texts = dict.fromkeys(("project", "provider", "model", "run_id"), "some")
    request = {"id": "r1", "quota_key": "key", "purpose": "generate", "status": "answered", "granted_at": granted_at}
    connection.execute(sa.insert(tables.llm_requests).values(**request, **texts, counted_tokens=10, tweet_ids=["1"]))
    for key, cost in (("key", 1.25), ("another-key", 99.0)):
        day = {"quota_key": key, "day": pacific_day(granted_at).name, "requests": 3, "tokens": 30, "cost_usd": cost}
        connection.execute(sa.insert(tables.quota_days).values(**day))


def _suggestions(database: Database, reported: dict[datetime, tuple[ReportedCounts, float]]) -> Any:
    return read_suggestion_hours(database, HOURS, {"phones": PROJECT}, reported)


def test_nothing_is_wrong_with_a_good_hour_and_an_empty_one(filled: Database) -> None:
    assert [malformed_tweets(each) for each in read_tweet_hours(filled, HOURS).values()] == [[], []]
    assert [scores_out_of_range(each) for each in read_score_hours(filled, HOURS).values()] == [[], []]
    assert [
        opportunities_out_of_order(each) for each in read_opportunity_hours(filled, HOURS, {"phones": PROJECT}).values()
    ] == [[], []]
    vectors = read_vector_hours(filled, HOURS, [MODEL], {FULL: 2, EMPTY: 0})
    assert [vectors_missing_or_wrong(each).violations for each in vectors.values()] == [[], []]
    assert [opportunities_without_end(each) for each in _suggestions(filled, {}).values()] == [[], []]


def test_every_hour_has_its_own_rows(filled: Database) -> None:
    assert [len(each.rows) for each in read_tweet_hours(filled, HOURS).values()] == [2, 0]
    assert [len(each.rows) for each in read_score_hours(filled, HOURS).values()] == [1, 0]
    assert [len(each.rows) for each in read_opportunity_hours(filled, HOURS, {"phones": PROJECT}).values()] == [1, 0]
    assert [len(each.suggestions) for each in _suggestions(filled, {}).values()] == [3, 0]


def test_vectors_of_another_model_do_not_count(filled: Database) -> None:
    hour = read_vector_hours(filled, HOURS, ["another-model"], {FULL: 2})[FULL]
    assert [violation.tweet_id for violation in vectors_missing_or_wrong(hour).violations] == ["1", "2"]


def test_counts_are_those_of_all_projects_and_what_came_after_the_report_is_told_apart(filled: Database) -> None:
    at = DONE_AT.timestamp()
    reported = ReportedCounts(3, 1)
    before = read_suggestion_hours(filled, HOURS, {}, {FULL: (reported, at)})[FULL]
    assert (before.suggestions, before.reported, before.stored) == ([], reported, StoredCounts(3, 1))
    after = read_suggestion_hours(filled, HOURS, {}, {FULL: (reported, at - 1)})[FULL]
    assert after.stored == StoredCounts(3, 1, newer_suggestions=3, newer_outcomes=1)


def test_the_days_are_those_on_which_the_hour_was_worked_on_and_of_the_key_that_did(filled: Database) -> None:
    day = pacific_day(DONE_AT.timestamp()).name
    assert read_spent_days(filled, HOURS) == {FULL: [SpentDay(day, 1.25)], EMPTY: []}


@pytest.mark.parametrize("column", ["like_count", "created_at", "author_verified"])
def test_what_no_column_of_its_type_could_hold_is_found_where_the_database_takes_it(
    sqlite_database: Database, column: str
) -> None:
    with sqlite_database.begin() as connection:
        upsert_tweets(connection, [tweet_row("1"), tweet_row("2")])
        connection.execute(sa.text(f"UPDATE tweets SET {column} = 'many' WHERE tweet_id = '2'"))
    hours = read_tweet_hours(sqlite_database, HOURS)
    assert [violation.tweet_id for violation in malformed_tweets(hours[FULL])] == ["2"]
    assert column in malformed_tweets(hours[FULL])[0].problem


def test_a_day_has_cost_what_embeddings_cost_too(filled: Database) -> None:
    day = pacific_day(DONE_AT.timestamp()).name
    spent = {"quota_key": "key/gemini-embedding-001", "day": day, "requests": 9, "tokens": 90, "cost_usd": 0.5}
    with filled.begin() as connection:
        connection.execute(sa.insert(tables.quota_days).values(**spent))
    assert read_spent_days(filled, HOURS) == {FULL: [SpentDay(day, 1.75)], EMPTY: []}
