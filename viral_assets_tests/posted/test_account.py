"""The account's own timeline: real tweepy, a real HTTP server, real databases. Everything sent reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR
from viral_assets.posted.account import follow_account
from viral_assets.posted.answers import LONGEST_QUERY, queries
from viral_assets.posted.asking import AccountReport, Asking
from viral_assets.queries.reply_numbers import reply_numbers
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.store.engine import Database
from viral_assets.store.posted_replies import ReplyLook
from viral_assets.store.tables import posted_replies, reply_snapshots, source_requests, tweets
from viral_assets_tests.delivery.examples import DAY
from viral_assets_tests.posted.examples import CHARGER, POSTED_AT, REPLY, TWEET, remember, statuses
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.service_time import SleepingTime
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer
from viral_assets_tests.sources.services.x_api_server import post as api_post
from viral_assets_tests.store.rows import stored

US = "mara_writes_here"


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(POSTED_AT + timedelta(minutes=10))


@pytest.fixture
def server(time: SleepingTime) -> Iterator[XApiServer]:
    with XApiServer([reply()], clock=time.now) as started:
        yield started


def reply(number: int = 0, **changes: Any) -> dict[str, Any]:
    """The account's reply to the tweet; others, of one second earlier each, answer something else."""
    answers = TWEET if number == 0 else "20"
    text = f"@mara_writes {CHARGER}" if number == 0 else f"Something else, number {number}."
    refers: dict[str, Any] = {"referenced_tweets": [{"type": "replied_to", "id": answers}]}
    return api_post(POSTED_AT - timedelta(seconds=number), text=text, **refers, **changes)


def follow(
    server: XApiServer,
    database: Database,
    time: SleepingTime,
    *,
    handle: str = US,
    caps: PostCaps | None = None,
    **how: Any,
) -> AccountReport:
    client = XApiClient(TOKEN, base_url=server.url)
    budget = PostBudget(client.account, f"run {time.slept}", caps or PostCaps())
    asking = Asking(database, client, budget, time.deadline(600), clock=time.now)
    return follow_account(asking, handle, **how)


def passed(time: SleepingTime, hours: float) -> None:
    """So many hours after the reply."""
    time.slept = hours * 3600 - 600


def likes(server: XApiServer, count: int) -> None:
    server.posts[REPLY]["public_metrics"] = {**server.posts[REPLY]["public_metrics"], "like_count": count}


def counted(database: Database) -> list[dict[str, Any]]:
    """The looks that have counts."""
    return [row for row in stored(database, reply_snapshots) if row["like_count"] is not None]


def test_a_reply_is_found_and_looked_at_again_after_an_hour_a_day_and_three(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    first = follow(server, database, time)
    assert [len(first.done.marked), first.looked_at, first.gone] == [1, 0, 0]
    assert next(iter(statuses(database).values())) == ("posted", CHARGER)
    for hours, count in ((2, 60), (3, 61), (24, 300), (25, 301), (72, 400), (73, 401), (300, 500)):
        likes(server, count)
        passed(time, hours)
        follow(server, database, time)
    rows = counted(database)
    assert [(round((row["collected_at"] - POSTED_AT) / HOUR, 1), row["like_count"]) for row in rows] == [
        (0.2, 50),
        (2, 60),
        (24, 300),
        (72, 400),
    ]
    assert len(server.lookups) == 3
    assert {each.method for each in server.requests} == {"GET"}, "nothing is ever posted"


def test_counts_that_have_not_changed_are_not_asked_for_over_and_over(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    for hours in (0.5, 2, 2.5, 3):
        passed(time, hours)
        follow(server, database, time)
    assert len(server.lookups) == 1
    assert len(counted(database)) == 2


def test_pages_are_read_to_the_end_and_next_time_only_what_is_new(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    for number in range(1, 151):
        each = reply(number)
        server.posts[each["id"]] = each
    report = follow(server, database, time)
    assert (report.done.posts, report.done.none, len(report.done.marked)) == (151, 150, 1)
    assert [each.get("pagination_token") is None for each in server.timelines] == [True, False]
    passed(time, 30)
    again = follow(server, database, time)
    assert again.done.posts == 1, "the later look alone"
    assert server.timelines[-1]["start_time"] == (POSTED_AT + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = [each.path for each in server.requests if "username" in each.path]
    assert len(asked) == 1, "an account keeps its id"


def test_the_cap_ends_the_reading_which_goes_on_from_where_it_began(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    for number in range(1, 151):
        each = reply(number)
        server.posts[each["id"]] = each
    report = follow(server, database, time, caps=PostCaps(per_run=60))
    assert report.done.posts == 59, "one was for the account's id"
    assert any("the cap is reached" in reason for each in report.services for reason in each.incomplete)
    passed(time, 0.5)
    assert follow(server, database, time).done.posts == 151
    client = XApiClient(TOKEN, base_url=server.url)
    ledger = PostLedger(database, PostBudget(client.account, "x"), clock=time.now)
    assert ledger.status().day == 60 + 151
    assert {row["status"] for row in stored(database, source_requests)} == {"answered"}


def test_a_reply_that_is_gone_is_told_once_and_keeps_what_it_brought(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    follow(server, database, time)
    server.posts.clear()
    passed(time, 25)
    assert follow(server, database, time).gone == 1
    passed(time, 80)
    assert follow(server, database, time).gone == 0
    assert len(server.lookups) == 1
    assert stored(database, posted_replies)[0]["gone_at"] == POSTED_AT + timedelta(hours=25)
    assert len(stored(database, reply_snapshots)) == 1


def test_trouble_is_waited_out_and_refusals_are_told(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database)
    server.fail(Reply(503, {}), Reply(200, b"{", {}))
    assert len(follow(server, database, time).done.marked) == 1
    server.fail(Reply(401, {}))
    problems = [each.problem or "" for each in follow(server, database, time).services]
    assert "set X_BEARER_TOKEN" in problems[0]
    assert TOKEN not in "".join(problems)


def test_an_account_that_is_not_there_is_said_to_be(server: XApiServer, database: Database, time: SleepingTime) -> None:
    with pytest.raises(ConfigurationError, match="X knows no account @nobody"):
        follow(server, database, time, handle="nobody")
    assert {row["status"] for row in stored(database, source_requests)} == {"answered"}


AUTHOR = "anna_asks"


def remember_author(database: Database, author_id: str | None = "77") -> None:
    remember(database)
    with database.begin() as connection:
        connection.execute(sa.update(tweets).values(author_handle=AUTHOR, author_id=author_id))


def says(server: XApiServer, hours: float, *, author: str = "77", to: str = REPLY, number: int = 0) -> None:
    """A post that answers one of ours, so many hours after our reply."""
    server.handles["77"] = AUTHOR
    refers: dict[str, Any] = {"referenced_tweets": [{"type": "replied_to", "id": to}], "in_reply_to_user_id": "42"}
    each = api_post(POSTED_AT + timedelta(hours=hours), number, text="Thank you!", author_id=author, **refers)
    server.posts[each["id"]] = each


def answered(database: Database) -> list[tuple[float, bool | None]]:
    """Each look that says whether the author had answered."""
    rows = sorted(stored(database, reply_snapshots), key=lambda row: row["collected_at"])
    known = [row for row in rows if row["author_answered"] is not None]
    return [(round((row["collected_at"] - POSTED_AT) / HOUR), row["author_answered"]) for row in known]


def test_each_look_says_whether_the_author_has_answered_and_strangers_cost_nothing(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember_author(database)
    for number in range(30):
        says(server, 0.5, author="99", number=number)
    said = []
    for hours in (0.5, 2, 24, 72):
        if hours == 24:
            says(server, 23)
        passed(time, hours)
        said.append(follow(server, database, time).answered)
    assert said == [0, 0, 1, 0]
    assert answered(database) == [(2, False), (24, True)], "what is known need not be asked again"
    assert [each["query"] for each in server.searches] == [f"to:{US} (from:{AUTHOR})"] * 2
    rows = {row["endpoint"]: row for row in stored(database, source_requests) if row["posts"]}
    assert rows["search"]["posts"] == 1, "the author's answer alone"
    with database.read() as connection:
        (group,) = reply_numbers(connection, DAY, None, posted=1).groups["All"]
    assert (group.answered, group.answered_known) == (1, 1)


def test_an_author_is_told_by_id_and_by_handle_where_no_id_is_known(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember_author(database, author_id=None)
    says(server, 0.5)
    says(server, 0.6, to="20")
    follow(server, database, time)
    passed(time, 2)
    assert follow(server, database, time).answered == 1
    assert answered(database) == [(2, True)]


def test_where_nobody_has_answered_nobody_is_asked(server: XApiServer, database: Database, time: SleepingTime) -> None:
    remember_author(database)
    follow(server, database, time)
    server.posts[REPLY]["public_metrics"]["reply_count"] = 0
    passed(time, 24)
    follow(server, database, time)
    assert server.searches == []
    assert answered(database) == [(24, False)]


def test_an_answer_that_could_not_be_asked_for_is_unknown_until_the_next_look(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember_author(database)
    says(server, 0.5)
    follow(server, database, time)
    passed(time, 2)
    report = follow(server, database, time, caps=PostCaps(per_run=7))
    assert any("the cap is reached" in reason for each in report.services for reason in each.incomplete)
    assert (server.searches, answered(database)) == ([], [])
    passed(time, 24)
    assert follow(server, database, time).answered == 1
    assert answered(database) == [(24, True)]


def test_of_a_reply_older_than_a_search_reaches_silence_is_not_told(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember_author(database)
    follow(server, database, time)
    passed(time, 24 * 8)
    follow(server, database, time)
    assert len(server.searches) == 1
    assert answered(database) == []


@given(st.lists(st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True), max_size=80, unique=True))
def test_every_author_is_in_one_query_that_x_takes(names: list[str]) -> None:
    looks = {name: [ReplyLook(name, "1", POSTED_AT, None)] for name in names}
    made = list(queries(US, looks))
    assert [look.reply_id for _, some in made for look in some] == names
    assert all(len(query) <= LONGEST_QUERY for query, _ in made)
    assert [name for query, _ in made for name in re.findall(r"from:(\w+)", query)] == names
