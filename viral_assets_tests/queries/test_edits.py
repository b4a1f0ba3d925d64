"""How much people change, week by week, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.learning.voice import CONSIDERED
from viral_assets.queries.edits import EditedWeek, edits_by_week
from viral_assets.queries.feedback import KeptReply, read_kept
from viral_assets.queries.kept_numbers import numbers_by_day
from viral_assets.queries.tally import of_project
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.delivery.examples import HOUR, opportunity, store, suggestion

WEEKS = HourRange(HOUR - timedelta(days=20), HOUR + timedelta(days=1))

# The draft and what became of it, its status, how many days before a Saturday, and who wrote the draft.
CASES = (
    ("abcdefghij", "abcdefghij", "approved", 0, "google-genai"),
    ("abcdefghij", "abcdefgh", "edited", 0, "google-genai"),
    ("abcdefghij", "ABCDEfghij", "posted", 5, "google-genai"),
    ("abcdefghij", "abcdefghij", "posted", 6, "google-genai"),
    ("abcdefghij", "z", "edited", 1, "offline"),
    ("abcdefghij", "abcdefghij", "rejected", 1, "google-genai"),
    ("abcdefghij", "abcdefghij", "pending", 1, "google-genai"),
    ("abcdefghij", "abcdefghij", "exported", 1, "google-genai"),
)


def weeks(connection: sa.Connection, project: str | None) -> tuple[EditedWeek, ...]:
    days = numbers_by_day(connection, WEEKS)
    return edits_by_week((day, *each) for day, tally in days.items() for each in of_project(tally, project))


@pytest.fixture
def decided(database: Database) -> Database:
    with database.begin() as connection:
        for number, (draft, text, status, days, provider) in enumerate(CASES):
            view = opportunity(
                tweet_id=str(1000 + number),
                created_at=HOUR - timedelta(days=days),
                suggestions=(suggestion(text, status=status, provider=provider),),
            )
            store(connection, [view])
            if draft != text:
                of = comment_suggestions.c.tweet_id == view.tweet_id
                connection.execute(sa.update(comment_suggestions).where(of).values(original_text=draft))
    return database


def test_weeks_begin_on_monday_and_count_what_a_model_wrote_and_somebody_stood_behind(decided: Database) -> None:
    with decided.read() as connection:
        found = weeks(connection, "unplugged")
        assert weeks(connection, None) == found
        assert weeks(connection, "another") == ()
    assert found == (
        EditedWeek(date(2026, 11, 9), 1, 0, 0.0),
        EditedWeek(date(2026, 11, 16), 3, 2, (0.2 + 0.5) / 3),
    )
    assert found[1].name == "week of 16 Nov"


def test_drafts_and_what_became_of_them_are_read_for_the_voice(decided: Database) -> None:
    with decided.read() as connection:
        found = read_kept(connection, "unplugged", WEEKS.start, limit=CONSIDERED)
        late = read_kept(connection, "unplugged", HOUR - timedelta(days=1), limit=CONSIDERED)
        few = read_kept(connection, "unplugged", WEEKS.start, limit=2)
    assert sorted((each.draft, each.text) for each in found) == sorted((case[0], case[1]) for case in CASES[:4])
    assert KeptReply("abcdefghij", "abcdefgh") in late
    assert (len(late), len(few)) == (2, 2)


def test_what_somebody_had_revised_is_a_change_and_teaches_no_voice(decided: Database) -> None:
    table = comment_suggestions
    with decided.begin() as connection:
        of = table.c.tweet_id == "1001"
        connection.execute(sa.update(table).where(of).values(revised_text=table.c.text))
    with decided.read() as connection:
        assert weeks(connection, "unplugged")[1].changed == 2
        kept = read_kept(connection, "unplugged", WEEKS.start, limit=CONSIDERED)
    assert sorted((each.draft, each.text) for each in kept) == sorted(
        (each[0], each[1]) for each in (CASES[0], *CASES[2:4])
    )
