"""Recent search of the X API: real tweepy, a real HTTP server, a real database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import time as epoch
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import ConfigurationError, ServiceRefusedError, ServiceUnavailableError
from viral_assets.hours import HOUR, floor_hour
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger
from viral_assets.sources.services.common import ServiceReport
from viral_assets.sources.services.x_api_client import DEFAULT_BLOCK_SECONDS, XApiAnswer, XApiClient
from viral_assets.sources.services.x_search import (
    SearchPass,
    XSearch,
    after_page,
    begin_pass,
    first_id_at,
    without_token,
)
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import HourLease, LeaseBusy, acquire_lease, read_progress, release_lease
from viral_assets.store.references import read_contexts
from viral_assets.store.tables import rejected_records, source_requests, source_windows, tweet_projects, tweets
from viral_assets_tests.forks import forks
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.killed import search_x
from viral_assets_tests.sources.services.service_time import SleepingTime
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer, post, posts_of
from viral_assets_tests.store.rows import stored
from viral_assets_tests.waiting import PATIENCE

NOW = datetime(2026, 11, 21, 21, 30, 12, tzinfo=UTC)
HOUR_BEFORE = datetime(2026, 11, 21, 20, tzinfo=UTC)
QUERY = '("screen time" OR doomscrolling) lang:en -is:retweet'


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(NOW)


@pytest.fixture
def server(time: SleepingTime) -> Iterator[XApiServer]:
    with XApiServer(posts_of(HOUR_BEFORE, 250), clock=time.now) as started:
        yield started


class Desk:
    """Everything it takes to search, for one run."""

    def __init__(
        self,
        server: XApiServer,
        database: Database,
        time: SleepingTime,
        *,
        caps: PostCaps | None = None,
        run_id: str = "run",
        deadline: float = 1000.0,
        token: str = TOKEN,
        pictures: bool = False,
    ) -> None:
        self.database = database
        self.client = XApiClient(token, base_url=server.url, timeout=(60.0, 60.0))
        self.budget = PostBudget(self.client.account, run_id, caps or PostCaps())
        until = time.deadline(deadline)
        self.search = XSearch(database, self.client, self.budget, until, pictures=pictures, clock=time.now)

    def read(self, *hours: datetime, query: str = QUERY, **how: Any) -> ServiceReport:
        return self.search.read("demo", query, hours or (HOUR_BEFORE,), **how)

    def lease(self, hour: datetime = HOUR_BEFORE) -> HourLease:
        return HourLease("x_api", "demo", QUERY, hour)


def ids_in(database: Database) -> set[str]:
    return {row["tweet_id"] for row in stored(database, tweets)}


@BOTH_DATABASES
def test_an_hour_is_read_page_by_page_to_its_end(server: XApiServer, database: Database, time: SleepingTime) -> None:
    report = Desk(server, database, time).read()
    assert (report.read, report.new, report.rejected, report.requests) == (250, 250, 0, 3)
    assert report.windows == {HOUR_BEFORE: 250}
    assert report.cost_usd == pytest.approx(1.25)
    assert not report.incomplete
    assert ids_in(database) == set(server.posts)
    first, second, third = server.searches
    assert (first["start_time"], first["end_time"]) == ("2026-11-21T20:00:00Z", "2026-11-21T21:00:00Z")
    assert "next_token" not in first
    assert second["next_token"] != third["next_token"]
    assert {each["query"] for each in server.searches} == {QUERY}


def test_everything_a_tweet_is_made_of_is_asked_for(database: Database, time: SleepingTime) -> None:
    full = post(
        HOUR_BEFORE,
        7,
        text="cut off…",
        note_tweet={"text": "A long post, whole: " + "la " * 150},
        in_reply_to_user_id="5",
        referenced_tweets=[{"type": "quoted", "id": "1"}],
        public_metrics={
            "like_count": 5,
            "reply_count": 4,
            "retweet_count": 3,
            "quote_count": 2,
            "impression_count": 900,
            "bookmark_count": 1,
        },
    )
    with XApiServer([full], clock=time.now) as server:
        Desk(server, database, time).read()
    (row,) = stored(database, tweets)
    assert row["text"].startswith("A long post, whole")
    assert (row["author_handle"], row["author_followers"], row["author_verified"]) == ("mara_writes_here", 1234, True)
    assert (row["is_reply"], row["is_quote"], row["is_retweet"], row["lang"]) == (True, True, False, "en")
    assert [row[f"{name}_count"] for name in ("like", "reply", "retweet", "quote", "view", "bookmark")] == [
        *(5, 4, 3, 2, 900, 1)
    ]
    assert row["collected_at"] == NOW
    assert row["conversation_id"] == full["id"]
    assert [each["project"] for each in stored(database, tweet_projects)] == ["demo"]


@BOTH_DATABASES
def test_a_finished_hour_is_not_asked_for_again(server: XApiServer, database: Database, time: SleepingTime) -> None:
    Desk(server, database, time).read()
    asked = len(server.requests)
    report = Desk(server, database, time, run_id="another").read()
    assert len(server.requests) == asked
    assert not report.asked
    assert Desk(server, database, time).read(query="another query").requests == 3


def test_an_hour_without_posts_is_finished_too(server: XApiServer, database: Database, time: SleepingTime) -> None:
    quiet = HOUR_BEFORE - HOUR
    assert Desk(server, database, time).read(quiet).read == 0
    assert Desk(server, database, time).read(quiet).requests == 0


@BOTH_DATABASES
def test_of_the_current_hour_only_what_is_newer_is_asked_for(database: Database, time: SleepingTime) -> None:
    hour = HOUR_BEFORE + HOUR
    posts = posts_of(hour, 120)
    with XApiServer(posts, clock=time.now) as server:
        desk = Desk(server, database, time)
        early = desk.read(hour)
        assert early.read == 60
        assert server.searches[0]["end_time"] == "2026-11-21T21:29:42Z"
        time.slept += 1200
        later = desk.read(hour)
        again = server.searches[-1]
        assert "start_time" not in again
        assert int(again["since_id"]) == max(map(int, ids_in(database) & {each["id"] for each in posts[:60]}))
        assert (later.read, later.new) == (40, 40)
        time.slept += 1200
        last = desk.read(hour)
        assert (last.read, last.new) == (20, 20)
        assert ids_in(database) == set(server.posts)
        asked = len(server.searches)
        desk.read(hour)
        assert len(server.searches) == asked


def test_an_hour_that_has_just_begun_and_one_too_old_are_not_asked_for(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    report = Desk(server, database, time).read(HOUR_BEFORE + 2 * HOUR, NOW.replace(minute=0, second=0) - 8 * 24 * HOUR)
    assert not server.requests
    assert report.remarks == {"hours beyond the seven days of recent search were not asked for": 1}


def test_a_rate_limit_is_waited_for_exactly_as_long_as_x_says(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    began = epoch()
    server.reset_at = began + 90
    server.fail(server.too_many())
    report = Desk(server, database, time).read()
    assert report.read == 250
    assert 89 - (epoch() - began) <= time.slept <= 93, "what has gone by since need not be waited for"
    failed = [row for row in stored(database, source_requests) if row["status"] == "failed"]
    assert [(row["posts"], row["error"][:9]) for row in failed] == [(0, "the X API")]


def test_the_last_request_of_a_window_is_followed_by_a_pause_instead_of_a_refusal(
    database: Database, time: SleepingTime
) -> None:
    with XApiServer(posts_of(HOUR_BEFORE, 150), clock=time.now, requests_a_window=1) as server:
        server.reset_at = epoch() + 60
        report = Desk(server, database, time, deadline=30).read()
        assert (report.read, len(server.requests)) == (100, 1)
        (reason,) = report.incomplete
        assert "longer than this run waits" in reason
        server.remaining = 5
        time.slept += 62
        assert Desk(server, database, time).read().read == 50


def test_a_rate_limit_longer_than_the_deadline_is_left_for_a_later_run(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    server.troubles.append(lambda _: None)
    server.fail(server.too_many())
    report = Desk(server, database, time, deadline=60).read()
    assert (report.read, time.slept) == (100, 0)
    (reason,) = report.incomplete
    assert reason.startswith("the X API takes no more requests for")
    # It holds for everybody who uses the token, so nobody asks in vain.
    asked = len(server.requests)
    Desk(server, database, time, deadline=60, run_id="another").read(HOUR_BEFORE - HOUR)
    assert len(server.requests) == asked
    time.slept += 1000
    assert Desk(server, database, time).read().read == 150
    assert ids_in(database) == set(server.posts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "trouble",
    [
        Reply(503, {"title": "Service Unavailable", "detail": "Service Unavailable", "status": 503}),
        Reply(502, b"<html>Bad Gateway</html>", {"content-type": "text/html"}),
        Reply(200, {"data": [{"id": "1"}]}, cut=9),
        Reply(200, b'{"data": [{"id": "20", "te', {}),
        Reply(200, b"", {}),
        Reply(200, [1, 2], {}),
        Reply(500, [1], {}),
    ],
    ids=["503", "html", "cut off", "cut JSON", "empty", "no object", "odd error"],
)
def test_a_broken_answer_is_asked_for_again(
    server: XApiServer, database: Database, time: SleepingTime, trouble: Reply
) -> None:
    server.troubles.append(lambda _: None)
    server.fail(trouble, trouble)
    report = Desk(server, database, time).read()
    assert (report.read, report.new, report.rejected) == (250, 250, 0)
    assert len(server.requests) == 5


def test_a_service_that_stays_down_leaves_the_rest_for_a_later_run(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    server.troubles.append(lambda _: None)
    server.fail(*[Reply(503, {})] * 5)
    report = Desk(server, database, time).read()
    assert report.read == 100
    assert report.incomplete == {"the X API failed (503); try again later": 1}
    assert Desk(server, database, time).read().read == 150
    assert ids_in(database) == set(server.posts)


def test_nobody_listening_is_one_line(database: Database, time: SleepingTime) -> None:
    with XApiServer(clock=time.now) as gone:
        pass
    report = Desk(gone, database, time).read()
    (reason,) = report.incomplete
    assert "did not answer to the end (ConnectionError)" in reason
    assert "127.0.0.1" in reason
    assert PostLedger(database, Desk(gone, database, time).budget, clock=time.now).status().day == 0


@BOTH_DATABASES
def test_an_expired_token_is_told_at_once_and_what_was_read_is_kept(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    server.troubles.append(lambda _: None)
    server.troubles.append(lambda _: setattr(server, "token", "a new one"))
    report = Desk(server, database, time).read()
    assert report.problem is not None
    assert "the bearer token is wrong or has expired; set X_BEARER_TOKEN" in report.problem
    assert "\n" not in report.problem
    assert len(ids_in(database)) == 100
    assert Desk(server, database, time, token="a new one").read().read == 150
    assert ids_in(database) == set(server.posts)


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (400, {"errors": [{"message": "There were errors processing your request"}]}, "mend the query"),
        (
            402,
            {"title": "CreditsDepleted", "detail": "no credits"},
            "has no credits; buy some in X's developer console",
        ),
        (
            403,
            {"type": "https://api.x.com/2/problems/spend-cap-reached", "status": 403},
            "spending cap is reached; raise",
        ),
        (
            403,
            {"title": "SpendCapReached", "detail": "Your enrolled account has reached its spend cap"},
            "spending cap",
        ),
        (403, {"title": "Client Forbidden", "detail": "must use keys from a Project"}, "may not do this"),
        (404, b"", "is not the X API"),
        (429, {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap"}, "are used up"),
        (429, {"title": "UsageCapExceeded", "period": "Monthly"}, "the month's posts are used up; raise the cap at X"),
    ],
)
def test_what_will_not_mend_itself_is_asked_once(
    server: XApiServer, database: Database, time: SleepingTime, status: int, body: Any, advice: str
) -> None:
    server.fail(Reply(status, body))
    report = Desk(server, database, time).read()
    assert advice in (report.problem or "")
    assert "\n" not in (report.problem or "")
    assert len(server.requests) == 1
    assert (time.slept, report.read) == (0, 0)
    (row,) = stored(database, source_windows)
    assert (row["holder"], row["note"]) == (None, report.problem)


@BOTH_DATABASES
def test_a_page_token_that_is_not_accepted_any_more_costs_no_post_twice(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    Desk(server, database, time, caps=PostCaps(per_run=100)).read()
    server.stale_tokens = True
    report = Desk(server, database, time, run_id="next").read(most_an_hour=None)
    assert report.incomplete == {}
    # 100 by id, and then the second page of those again has a token that is not accepted.
    assert (report.read, report.new, report.unchanged) == (150, 150, 0)
    assert ids_in(database) == set(server.posts)


@BOTH_DATABASES
def test_no_run_reads_more_posts_than_its_cap(server: XApiServer, database: Database, time: SleepingTime) -> None:
    report = Desk(server, database, time, caps=PostCaps(per_run=130)).read()
    assert (report.read, [each["max_results"] for each in server.searches]) == (130, ["100", "30"])
    assert report.incomplete == {"the cap is reached: 130 of 130 posts a run are read or on their way": 1}
    assert Desk(server, database, time, caps=PostCaps(per_run=130), run_id="next").read().read == 120


def test_a_refusal_without_a_reset_is_waited_for_and_never_repeated_at_once(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    server.fail(Reply(429, {"title": "Too Many Requests"}), Reply(429, {"title": "Too Many Requests"}))
    report = Desk(server, database, time).read()
    assert (report.read, len(server.requests)) == (250, 5)
    assert time.slept == 2 * DEFAULT_BLOCK_SECONDS
    assert Desk(server, database, time).client._tweepy.wait_on_rate_limit is False, "tweepy never waits by itself"


def test_authors_that_come_with_posts_count_where_they_are_charged(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    caps = PostCaps(per_run=130, count_users=True)
    report = Desk(server, database, time, caps=caps).read()
    # Each post might bring an author, so that no answer goes beyond the cap; here one wrote all.
    assert [each["max_results"] for each in server.searches] == ["65", "32", "15"]
    assert report.read == 65 + 32 + 15
    assert report.cost_usd == pytest.approx(112 * 0.005 + 3 * 0.010)
    assert report.incomplete == {
        "the cap is reached: 115 of 130 posts, authors and pictures a run are read or on their way": 1
    }
    (row,) = stored(database, source_windows)
    assert row["cost_usd"] == pytest.approx(report.cost_usd)


@pytest.mark.parametrize(("pictures", "described", "cost"), [(False, (), 0.015), (True, ("A dog",), 0.020)])
def test_descriptions_of_pictures_come_along_where_they_are_asked_for_and_are_charged(
    database: Database, time: SleepingTime, pictures: bool, described: tuple[str, ...], cost: float
) -> None:
    media = [{"media_key": "3_1", "type": "photo", "alt_text": "A dog", "url": "nobody asked for it"}]
    with_picture = post(HOUR_BEFORE, 7, attachments={"media_keys": ["3_1"]}, media=media)
    with XApiServer([with_picture], clock=time.now) as server:
        caps = PostCaps(per_run=120, count_users=True)
        report = Desk(server, database, time, caps=caps, pictures=pictures).read()
    assert report.cost_usd == pytest.approx(cost)
    # A post may bring its author and four pictures.
    assert server.searches[0]["max_results"] == ("20" if pictures else "60")
    with database.read() as connection:
        found = read_contexts(connection, [with_picture["id"]])
    assert [context.alt_texts for context in found.values()] == ([described] if described else [])


@BOTH_DATABASES
def test_no_day_reads_more_posts_than_its_cap_and_a_new_day_may_again(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    caps = PostCaps(per_day=205)
    runs = [Desk(server, database, time, caps=caps, run_id=str(number)).read().read for number in range(3)]
    assert runs == [200, 0, 0]
    time.slept += 3 * 3600
    assert Desk(server, database, time, caps=caps, run_id="tomorrow").read().read == 50


def test_a_project_may_leave_an_hour_after_so_many_posts(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    desk = Desk(server, database, time)
    report = desk.read(most_an_hour=150)
    assert report.read == 150
    assert list(report.incomplete) == ["the project's cap of 150 posts an hour is reached"]
    newest = sorted(server.posts, key=int)[-150:]
    assert ids_in(database) == set(newest)
    assert desk.read(most_an_hour=150).requests == 0


@BOTH_DATABASES
def test_threads_and_processes_share_one_cap(server: XApiServer, database: Database, time: SleepingTime) -> None:
    server.posts = {each["id"]: each for hours in range(6) for each in posts_of(HOUR_BEFORE - hours * HOUR, 100)}
    start = threading.Barrier(6)

    def read(number: int) -> None:
        desk = Desk(server, Database(str(url)), SleepingTime(NOW), caps=PostCaps(per_day=250), run_id=str(number))
        start.wait(PATIENCE)
        desk.read(HOUR_BEFORE - number * HOUR)
        desk.database.dispose()

    url = database.url.render_as_string(hide_password=False)
    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(int(each["max_results"]) for each in server.searches) <= 250
    assert 200 <= len(ids_in(database)) <= 250


@BOTH_DATABASES
def test_two_that_read_one_hour_at_once_pay_once(server: XApiServer, database: Database, time: SleepingTime) -> None:
    lease = Desk(server, database, time).lease()
    assert not isinstance(acquire_lease(database, lease, "another.machine:1:1", NOW), LeaseBusy)
    report = Desk(server, database, time, deadline=10).read()
    assert report.incomplete == {"another process reads it, for longer than this run waits": 1}
    assert not server.requests
    release_lease(database, lease, "another.machine:1:1")
    assert Desk(server, database, time).read().read == 250


@BOTH_DATABASES
def test_a_holder_that_gives_no_sign_of_life_is_given_up(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    acquire_lease(database, Desk(server, database, time).lease(), "another.machine:1:1", NOW)
    assert Desk(server, database, time).read().read == 250
    assert 55 < time.slept < 65


@BOTH_DATABASES
def test_a_post_that_cannot_be_used_goes_to_quarantine_with_its_text(database: Database, time: SleepingTime) -> None:
    broken = post(HOUR_BEFORE, 3, public_metrics={"like_count": -5})
    with XApiServer([post(HOUR_BEFORE, 1), broken], clock=time.now) as server:
        report = Desk(server, database, time).read()
    assert (report.read, report.new, report.rejected) == (2, 1, 1)
    (row,) = stored(database, rejected_records)
    assert (row["reason"], row["source"]) == ("bad_count", f"X API, demo: {QUERY}")
    assert broken["id"] in row["raw"]


@BOTH_DATABASES
@pytest.mark.slow
def test_a_kill_in_the_middle_of_an_hour_loses_only_the_page_on_its_way(database: Database) -> None:
    hour = floor_hour(datetime.now(UTC)) - 2 * HOUR
    url = database.url.render_as_string(hide_password=False)
    arrived, never = threading.Event(), threading.Event()
    with XApiServer(posts_of(hour, 450)) as server:

        def hang(_: Any) -> Reply:
            arrived.set()
            return Reply(503, {}, hold=never)

        server.troubles.extend([lambda _: None, lambda _: None, hang])
        process = forks().Process(target=search_x, args=(url, server.url, TOKEN, hour.isoformat(), QUERY))
        process.start()
        try:
            assert arrived.wait(PATIENCE)
        finally:
            process.kill()
            process.join()
            never.set()
        assert len(ids_in(database)) == 200
        client = XApiClient(TOKEN, base_url=server.url)
        budget = PostBudget(client.account, "resumed")
        time = SleepingTime(datetime.now(UTC))
        resumed = XSearch(database, client, budget, time.deadline(0), clock=time.now)
        report = resumed.read("demo", QUERY, [hour])
        assert (report.read, report.new, report.incomplete) == (250, 250, {})
        assert ids_in(database) == set(server.posts)
        tokens = [each.get("next_token") for each in server.searches]
        assert len(tokens) == 6
        assert tokens[3] == tokens[2]
        assert len(set(tokens)) == 5
    # Nobody knows whether the page on its way was delivered, so it counts.
    assert PostLedger(database, budget, clock=time.now).status().day == 450 + 100
    with database.read() as connection:
        progress = read_progress(connection, HourLease("x_api", "demo", QUERY, hour))
    assert progress is not None
    assert (progress.done, progress.items, progress.cursor) == (True, 450, None)


def test_the_token_is_in_no_log_no_error_and_no_table(
    server: XApiServer, sqlite_database: Database, time: SleepingTime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        desk = Desk(server, sqlite_database, time)
        desk.read()
        server.token = "another"
        report = desk.read(HOUR_BEFORE - HOUR)
    assert "Authorization" in caplog.text
    for hidden in (TOKEN, TOKEN[4:20]):
        assert hidden not in caplog.text
        assert hidden not in f"{report!r} {desk.budget!r} {desk.client!r}"
        with sqlite_database.read() as connection:
            for table in ("source_requests", "source_windows", "quota_state"):
                assert hidden not in str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())


def test_a_base_url_may_have_a_path_and_must_be_one(server: XApiServer) -> None:
    client = XApiClient(TOKEN, base_url=f"{server.url}/proxy/")
    with pytest.raises(ServiceRefusedError, match="X_API_BASE_URL is not the X API"):
        client.lookup(["20"])
    assert server.requests[0].path == "/proxy/2/tweets"
    with pytest.raises(ConfigurationError, match="X_API_BASE_URL is not a URL"):
        XApiClient(TOKEN, base_url="api.x.com")


def test_the_token_goes_nowhere_else_whatever_an_answer_says(server: XApiServer) -> None:
    with XApiServer() as thief:
        server.fail(Reply(302, b"", {"location": f"{thief.url}/2/tweets?ids=20"}))
        XApiClient(TOKEN, base_url=server.url).lookup(["20"])
        assert not thief.requests
    assert len(server.requests) == 2


def test_an_answer_that_does_not_come_is_given_up(server: XApiServer) -> None:
    never = threading.Event()
    server.fail(Reply(200, {}, hold=never))
    client = XApiClient(TOKEN, base_url=server.url, timeout=(0.2, 0.2))
    with pytest.raises(ServiceUnavailableError, match="ReadTimeout") as caught:
        client.lookup(["20"])
    assert caught.value.may_be_charged
    never.set()


@given(st.integers(-20 * 3600, 30 * 3600), st.one_of(st.none(), st.just("5")))
def test_a_pass_never_reaches_into_another_hour_or_the_last_half_minute(seconds: int, newest: str | None) -> None:
    now = HOUR_BEFORE + timedelta(seconds=seconds)
    begun = begin_pass(HOUR_BEFORE, now, newest)
    if begun is None:
        assert now < HOUR_BEFORE + timedelta(seconds=31)
        return
    assert begun.final == (now >= HOUR_BEFORE + HOUR + timedelta(seconds=30))
    if newest is None:
        end = datetime.fromisoformat(begun.bounds["end_time"])
        assert HOUR_BEFORE < end <= min(HOUR_BEFORE + HOUR, now - timedelta(seconds=30))
    else:
        assert first_id_at(HOUR_BEFORE) < int(begun.bounds["until_id"]) <= first_id_at(HOUR_BEFORE + HOUR)
        assert begun.bounds.keys() == {"since_id", "until_id"}


def test_a_pass_without_its_token_asks_for_what_is_older_than_what_came() -> None:
    begun = SearchPass({"start_time": "a", "end_time": "b"}, final=True)
    page = XApiAnswer({"data": [{"id": "90"}, {"id": "70"}], "meta": {"next_token": "t"}}, "digest")
    under_way = after_page(begun, page)
    assert (under_way.newest_id, under_way.oldest_id, under_way.next_token) == ("90", "70", "t")
    by_ids = without_token(under_way, HOUR_BEFORE)
    assert by_ids.bounds == {"since_id": str(first_id_at(HOUR_BEFORE) - 1), "until_id": "70"}
    assert by_ids.next_token is None
    assert without_token(begun, HOUR_BEFORE).bounds == begun.bounds
