"""Actors and datasets of Apify: the real apify-client, a real HTTP server, a real database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.sources.services.apify_client import ApifyService
from viral_assets.sources.services.apify_placeholders import MOST_RUNS
from viral_assets.sources.services.apify_runs import (
    ActorSearch,
    ApifySearch,
    hour_operators,
    ingest_dataset,
    page_query,
)
from viral_assets.sources.services.common import ServiceReport
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import unfinished_hours
from viral_assets.store.tables import rejected_records, source_windows, tweet_projects, tweets
from viral_assets_tests.forks import forks
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.sources.services.apify_server import TOKEN, ApifyServer, item
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.killed import run_actor
from viral_assets_tests.sources.services.service_time import SleepingTime
from viral_assets_tests.store.rows import stored
from viral_assets_tests.waiting import PATIENCE

NOW = datetime(2026, 11, 21, 21, 30, 12, tzinfo=UTC)
HOUR_BEFORE = datetime(2026, 11, 21, 20, tzinfo=UTC)
SEARCH = ActorSearch("apidojo/tweet-scraper", ("screen time lang:en",), 200, 0.5, {"customMapFunction": "x"}, 300)


def items_of(given: dict[str, Any], count: int = 30) -> Sequence[dict[str, Any]]:
    """What a run finds: tweets of the hour that its first query is confined to."""
    start = int(str(given["searchTerms"][0]).split("since_time:")[1].split()[0])
    hour = datetime.fromtimestamp(start, UTC)
    return [item(hour + timedelta(seconds=number), start % 10**8 * 1000 + number) for number in range(count)]


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(NOW)


@pytest.fixture
def server() -> Iterator[ApifyServer]:
    with ApifyServer(items_of) as started:
        yield started


def service(server: ApifyServer, token: str = TOKEN) -> ApifyService:
    return ApifyService(token, base_url=server.url, retry_seconds=0.001)


def read(
    server: ApifyServer,
    database: Database,
    time: SleepingTime,
    *hours: datetime,
    deadline: float = 1000.0,
    search: ActorSearch = SEARCH,
    token: str = TOKEN,
) -> ServiceReport:
    reader = ApifySearch(database, service(server, token), time.deadline(deadline), clock=time.now)
    return reader.read("demo", search, hours or (HOUR_BEFORE,))


@BOTH_DATABASES
def test_an_hour_is_one_run_confined_to_it(server: ApifyServer, database: Database, time: SleepingTime) -> None:
    report = read(server, database, time)
    assert (report.read, report.new, report.requests) == (30, 30, 1)
    assert report.windows == {HOUR_BEFORE: 30}
    assert report.cost_usd == pytest.approx(0.12)
    assert "about 0.12 USD" in report.describe()
    (run,) = server.runs.values()
    assert run.given == {
        "searchTerms": ["screen time lang:en since_time:1795291200 until_time:1795294800"],
        "sort": "Latest",
        "maxItems": 200,
        "customMapFunction": "x",
    }
    assert (run.options["maxItems"], run.options["maxTotalChargeUsd"], run.options["timeout"]) == ("200", "0.5", "300")
    (row,) = stored(database, source_windows)
    assert (row["done"], row["items"], row["cost_usd"], row["holder"]) == (True, 30, pytest.approx(0.12), None)
    assert {each["project"] for each in stored(database, tweet_projects)} == {"demo"}
    # While the run goes on, counts are of the moment; afterwards, of its end.
    seen = {each["collected_at"] for each in stored(database, tweets)}
    assert min(seen) == server.modified_at
    assert max(seen) <= time.now()


@BOTH_DATABASES
def test_a_finished_hour_is_not_searched_again(server: ApifyServer, database: Database, time: SleepingTime) -> None:
    read(server, database, time)
    asked = len(server.requests)
    assert not read(server, database, time).asked
    assert len(server.requests) == asked
    other = ActorSearch("apidojo/tweet-scraper", ("something else",), 200)
    assert read(server, database, time, search=other).requests == 1


def test_an_hour_that_is_not_over_is_not_searched(server: ApifyServer, database: Database, time: SleepingTime) -> None:
    report = read(server, database, time, HOUR_BEFORE + HOUR)
    assert report.remarks == {"an hour that is not over yet was not searched": 1}
    assert not server.requests


@BOTH_DATABASES
def test_a_run_that_takes_too_long_is_left_and_gone_on_with(database: Database, time: SleepingTime) -> None:
    with ApifyServer(items_of, looks=6) as server:
        first = read(server, database, time, deadline=2)
        assert 0 < first.read < 30
        (reason,) = first.incomplete
        assert "still runs, longer than this run waits" in reason
        assert len(stored(database, tweets)) == first.read
        second = read(server, database, time)
        assert first.read + second.read == 30
        assert second.incomplete == {}
        assert len(server.runs) == 1
        # The run is paid for once, whoever looks at it.
        assert (first.cost_usd or 0) + (second.cost_usd or 0) == pytest.approx(0.12)
        (row,) = stored(database, source_windows)
        assert row["cost_usd"] == pytest.approx(0.12)


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED-OUT"])
def test_what_a_failed_run_had_found_is_kept(database: Database, time: SleepingTime, status: str) -> None:
    with ApifyServer(items_of, ends_as=status) as server:
        server.message = "Out of\nmemory"
        report = read(server, database, time)
        assert report.read == 30
        (reason,) = report.incomplete
        assert reason.startswith(f"the Actor ended as {status} (Out of memory); what it had found is stored")
        server.ends_as = "SUCCEEDED"
        again = read(server, database, time)
        assert (again.read, again.new, again.incomplete) == (30, 0, {})
        assert len(server.runs) == 2
    (row,) = stored(database, source_windows)
    assert row["cost_usd"] == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("placeholders", "said"),
    [
        ([{"noResults": True}], "1 x a search that found nothing"),
        ([{"demo": True}] * 3, "3 x a demonstration item in place of a tweet"),
        ([{"error": "Rate limit exceeded"}], "1 x an error in place of a tweet"),
        ([{"type": "mock_tweet", "id": -1, "text": "From us"}], "1 x a demonstration item in place of a tweet"),
    ],
)
def test_an_hour_of_placeholders_is_not_finished_and_a_later_run_asks_again(
    database: Database, time: SleepingTime, placeholders: list[dict[str, Any]], said: str
) -> None:
    with ApifyServer(lambda _: placeholders) as server:
        report = read(server, database, time)
        assert (report.read, report.rejected) == (0, 0)
        (reason,) = report.incomplete
        assert reason == f"the Actor gave placeholders ({said}); a later run asks again, within the project's caps"
        assert unfinished(database, time) == {HOUR_BEFORE}
        server.found = items_of
        again = read(server, database, time)
        assert (again.read, again.incomplete) == (30, {})
        assert not read(server, database, time).asked
        first, second = (run.options for run in server.runs.values())
        assert (first["maxItems"], second["maxItems"]) == ("200", str(200 - len(placeholders)))
        assert (float(first["maxTotalChargeUsd"]), float(second["maxTotalChargeUsd"])) == (0.5, 0.38)


def unfinished(database: Database, time: SleepingTime) -> set[datetime]:
    with database.read() as connection:
        return unfinished_hours(connection, HourRange(HOUR_BEFORE, HOUR_BEFORE + HOUR), time.now())


def test_after_a_few_runs_of_placeholders_only_a_person_has_the_hour_asked(
    database: Database, time: SleepingTime
) -> None:
    with ApifyServer(lambda _: [{"demo": True}]) as server:
        reasons = [next(iter(read(server, database, time).incomplete)) for _ in range(MOST_RUNS)]
        assert reasons[-1].startswith("the Actor keeps giving placeholders (1 x a demonstration item")
        assert unfinished(database, time) == set()
        server.found = items_of
        assert read(server, database, time).read == 30


@BOTH_DATABASES
def test_placeholders_are_asked_for_again_only_within_the_caps(database: Database, time: SleepingTime) -> None:
    with ApifyServer(lambda _: [{"demo": True}] * 2) as server:
        few = replace(SEARCH, max_items=2)
        read(server, database, time, search=few)
        assert read(server, database, time, search=few).incomplete == {
            "the project's cap of 2 items an hour is reached": 1
        }
        cheap = replace(SEARCH, queries=("other",), max_cost_usd=0.12)
        read(server, database, time, search=cheap)
        assert read(server, database, time, search=cheap).incomplete == {
            "the project's cap of 0.12 USD an hour is reached": 1
        }
        assert len(server.runs) == 2


def test_a_search_of_which_one_query_found_nothing_is_finished(database: Database, time: SleepingTime) -> None:
    with ApifyServer(lambda given: [*items_of(given), {"noResults": True}]) as server:
        report = read(server, database, time)
        assert (report.read, report.incomplete) == (30, {})
        assert not read(server, database, time).asked


def test_an_error_among_tweets_keeps_them_and_leaves_the_hour_unfinished(
    database: Database, time: SleepingTime
) -> None:
    with ApifyServer(lambda given: [*items_of(given), {"error": "Rate limit exceeded"}]) as server:
        report = read(server, database, time)
        assert (report.read, list(report.remarks)) == (30, ["an error in place of a tweet"])
        (reason,) = report.incomplete
        assert "1 x an error" in reason


@BOTH_DATABASES
def test_a_run_that_apify_has_forgotten_is_replaced(database: Database, time: SleepingTime) -> None:
    with ApifyServer(items_of, looks=50) as server:
        read(server, database, time, deadline=4)
        server.runs = {"another": server.runs.pop("run1")}
        server.looks = 1
        report = read(server, database, time)
        assert report.incomplete == {}
        assert report.remarks == {"an earlier run of the Actor is gone; a new one was started": 1}
        assert len(stored(database, tweets)) == 30


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(503, {"error": {"type": "internal", "message": "down"}}),
        Reply(429, {"error": {"type": "rate-limit-exceeded", "message": "slow down"}}),
        Reply(502, b"<html>", {"content-type": "text/html"}),
        Reply(200, b"[" + b" " * 5000, {}, cut=100),
    ],
    ids=["503", "429", "html", "cut off"],
)
def test_reading_is_tried_again(server: ApifyServer, database: Database, time: SleepingTime, trouble: Reply) -> None:
    server.troubles.append(lambda _: None)
    server.fail(trouble, trouble)
    report = read(server, database, time)
    assert (report.read, report.incomplete, report.problem) == (30, {}, None)
    assert len(server.runs) == 1


@pytest.mark.parametrize(
    "trouble", [Reply(200, b"{", {}), Reply(200, {"data": {"id": 5}}), Reply(200, [])], ids=["JSON", "shape", "list"]
)
def test_an_answer_that_makes_no_sense_leaves_the_hour_for_later(
    server: ApifyServer, database: Database, time: SleepingTime, trouble: Reply
) -> None:
    server.troubles.extend([lambda _: None, lambda _: None])
    server.fail(trouble)
    report = read(server, database, time)
    (reason,) = report.incomplete
    assert reason.startswith("Apify at 127.0.0.1")
    assert "\n" not in reason
    assert read(server, database, time).incomplete == {}
    assert len(server.runs) == 1
    assert len(stored(database, tweets)) == 30


def test_starting_is_tried_once_as_it_may_have_worked(
    server: ApifyServer, database: Database, time: SleepingTime
) -> None:
    server.fail(Reply(503, {}))
    report = read(server, database, time)
    assert list(report.incomplete) == ["Apify failed about the Actor apidojo/tweet-scraper (503); try again later"]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "set APIFY_TOKEN to a new one"), (402, "billing"), (403, "rent the Actor")]
)
def test_what_will_not_mend_itself_is_asked_once(
    server: ApifyServer, database: Database, time: SleepingTime, status: int, advice: str
) -> None:
    server.fail(Reply(status, {"error": {"type": "t", "message": "says\nno"}}))
    report = read(server, database, time, HOUR_BEFORE, HOUR_BEFORE - HOUR)
    assert advice in (report.problem or "")
    assert "\n" not in (report.problem or "")
    assert (len(server.requests), time.slept) == (1, 0)


def test_an_unknown_actor_is_told(server: ApifyServer, database: Database, time: SleepingTime) -> None:
    report = read(server, database, time, search=ActorSearch("nobody/nothing", ("x",), 10))
    assert report.problem == "Apify refused the Actor nobody/nothing (404: Actor was not found); check the name"


def test_a_token_that_expires_meanwhile_keeps_what_was_read(
    server: ApifyServer, database: Database, time: SleepingTime
) -> None:
    server.troubles.extend([lambda _: None] * 4)
    server.troubles.append(lambda _: setattr(server, "token", "a new one"))
    first = read(server, database, time)
    assert "the token is wrong or has expired" in (first.problem or "")
    second = read(server, database, time, token="a new one")
    assert first.read + second.read == 30
    assert len(server.runs) == 1


@BOTH_DATABASES
@pytest.mark.slow
def test_a_killed_process_leaves_a_run_that_the_next_one_goes_on_with(database: Database) -> None:
    hour = floor_hour(datetime.now(UTC)) - 2 * HOUR
    arrived, never = threading.Event(), threading.Event()
    with ApifyServer(items_of, looks=4, modified_at=datetime.now(UTC)) as server:

        def hang(_: Any) -> Reply:
            arrived.set()
            return Reply(503, {}, hold=never)

        server.troubles.extend([*[lambda _: None] * 5, hang])
        search = ActorSearch("apidojo/tweet-scraper", ("screen time lang:en",), 200)
        url = database.url.render_as_string(hide_password=False)
        process = forks().Process(target=run_actor, args=(url, server.url, TOKEN, hour.isoformat(), search))
        process.start()
        try:
            assert arrived.wait(PATIENCE)
        finally:
            process.kill()
            process.join()
            never.set()
        before = len(stored(database, tweets))
        assert 0 < before < 30
        time = SleepingTime(datetime.now(UTC))
        report = read(server, database, time, hour, search=search)
        assert (report.read, report.new) == (30 - before, 30 - before)
        assert len(server.runs) == 1
    assert len(stored(database, tweets)) == 30


@BOTH_DATABASES
def test_a_dataset_is_read_by_its_id(database: Database, server: ApifyServer) -> None:
    bad = item(HOUR_BEFORE, 5000, likeCount="many")
    server.datasets["abc"] = [item(HOUR_BEFORE, number) for number in range(2300)] + [bad, {"noResults": True}]
    seen: list[int] = []
    window = HourRange(HOUR_BEFORE - HOUR, HOUR_BEFORE)
    report = ingest_dataset(
        database, service(server), "abc", project="*", window=window, clock=lambda: NOW, progress=seen.append
    )
    assert (report.read, report.new, report.rejected, report.outside) == (2301, 2300, 1, 2300)
    assert (report.name, report.remarks) == ("apify:abc", {"a search that found nothing": 1})
    assert seen == [1000, 1000, 302]
    assert {row["collected_at"] for row in stored(database, tweets)} == {server.modified_at}
    (row,) = stored(database, rejected_records)
    assert (row["source"], row["locator"], row["reason"]) == ("apify:abc", "item 2301", "bad_count")
    again = ingest_dataset(database, service(server), "abc", project="*", clock=lambda: NOW)
    assert (again.new, again.updated, again.unchanged, again.rejected) == (0, 0, 2300, 1)
    assert len(stored(database, rejected_records)) == 1


def test_a_dataset_that_is_not_there_is_one_line(database: Database, server: ApifyServer) -> None:
    report = ingest_dataset(database, service(server), "nope", project="*")
    assert report.problem == "Apify has no dataset nope, or the token may not see it; check the id"


@BOTH_DATABASES
def test_what_was_read_of_a_dataset_before_it_broke_is_kept(database: Database, server: ApifyServer) -> None:
    server.datasets["abc"] = [item(HOUR_BEFORE, number) for number in range(1500)]
    server.troubles.extend([lambda _: None, lambda _: None])
    server.fail(*[Reply(503, {})] * 4)
    report = ingest_dataset(database, service(server), "abc", project="*", clock=lambda: NOW)
    assert (report.new, report.problem) == (1000, "Apify failed about the dataset abc (503); try again later")


def test_the_token_is_in_no_log(
    server: ApifyServer, sqlite_database: Database, time: SleepingTime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        read(server, sqlite_database, time)
    assert "Sending request" in caplog.text
    everything = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert TOKEN not in everything


def test_a_base_url_must_be_one() -> None:
    with pytest.raises(ConfigurationError, match="APIFY_API_BASE_URL is not a URL"):
        ApifyService(TOKEN, base_url="api.apify.com")


@pytest.mark.parametrize(
    ("query", "translated"),
    [
        ("cats -is:retweet lang:en", "cats -filter:nativeretweets lang:en"),
        ("(cats OR dogs) -is:reply has:links", "(cats OR dogs) -filter:replies filter:links"),
        ("this:is:reply is:replyish -is:reply", "this:is:reply is:replyish -filter:replies"),
        ('"is it" from:mara', '"is it" from:mara'),
    ],
)
def test_queries_of_the_api_are_translated_for_the_search_page(query: str, translated: str) -> None:
    assert page_query(query) == translated


def test_an_hour_ends_where_the_next_begins() -> None:
    assert hour_operators(HOUR_BEFORE).split(":")[2] == hour_operators(HOUR_BEFORE + HOUR).split(":")[1].split()[0]
