"""What an author was told before, found by id or handle, on both databases."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from viral_assets.hours import floor_hour
from viral_assets.queries.contacts import read_contacts
from viral_assets.queries.digest import digest_rows
from viral_assets.queries.opportunity_view import Contact, OpportunityView
from viral_assets.queries.pages import read_opportunity
from viral_assets.store.engine import Database
from viral_assets_tests.delivery.examples import HOUR, WINDOW, opportunity, store, suggestion
from viral_assets_tests.statements import plan_of, statements_sent

NOW = opportunity(tweet_id="now", author_id="7", author_handle="Mara")


def replied(tweet_id: str, *, days: float, status: str = "posted", **changes: Any) -> OpportunityView:
    """A tweet of so many days before, answered an hour later."""
    at = HOUR - timedelta(days=days)
    reply = suggestion(f"To {tweet_id}.", status=status, decided_at=at + timedelta(hours=1), decided_by="Ada")
    author = {"author_id": "7", "author_handle": "mara"}
    return opportunity(
        **{"tweet_id": tweet_id, "created_at": at, "window_start": floor_hour(at), "suggestions": (reply,)}
        | author
        | changes
    )


def told(database: Database, *before: OpportunityView, now: OpportunityView = NOW) -> list[str]:
    with database.begin() as connection:
        store(connection, [*before, now])
    with database.read() as connection:
        (found,) = read_contacts(connection, [now])
    return [contact.tweet_id for contact in found]


def test_the_latest_reply_comes_first_with_its_words(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [replied("1", days=9), replied("2", days=3, status="approved"), NOW])
    expected = (
        Contact("2", "To 2.", "approved", HOUR - timedelta(days=3) + timedelta(hours=1)),
        Contact("1", "To 1.", "posted", HOUR - timedelta(days=9) + timedelta(hours=1)),
    )
    with database.read() as connection:
        view = read_opportunity(connection, NOW.project, "now")
        (of_digest,) = digest_rows(connection, WINDOW)
    assert view is not None
    assert view.contacts == of_digest.contacts == expected


def test_only_what_somebody_stands_behind_counts_and_of_a_tweet_the_latest(database: Database) -> None:
    drafts = [
        suggestion("x", type_name=str(number), status=status) for number, status in enumerate(("pending", "rejected"))
    ]
    two = [
        suggestion("first", type_name="a", status="approved", decided_at=HOUR - timedelta(days=2)),
        suggestion("second", type_name="b", status="posted", decided_at=HOUR - timedelta(days=1)),
    ]
    with database.begin() as connection:
        store(
            connection,
            [
                replied("1", days=1, suggestions=tuple(drafts)),
                replied("2", days=2, suggestions=tuple(two)),
                replied("3", days=3, suggestions=(suggestion("handed over", status="exported"),)),
            ],
        )
        (found,) = read_contacts(connection, [NOW])
    assert [contact.text for contact in found] == ["second"]


@pytest.mark.parametrize(
    ("author", "found"),
    [
        ({"author_id": "7", "author_handle": "renamed"}, True),
        ({"author_id": None, "author_handle": "mara"}, True),
        ({"author_id": "8", "author_handle": "mara"}, False),
        ({"author_id": None, "author_handle": "else"}, False),
        ({"author_id": None, "author_handle": ""}, False),
    ],
)
def test_an_author_is_known_by_id_else_by_handle(database: Database, author: dict[str, Any], found: bool) -> None:
    assert told(database, replied("1", days=1, **author)) == (["1"] if found else [])


def test_an_author_known_by_handle_is_found_by_it_whatever_else_was_known_then(database: Database) -> None:
    now = opportunity(tweet_id="now", author_id=None, author_handle="MARA")
    assert told(database, replied("1", days=1), replied("2", days=2, author_id=None), now=now) == ["1", "2"]


def test_of_nobody_nothing_is_said(database: Database) -> None:
    nobody: dict[str, Any] = {"author_id": None, "author_handle": ""}
    assert told(database, replied("1", days=1, **nobody), now=opportunity(tweet_id="now", **nobody)) == []


def test_other_projects_and_long_ago_and_the_tweet_itself_do_not_count(database: Database) -> None:
    own = replied("now", days=0)
    before = [replied("1", days=1, project="another"), replied("2", days=61), replied("3", days=60)]
    assert told(database, *before, now=own) == ["3"]


def test_many_authors_are_asked_about_together(database: Database) -> None:
    views = [
        opportunity(tweet_id=f"n{number}", author_id=str(number), author_handle=f"h{number}") for number in range(40)
    ]
    before = [replied(str(number), days=1, author_id=str(number), author_handle="x") for number in range(0, 40, 2)]
    with database.begin() as connection:
        store(connection, [*before, *views])
    with database.read() as connection, statements_sent(connection) as sent:
        found = read_contacts(connection, views)
    assert [[contact.tweet_id for contact in contacts] for contacts in found] == [
        [str(number)] if number % 2 == 0 else [] for number in range(40)
    ]
    assert len([each for each in sent if each.text.startswith("SELECT")]) == 3


def test_no_table_is_read_from_end_to_end(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        with statements_sent(connection) as sent:
            read_contacts(connection, [NOW])
        plans = plan_of(connection, sent)
    assert any("ix_comment_opportunities_project_from_id" in step for step in plans)
    assert any("ix_comment_opportunities_project_from_handle" in step for step in plans)
    assert any(re.match(r"SEARCH comment_suggestions .*\(project=\? AND tweet_id=\?", step) for step in plans)
    assert len([step for step in plans if " comment_" in step]) == 3


def test_nothing_to_look_for(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.read() as connection:
        assert read_contacts(connection, []) == []
