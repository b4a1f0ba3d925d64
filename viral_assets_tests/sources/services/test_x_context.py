"""Quoted and answered posts from the X API: real tweepy, a real HTTP server, a real database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from viral_assets.context import DELETED, References
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger, PostPrices
from viral_assets.sources.services.collect import ServiceAccess, look_up_context_of
from viral_assets.sources.services.common import ServiceReport
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.sources.services.x_context import look_up_context
from viral_assets.store.engine import Database
from viral_assets.store.references import read_contexts, save_references
from viral_assets.store.tables import referenced_posts
from viral_assets.store.tweets import upsert_tweets
from viral_assets_tests.generation.make import project
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.service_time import SleepingTime
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer, post
from viral_assets_tests.store.rows import stored, tweet_row

NOW = datetime(2026, 11, 21, 21, 30, 12, tzinfo=UTC)
POSTED = NOW - timedelta(hours=3)
QUOTED = post(
    POSTED,
    1,
    text="Our schools took phones away &amp; nothing broke",
    attachments={"media_keys": ["3_1"]},
    media=[{"media_key": "3_1", "type": "photo", "alt_text": "A basket of phones"}],
)
GONE = post(POSTED, 2)


@pytest.fixture
def time() -> SleepingTime:
    return SleepingTime(NOW)


@pytest.fixture
def server(time: SleepingTime) -> Iterator[XApiServer]:
    with XApiServer([QUOTED, *(post(POSTED, number) for number in range(10, 150))], clock=time.now) as started:
        yield started


def refer(database: Database, *found: tuple[str, References]) -> list[str]:
    with database.begin() as connection:
        upsert_tweets(connection, [tweet_row(tweet_id, is_quote=True) for tweet_id, _ in found])
        save_references(connection, [(tweet_id, POSTED, to) for tweet_id, to in found])
    return [tweet_id for tweet_id, _ in found]


def look(server: XApiServer, database: Database, time: SleepingTime, ids: Sequence[str], **caps: Any) -> ServiceReport:
    client = XApiClient(TOKEN, base_url=server.url)
    budget = PostBudget(client.account, "run", PostCaps(**caps))
    return look_up_context(database, client, budget, "demo", ids, time.deadline(60), clock=time.now)


def test_what_is_quoted_is_kept_with_its_author_and_pictures(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    ids = refer(database, ("1", References(GONE["id"], QUOTED["id"])))
    report = look(server, database, time, ids, count_users=True)
    with database.read() as connection:
        context = read_contexts(connection, ids)["1"]
    assert context.quotes is not None
    assert (context.quotes.text, context.quotes.author_handle, context.quotes.alt_texts) == (
        "Our schools took phones away & nothing broke",
        "mara_writes_here",
        ("A basket of phones",),
    )
    assert context.answers is not None
    assert context.answers.state == DELETED
    assert report.remarks == {"quoted or answered posts found": 1, "quoted or answered posts gone, or not public": 1}
    assert report.requests == 1
    assert report.cost_usd == pytest.approx(0.005 + 0.010 + 0.005)
    look(server, database, time, ids)
    assert len(server.lookups) == 1


def test_the_caps_of_the_run_hold_and_the_first_tweets_come_first(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    posts = sorted(server.posts, key=int)[-140:]
    ids = refer(database, *((str(number), References(None, each)) for number, each in enumerate(posts, 1)))
    report = look(server, database, time, ids, per_run=120)
    assert [each for batch in server.lookups for each in batch] == posts[:120]
    assert len(stored(database, referenced_posts)) == 120
    assert report.remarks["quoted or answered posts were not asked for"] == 20
    assert "cap is reached" in next(iter(report.incomplete))
    status = PostLedger(
        database, PostBudget(XApiClient(TOKEN).account, "run", PostCaps()), "lookup", clock=time.now
    ).status()
    assert status.run == 120


def test_nobody_is_asked_unless_the_project_says_so_and_there_is_a_token(
    server: XApiServer, database: Database
) -> None:
    ids = refer(database, ("1", References(None, QUOTED["id"])))
    off, on = (project(sources={"queries": ["bread"], "x_api": {"context": context}}) for context in (False, True))
    for asking, token in ((off, TOKEN), (on, None), (project(), TOKEN)):
        access = ServiceAccess(x_token=token, x_base_url=server.url)
        assert look_up_context_of(database, asking, ids, access, run_id="run") is None
    access = ServiceAccess(x_token=TOKEN, x_base_url=server.url, prices=PostPrices(post=0.5, user=2.0))
    assert look_up_context_of(database, on, [], access, run_id="run") is None
    assert server.requests == []
    report = look_up_context_of(database, on, ids, access, run_id="run")
    assert report is not None
    assert report.cost_usd == pytest.approx(0.5), "at the price that somebody has set"
    assert server.lookups == [[QUOTED["id"]]]


def test_a_service_that_refuses_is_a_problem_of_the_report_and_nothing_is_lost(
    server: XApiServer, database: Database, time: SleepingTime
) -> None:
    ids = refer(database, ("1", References(None, QUOTED["id"])))
    server.fail(Reply(403, {"title": "Forbidden", "detail": "spend-cap-reached"}))
    assert look(server, database, time, ids).problem
    assert stored(database, referenced_posts) == []
    assert look(server, database, time, ids).remarks == {"quoted or answered posts found": 1}
