"""The second look at opportunities: real tweepy, a real HTTP server, a real database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from viral_assets.hours import HOUR, HourRange
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger
from viral_assets.sources.services.common import ServiceReport
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.sources.services.x_refresh import refresh_metrics
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, gone_tweets, tweet_snapshots, tweets
from viral_assets.store.tweet_frames import read_earlier_snapshots
from viral_assets.store.tweets import upsert_tweets
from viral_assets.store.windows import replace_window
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.service_time import SleepingTime
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer, posts_of
from viral_assets_tests.store.rows import stored, tweet_row

NOW = datetime(2026, 11, 21, 21, 30, 12, tzinfo=UTC)
HOURS = HourRange(datetime(2026, 11, 21, 18, tzinfo=UTC), datetime(2026, 11, 21, 21, tzinfo=UTC))
POSTED = HOURS.end - HOUR
SEEN = NOW - timedelta(minutes=25)


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(NOW)


@pytest.fixture
def server(time: SleepingTime) -> Iterator[XApiServer]:
    with XApiServer(posts_of(POSTED, 250), clock=time.now) as started:
        yield started


def remember(database: Database, server: XApiServer, project: str = "demo") -> Sequence[str]:
    """The server's posts, as they were seen with a tenth of the likes, are opportunities; the best first."""
    ids = sorted(server.posts, key=int)
    rows = [
        tweet_row(
            each,
            created_at=datetime.fromisoformat(server.posts[each]["created_at"]),
            collected_at=SEEN,
            like_count=5,
            reply_count=1,
            retweet_count=0,
            quote_count=0,
            view_count=None,
        )
        for each in ids
    ]
    chosen = pd.DataFrame(
        {
            "project": project,
            "tweet_id": ids,
            "window_start": POSTED,
            "rank": range(1, len(ids) + 1),
            "total": [1 - number / 1000 for number in range(len(ids))],
            "label": "green",
            "topic": "t",
            "why": "w",
        }
    )
    with database.begin() as connection:
        upsert_tweets(connection, rows)
        replace_window(connection, comment_opportunities, HOURS, chosen, projects=[project])
    return ids


def look(
    server: XApiServer,
    database: Database,
    time: SleepingTime,
    *,
    caps: PostCaps | None = None,
    run_id: str = "run",
    project: str = "demo",
) -> ServiceReport:
    client = XApiClient(TOKEN, base_url=server.url)
    budget = PostBudget(client.account, run_id, caps or PostCaps())
    return refresh_metrics(database, client, budget, project, HOURS, time.deadline(600), clock=time.now)


def test_opportunities_are_looked_up_by_the_hundred(server: XApiServer, database: Database, time: SleepingTime) -> None:
    ids = remember(database, server)
    report = look(server, database, time)
    assert [len(each) for each in server.lookups] == [100, 100, 50]
    assert [each for batch in server.lookups for each in batch] == ids
    assert (report.read, report.updated, report.new) == (250, 250, 0)
    assert {(row["like_count"], row["collected_at"]) for row in stored(database, tweets)} == {(50, NOW)}
    assert len(stored(database, tweet_snapshots)) == 500


def test_the_look_before_is_what_velocity_is_measured_from(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database, server)
    with database.read() as connection:
        assert read_earlier_snapshots(connection, HOURS, at_least_before=timedelta(minutes=10)).empty
    look(server, database, time)
    with database.read() as connection:
        earlier = read_earlier_snapshots(connection, HOURS, at_least_before=timedelta(minutes=10))
        assert read_earlier_snapshots(connection, HOURS, at_least_before=timedelta(minutes=26)).empty
    assert len(earlier) == 250
    assert set(earlier["earlier_like_count"]) == {5}
    assert set(earlier["earlier_collected_at"]) == {pd.Timestamp(SEEN)}


def test_a_tweet_seen_a_moment_ago_is_not_looked_at_again(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database, server)
    look(server, database, time)
    asked = len(server.requests)
    assert look(server, database, time).read == 0
    assert len(server.requests) == asked
    time.slept += 1000
    assert look(server, database, time).read == 250


def test_tweets_that_are_gone_are_told_and_keep_their_counts(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    ids = remember(database, server)
    for each in ids[:3]:
        del server.posts[each]
    report = look(server, database, time)
    assert (report.read, report.remarks) == (247, {"tweets are gone, or no longer public": 3})
    kept = [row for row in stored(database, tweets) if row["tweet_id"] in ids[:3]]
    assert {row["like_count"] for row in kept} == {5}
    assert [row["tweet_id"] for row in stored(database, gone_tweets)] == sorted(ids[:3])


def test_a_tweet_that_comes_back_is_not_gone_any_more(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    ids = remember(database, server)
    away = {each: server.posts.pop(each) for each in ids[:2]}
    look(server, database, time)
    server.posts |= {ids[0]: away[ids[0]]}
    time.slept += 1000
    assert look(server, database, time).read == 249
    assert [row["tweet_id"] for row in stored(database, gone_tweets)] == [ids[1]]


def test_what_an_answer_only_lacks_is_not_gone(server: XApiServer, database: Database, time: SleepingTime) -> None:
    ids = remember(database, server)
    server.unsaid = set(ids[:2])
    assert look(server, database, time).remarks == {"tweets are gone, or no longer public": 2}
    assert stored(database, gone_tweets) == []


def test_a_batch_of_tweets_that_are_all_gone_is_no_error(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database, server)
    server.posts.clear()
    assert look(server, database, time).remarks == {"tweets are gone, or no longer public": 250}


def test_the_cap_takes_the_best_and_says_what_was_left(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    ids = remember(database, server)
    report = look(server, database, time, caps=PostCaps(per_run=130))
    assert [each for batch in server.lookups for each in batch] == ids[:130]
    assert report.remarks == {"tweets were not looked at": 120}
    assert len(report.incomplete) == 1
    assert look(server, database, time, run_id="next").read == 120


def test_the_cap_of_a_day_is_shared_with_searches(server: XApiServer, database: Database, time: SleepingTime) -> None:
    remember(database, server)
    look(server, database, time)
    client = XApiClient(TOKEN, base_url=server.url)
    ledger = PostLedger(database, PostBudget(client.account, "another"), clock=lambda: NOW)
    assert (ledger.status().run, ledger.status().day) == (0, 250)


def test_other_projects_and_other_hours_are_left_alone(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database, server, project="another")
    assert look(server, database, time).read == 0
    assert not server.requests


def test_trouble_is_waited_out_and_a_refusal_is_told(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    remember(database, server)
    server.fail(Reply(503, {}), Reply(200, b"{", {}))
    assert look(server, database, time).read == 250
    time.slept += 2000
    server.fail(Reply(401, {}))
    assert "set X_BEARER_TOKEN" in (look(server, database, time).problem or "")
