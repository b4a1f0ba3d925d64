"""A tweet's suggestions and its outcome are one result; what a person decided is never overwritten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, floor_hour
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import note_forgotten
from viral_assets.store.suggestions import TweetOutcome, finished_tweets, read_outcomes, read_suggestions, save_outcomes
from viral_assets.store.tables import comment_suggestions, generation_outcomes
from viral_assets_tests.store.rows import DAY, stored

TYPES = ("add_value", "ask_question", "mirror_reframe")
DECIDED = ("approved", "edited", "rejected", "exported", "posted")


def suggestion(kind: str, text: str = "A reply.") -> dict[str, Any]:
    return {
        "suggestion_type": kind,
        "position": TYPES.index(kind) if kind in TYPES else 9,
        "text": text,
        "weighted_length": len(text),
        "provider": "offline",
        "model": "offline-1",
        "request_id": "r1",
    }


def save(database: Database, now: datetime, *kinds: str, text: str = "A reply.", **changes: Any) -> int:
    told: dict[str, Any] = {
        "project": "p",
        "tweet_id": "1",
        "window_start": floor_hour(now),
        "outcome": "done",
        "reason": "",
        "attempts": 1,
        **changes,
    }
    provider = told.pop("provider", "")
    outcome_row = TweetOutcome(suggestions=[suggestion(kind, text) for kind in kinds], **told)
    with database.begin() as connection:
        return save_outcomes(connection, [outcome_row], now=now, provider=provider)


def decide(database: Database, kind: str, status: str) -> None:
    with database.begin() as connection:
        table = comment_suggestions
        connection.execute(sa.update(table).where(table.c.suggestion_type == kind).values(status=status))


def texts(database: Database) -> dict[str, tuple[str, str]]:
    return {row["suggestion_type"]: (row["status"], row["text"]) for row in stored(database, comment_suggestions)}


def test_a_result_is_saved_whole(database: Database, now: datetime) -> None:
    assert save(database, now, *TYPES) == 3

    with database.read() as connection:
        suggestions, outcomes = read_suggestions(connection, DAY), read_outcomes(connection, DAY)
    assert suggestions.suggestion_type.tolist() == list(TYPES)
    assert set(suggestions.status) == {"pending"}
    assert (suggestions.created_at == now).all()
    assert outcomes.to_dict("records") == [
        {
            "project": "p",
            "tweet_id": "1",
            "window_start": floor_hour(now),
            "outcome": "done",
            "reason": "",
            "attempts": 1,
            "updated_at": now,
            "provider": "",
            "run_id": "",
        }
    ]


def test_of_a_tweet_that_was_forgotten_meanwhile_nothing_is_written(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        note_forgotten(connection, [("tweet", "1")], {}, now)
    assert save(database, now, *TYPES) == 0
    assert save(database, now, *TYPES, tweet_id="2") == 3
    assert {row["tweet_id"] for row in stored(database, comment_suggestions)} == {"2"}
    assert {row["tweet_id"] for row in stored(database, generation_outcomes)} == {"2"}


def test_pending_suggestions_are_replaced(database: Database, now: datetime) -> None:
    save(database, now, *TYPES, text="First.")
    later = now + timedelta(minutes=1)

    assert save(database, later, "add_value", text="Second.", outcome="filtered", attempts=2) == 1
    assert texts(database) == {
        "add_value": ("pending", "Second."),
        "ask_question": ("pending", "First."),
        "mirror_reframe": ("pending", "First."),
    }
    (outcome,) = stored(database, generation_outcomes)
    assert (outcome["outcome"], outcome["attempts"], outcome["updated_at"]) == ("filtered", 2, later)


@pytest.mark.parametrize("status", DECIDED)
@pytest.mark.parametrize("replace", [False, True])
def test_a_decision_survives_a_re_run(database: Database, now: datetime, status: str, replace: bool) -> None:
    save(database, now, *TYPES, text="First.")
    decide(database, "ask_question", status)

    assert save(database, now, *TYPES, text="Second.", replace=replace) == 2
    assert texts(database)["ask_question"] == (status, "First.")
    assert texts(database)["add_value"] == ("pending", "Second.")


def test_a_forced_re_run_leaves_no_pending_suggestion_of_the_old_one(database: Database, now: datetime) -> None:
    save(database, now, *TYPES, text="First.")
    save(database, now, *TYPES, text="Another tweet's.", tweet_id="2")
    save(database, now, *TYPES, text="Another project's.", project="q")
    decide(database, "ask_question", "approved")

    assert save(database, now, "add_value", text="Second.", replace=True) == 1
    with database.read() as connection:
        found = read_suggestions(connection, DAY, project="p")
    own = found[found.tweet_id == "1"]
    assert dict(zip(own.suggestion_type, own.text, strict=True)) == {"add_value": "Second.", "ask_question": "First."}
    assert len(found) == 5
    assert len(stored(database, comment_suggestions)) == 8


def test_several_tweets_are_saved_together_each_by_its_own_rules(database: Database, now: datetime) -> None:
    for tweet_id in ("1", "2"):
        save(database, now, "add_value", "ask_question", text="First.", tweet_id=tweet_id)
    hour, again = floor_hour(now), [suggestion("add_value", "Second.")]

    with database.begin() as connection:
        outcome_rows = [
            TweetOutcome("p", "1", hour, again, "filtered", "ask_question: too short", 2, replace=True),
            TweetOutcome("p", "2", hour, again, "filtered", "ask_question: too short", 2),
            TweetOutcome("q", "2", hour, [], "blocked", "SAFETY", 1),
        ]
        assert save_outcomes(connection, outcome_rows, now=now) == 2

    found = {(row["tweet_id"], row["suggestion_type"]): row["text"] for row in stored(database, comment_suggestions)}
    assert found == {("1", "add_value"): "Second.", ("2", "add_value"): "Second.", ("2", "ask_question"): "First."}
    ended = {(row["project"], row["tweet_id"]): row["outcome"] for row in stored(database, generation_outcomes)}
    assert ended == {("p", "1"): "filtered", ("p", "2"): "filtered", ("q", "2"): "blocked"}


def test_a_tweet_may_end_without_suggestions(database: Database, now: datetime) -> None:
    assert save(database, now, outcome="blocked", reason="SAFETY") == 0

    assert texts(database) == {}
    assert stored(database, generation_outcomes)[0]["reason"] == "SAFETY"


@pytest.mark.parametrize(
    ("outcome", "finished"),
    [("done", True), ("filtered", True), ("blocked", True), ("failed", True), ("deferred", False)],
)
def test_only_a_deferred_tweet_is_asked_about_again(
    database: Database, now: datetime, outcome: str, finished: bool
) -> None:
    save(database, now, outcome=outcome)

    with database.read() as connection:
        assert finished_tweets(connection, "p", ["1", "2"]) == ({"1"} if finished else set())
        assert finished_tweets(connection, "q", ["1"]) == set()
        assert finished_tweets(connection, "p", []) == set()


@pytest.mark.parametrize(
    ("ended_by", "put_off_by", "stays"),
    [
        ("google-genai", "google-genai", True),
        ("google-genai", "offline", True),
        ("offline", "offline", True),
        ("offline", "google-genai", False),
    ],
)
def test_what_one_run_has_ended_another_does_not_put_off(
    database: Database, now: datetime, ended_by: str, put_off_by: str, stays: bool
) -> None:
    """It has decided so before the first one saved."""
    save(database, now, outcome="filtered", provider=ended_by)

    save(database, now, outcome="deferred", provider=put_off_by)

    [row] = stored(database, generation_outcomes)
    assert (row["outcome"] == "filtered") is stays

    save(database, now, outcome="blocked", provider="google-genai")

    [row] = stored(database, generation_outcomes)
    assert row["outcome"] == "blocked"


def test_an_outcome_nobody_knows_is_refused_with_its_suggestions(database: Database, now: datetime) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        save(database, now, *TYPES, outcome="maybe")

    assert texts(database) == {}


def test_reading_is_by_window_and_project_in_rank_order(database: Database, now: datetime) -> None:
    for tweet_id, project, hours in (("2", "q", 0), ("1", "q", 0), ("3", "p", 0), ("4", "p", -1), ("5", "p", -30)):
        start = floor_hour(now) + hours * HOUR
        save(database, now, *reversed(TYPES), tweet_id=tweet_id, project=project, window_start=start)

    with database.read() as connection:
        everything, one = read_suggestions(connection, DAY), read_suggestions(connection, DAY, project="p")
        outcomes = read_outcomes(connection, DAY, project="q")
    assert everything.tweet_id.tolist() == [tweet_id for tweet_id in "4312" for _ in TYPES]
    assert everything.suggestion_type.tolist() == [*TYPES] * 4
    assert set(one.tweet_id) == {"3", "4"}
    assert outcomes.tweet_id.tolist() == ["1", "2"]
