"""What a run does with the services that projects name: real Dagster, real SDKs, local servers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from dagster._core.execution.plan import active

from viral_assets.defs.assets.ingestion import RETRIES
from viral_assets.defs.build import build_defs
from viral_assets.defs.resources.tweet_source import TweetSourceResource, service_access
from viral_assets.errors import ViralAssetsError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.projects.loader import load_projects
from viral_assets.store.gone import FORGET_THEM
from viral_assets_tests.home import BAKING, BREAD_TWEETS, Home, make_home
from viral_assets_tests.sources.services import apify_server, x_api_server
from viral_assets_tests.sources.services.apify_server import ApifyServer, item
from viral_assets_tests.sources.services.http_server import Reply
from viral_assets_tests.sources.services.x_api_server import XApiServer, post

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow

ONE_AUTHOR = "engagement: {replies_per_author: null}\n"
"""Who is there at X has written all of its posts."""

X_SOURCES = "sources: {queries: ['(bread OR sourdough) lang:en'], x_api: {max_posts_per_hour: 100}}\n"
APIFY_SOURCES = "sources: {queries: ['bread -is:retweet'], apify: {max_items_per_hour: 60}}\n"


@pytest.fixture
def hour() -> datetime:
    return floor_hour(datetime.now(UTC)) - 2 * HOUR


@pytest.fixture
def server(hour: datetime) -> Iterator[XApiServer]:
    posts = [
        post(hour + timedelta(minutes=number), number, text=text, public_metrics={"like_count": 300 + number})
        for number, text in enumerate(BREAD_TWEETS)
    ]
    with XApiServer(posts) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path, server: XApiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Its project searches the X API."""
    with make_home(tmp_path, projects={"baking": BAKING + X_SOURCES + ONE_AUTHOR}) as made:
        monkeypatch.setenv("X_BEARER_TOKEN", x_api_server.TOKEN)
        monkeypatch.setenv("X_API_BASE_URL", server.url)
        yield made


class VirtualTime:
    """What Dagster goes by between the attempts of a step; nobody waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def time(self) -> float:
        return 1_000_000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def between_attempts(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """Services are given up without waiting for them, and Dagster's own pauses only look as if time passed."""
    monkeypatch.setenv("VIRAL_ASSETS_SOURCE_WAIT_SECONDS", "0")
    virtual = VirtualTime()
    monkeypatch.setattr(active, "time", virtual)
    return virtual


def test_a_run_asks_for_its_hour_and_works_on_what_came(home: Home, server: XApiServer, hour: datetime) -> None:
    summary = home.run(1, start=hour)
    assert summary.opportunities > 0
    assert summary.failed_checks == ()
    assert len(home.rows("tweets")) == len(BREAD_TWEETS)
    assert {row["project"] for row in home.rows("tweet_projects", "tweet_id").to_dict("records")} == {"baking"}
    shown = home.shown("tweets", hour)["services asked"]
    assert "X API" in shown
    assert "0\\.05" in shown, "eight posts and their author"
    asked = len(server.requests)
    again = home.run(1, start=hour)
    assert (again.requests, len(server.requests)) == (0, asked)
    assert "services asked" not in home.shown("tweets", hour)


def test_a_dry_run_pays_for_nothing(home: Home, server: XApiServer, hour: datetime) -> None:
    home.run(1, start=hour, dry_run=True)
    assert not server.requests


def test_a_token_that_is_refused_fails_the_run_with_one_line(home: Home, server: XApiServer, hour: datetime) -> None:
    server.token = "another"
    with pytest.raises(ViralAssetsError, match="wrong or has expired; set X_BEARER_TOKEN to a new one") as failure:
        home.run(1, start=hour)
    assert x_api_server.TOKEN not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_missing_token_is_told_before_anything_is_asked(
    home: Home, hour: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("X_BEARER_TOKEN")
    with pytest.raises(ViralAssetsError, match="set X_BEARER_TOKEN, or take the service out of the sources of 'baking"):
        home.run(1, start=hour)


def test_a_service_that_is_down_for_a_moment_is_asked_again_by_the_same_run(
    home: Home, server: XApiServer, hour: datetime, between_attempts: VirtualTime
) -> None:
    server.fail(Reply(503, {}))
    assert home.run(1, start=hour).opportunities > 0
    assert sum(between_attempts.slept) == pytest.approx(RETRIES.delay)


@pytest.mark.slow
def test_a_service_that_stays_down_fails_its_hour_with_the_reason_and_not_the_next(
    home: Home, server: XApiServer, hour: datetime, between_attempts: VirtualTime
) -> None:
    server.fail(*[Reply(503, {})] * (1 + RETRIES.max_retries))
    with pytest.raises(ViralAssetsError, match=r"X API, baking: .*: the X API failed \(503\); try again later"):
        home.run(1, start=hour - HOUR)
    assert home.run(1, start=hour).opportunities > 0


def test_a_service_that_falls_silent_midway_does_not_cost_what_it_has_answered(
    home: Home, server: XApiServer, hour: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_SOURCE_WAIT_SECONDS", "0")
    server.troubles.extend([lambda _: None, lambda _: Reply(503, {})])
    assert home.run(2, start=hour - HOUR).opportunities > 0
    assert "failed \\(503\\)" in home.shown("tweets", hour)["services asked"]


@pytest.mark.slow
def test_a_second_look_changes_what_velocity_is_made_of(home: Home, server: XApiServer, hour: datetime) -> None:
    home.run(1, start=hour)
    first = home.rows("tweet_scores", "tweet_id")
    # As if the first look had been half an hour ago.
    for table in ("tweets", "tweet_snapshots"):
        home.execute(sa.text(f"UPDATE {table} SET collected_at = '{_text(hour + HOUR)}'"))
    home.run(1, start=hour)
    aged = home.rows("tweet_scores", "tweet_id")
    hottest = str(first["tweet_id"].iloc[0])
    server.posts[hottest]["public_metrics"] = {"like_count": 9000}
    reports = TweetSourceResource().refresh(
        home.database, load_projects(home.folder / "projects"), HourRange(hour, hour + HOUR), "refresh"
    )
    assert sum(report.updated for report in reports) > 0
    home.run(1, start=hour)
    after = home.rows("tweet_scores", "tweet_id").set_index("tweet_id")
    looked_at = set(home.rows("comment_opportunities", "tweet_id")["tweet_id"])
    before = aged.set_index("tweet_id")
    velocity, why = after["velocity"], after["why"].astype(str)
    assert float(velocity[hottest]) > float(before["velocity"][hottest])
    assert "8.7K more likes in" in why[hottest]
    cold = next(each for each in looked_at if each != hottest)
    assert float(velocity[cold]) == 0
    assert "0 more likes in" in why[cold]
    home.run(1, start=hour)
    assert home.rows("tweet_scores", "tweet_id").set_index("tweet_id").equals(after)


def test_an_actor_of_apify_is_asked_for_the_hour(
    tmp_path: Path, hour: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [item(hour + timedelta(minutes=number), number, text=text) for number, text in enumerate(BREAD_TWEETS)]
    with (
        ApifyServer(lambda _: found, looks=1, modified_at=hour + HOUR) as server,
        make_home(tmp_path, projects={"baking": BAKING + APIFY_SOURCES}) as home,
    ):
        monkeypatch.setenv("APIFY_TOKEN", apify_server.TOKEN)
        monkeypatch.setenv("APIFY_API_BASE_URL", server.url)
        summary = home.run(1, start=hour)
        assert summary.opportunities > 0
        (run,) = server.runs.values()
        assert run.given["searchTerms"][0].startswith("bread -filter:nativeretweets since_time:")
        assert (run.given["maxItems"], run.options["maxItems"]) == (60, "60")
        assert "Apify" in home.shown("tweets", hour)["services asked"]


def test_tokens_are_not_in_the_picture_of_what_is_handed_on(home: Home) -> None:
    access = service_access()
    assert access.x_token == x_api_server.TOKEN
    assert x_api_server.TOKEN not in repr(access)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.000000")


def test_a_second_look_appends_snapshots_for_opportunities_only(home: Home, server: XApiServer, hour: datetime) -> None:
    home.run(1, start=hour)
    chosen = len(home.rows("comment_opportunities", "tweet_id"))
    # As if the first look had been half an hour ago.
    for table in ("tweets", "tweet_snapshots"):
        home.execute(sa.text(f"UPDATE {table} SET collected_at = '{_text(hour + HOUR)}'"))
    before = len(home.rows("tweet_snapshots", "tweet_id"))
    for each in server.posts.values():
        each["public_metrics"] = {"like_count": 9000}

    result = build_defs().resolve_job_def("metric_refresh").execute_in_process(instance=home.instance)

    assert result.success
    assert len(home.rows("tweet_snapshots", "tweet_id")) == before + chosen > before


def test_a_second_look_that_finds_tweets_gone_says_how_to_let_them_go(
    home: Home, server: XApiServer, hour: datetime
) -> None:
    home.run(1, start=hour)
    ids = sorted(home.rows("comment_opportunities", "tweet_id")["tweet_id"])
    for table in ("tweets", "tweet_snapshots"):
        home.execute(sa.text(f"UPDATE {table} SET collected_at = '{_text(hour + HOUR)}'"))
    del server.posts[ids[0]]
    result = build_defs().resolve_job_def("metric_refresh").execute_in_process(instance=home.instance)
    (output,) = (event.step_output_data for event in result.all_events if event.is_successful_output)
    told = {name: value.value for name, value in output.metadata.items()}
    assert told == {"gone at X": 1, "let them go": FORGET_THEM}
    home.run(1, start=hour)
    assert home.shown("suggestion_digest", hour)["let them go"] == FORGET_THEM
    assert list(home.rows("gone_tweets", "tweet_id")["tweet_id"]) == [ids[0]]


def test_what_chosen_tweets_quote_is_asked_for_and_may_leave_them_out(
    home: Home, server: XApiServer, hour: datetime
) -> None:
    ids = sorted(server.posts, key=int)
    mourned = post(hour - 30 * HOUR, 900, text="My mum passed away last night. Her bread is the last thing in the tin.")
    baked = post(hour - 30 * HOUR, 901, text="Overnight proof, cold oven, no kneading.")
    for quoting, quoted in zip(ids, (mourned, baked), strict=False):
        server.posts[quoting]["referenced_tweets"] = [{"type": "quoted", "id": quoted["id"]}]
    server.posts |= {each["id"]: each for each in (mourned, baked)}
    file = home.folder / "projects" / "baking.yml"
    file.write_text(file.read_text().replace("max_posts_per_hour: 100", "max_posts_per_hour: 100, context: true"))
    summary = home.run(1, start=hour)
    assert summary.failed_checks == ()
    assert sorted(each for batch in server.lookups for each in batch) == sorted([mourned["id"], baked["id"]])
    scores = home.rows("tweet_scores", "tweet_id").set_index("tweet_id")
    assert scores.loc[ids[0], "gate"] == "not_safe"
    assert "in the quoted post: “" in scores.loc[ids[0], "flags"]
    assert scores.loc[ids[1], "gate"] == "pass"
    drafted = set(home.rows("comment_suggestions", "tweet_id")["tweet_id"])
    assert ids[1] in drafted
    assert ids[0] not in drafted
    counted = home.rows("selection_counts").set_index("reason")["tweets"]
    assert counted["grief"] == 1
