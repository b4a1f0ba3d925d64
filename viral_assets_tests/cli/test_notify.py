"""``viral-assets notify``, and what ``generate-comments`` tells by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.hours import HOUR, floor_hour
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.notifications import claim
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.home import BAKING, BREAD_TWEETS, tweet
from viral_assets_tests.notifications.news import put, view
from viral_assets_tests.wire import Wire, reply

SECRET = "hunter2hunter2"


@pytest.fixture
def webhook() -> Iterator[Wire]:
    with Wire() as wire:
        yield wire


@pytest.fixture
def told(home: Path, webhook: Wire, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose project tells the channel team."""
    projects = home / "projects"
    projects.mkdir()
    notifications = "notifications: {channels: [team], label: red, max_age_hours: 48}\n"
    (projects / "baking.yml").write_text(BAKING + notifications)
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(projects))
    monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_TEAM", f"json://me:{SECRET}@127.0.0.1:{webhook.port}/")
    monkeypatch.setenv("VIRAL_ASSETS_REVIEW_URL", "https://review.example.com")
    return home


def store_some(count: int = 3) -> None:
    now = datetime.now(UTC)
    database = Database(load_settings().resolved_database_url)
    put(database, [view(number, at=now, project="baking") for number in range(count)], ready=now)
    database.dispose()


def bodies(wire: Wire) -> list[dict[str, str]]:
    return [json.loads(arrival.body) for arrival in wire.arrivals]


def test_what_is_new_is_told_once(viral_assets: CommandLine, told: Path, webhook: Wire) -> None:
    store_some()
    rehearsed = viral_assets("notify", "--dry-run")
    assert "3 greens, the best is 12 minutes old" in rehearsed.out
    assert "https://review.example.com/tweet?project=baking" in rehearsed.out
    assert webhook.arrivals == []
    first = viral_assets("notify", "--json")
    assert (first.code, first.json["told"]) == (0, 3)
    assert first.json["standing"][0]["told"] == 3
    assert "nothing new" in viral_assets("notify").out
    assert [body["title"] for body in bodies(webhook)] == ["Home bakers: 3 greens, the best is 12 minutes old"]


def test_a_channel_that_is_down_is_said_everywhere_and_its_address_nowhere(
    viral_assets: CommandLine, told: Path, webhook: Wire
) -> None:
    store_some()
    webhook.answer = reply(500, SECRET)
    failed = viral_assets("notify", "--json")
    assert failed.code == 1
    assert "baking: team was not told of 3 tweets: HTTP 500; tried again from" in failed.complaints[0]
    status = viral_assets("status", "--json")
    assert status.json["channels_down"] == ["team (HTTP 500; 3 wait)"]
    assert "team (HTTP 500; 3 wait)" in viral_assets("status").out
    later = viral_assets("notify")
    assert "3 tweets for team wait for the next round, not before" in later.out
    assert SECRET not in failed.out + failed.err + status.out + later.out + later.err


def test_a_channel_can_be_tried(viral_assets: CommandLine, told: Path, webhook: Wire) -> None:
    tried = viral_assets("notify", "--test", "team", "--json")
    assert (tried.code, tried.json["taken"], tried.json["service"]) == (0, True, "JSON")
    assert bodies(webhook)[0]["message"] == "The channel team works. There is nothing to decide about."
    webhook.answer = reply(403)
    refused = viral_assets("notify", "--test", "team")
    assert refused.code == 1
    assert refused.complaints == ["viral-assets: team: JSON did not take the message: HTTP 403"]
    unknown = viral_assets("notify", "--test", "boss")
    assert unknown.code == 2
    assert "set VIRAL_ASSETS_NOTIFY_BOSS" in unknown.complaints[0]


def test_what_nobody_knows_of_is_told_again_when_a_person_says_so(
    viral_assets: CommandLine, told: Path, webhook: Wire
) -> None:
    store_some(1)
    database = Database(load_settings().resolved_database_url)
    killed_at = datetime.now(UTC) - timedelta(minutes=6)
    with database.begin() as connection:
        row = view(0, project="baking", at=killed_at)
        claim(connection, "team", "baking", [(row.tweet_id, row.window_start)], "m", killed_at)
    database.dispose()
    said = viral_assets("notify")
    assert "of 1 tweet nobody knows whether they were told" in said.complaints[0]
    assert webhook.arrivals == []
    again = viral_assets("notify", "--again", "--json")
    assert again.json["told"] == 1
    assert len(webhook.arrivals) == 1


def test_without_a_channel_it_says_where_to_name_one(viral_assets: CommandLine) -> None:
    assert "see notifications in" in viral_assets("notify").out


@pytest.mark.slow
def test_a_project_without_the_address_is_a_line_and_no_failure_of_a_run(
    viral_assets: CommandLine, told: Path, webhook: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRAL_ASSETS_NOTIFY_TEAM")
    hour = ingest_bread(viral_assets, told)
    ran = viral_assets("generate-comments", "--from", f"{hour:%Y-%m-%dT%H:%M}", "--json")
    assert (ran.code, ran.json["told"]) == (0, 0), ran.err
    assert any("set VIRAL_ASSETS_NOTIFY_TEAM" in line for line in ran.complaints)


@pytest.mark.slow
def test_generate_comments_tells_by_itself_and_a_backfill_of_old_hours_does_not(
    viral_assets: CommandLine, told: Path, webhook: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = floor_hour(datetime.now(UTC)) - timedelta(days=5)
    ingest_bread(viral_assets, told, old)
    window = ("--from", f"{old:%Y-%m-%dT%H:%M}", "--to", f"{old + HOUR:%Y-%m-%dT%H:%M}")
    backfill = viral_assets("generate-comments", *window, "--json")
    assert (backfill.code, backfill.json["told"]) == (0, 0), backfill.err
    assert backfill.json["generated"] > 0

    hour = ingest_bread(viral_assets, told, texts=BREAD_TWEETS[3:6])
    webhook.answer = reply(503)
    arguments = ("generate-comments", "--from", f"{hour:%Y-%m-%dT%H:%M}", "--json")
    assert viral_assets(*arguments, "--dry-run").json["told"] == 0
    down = viral_assets(*arguments)
    assert (down.code, down.json["told"]) == (0, 0), down.err
    assert any("HTTP 503" in line for line in down.complaints)
    assert len(webhook.arrivals) == 1
    assert bodies(webhook)[0]["title"].startswith("Home bakers: ")
    assert "offline draft" in bodies(webhook)[0]["message"]


def ingest_bread(
    viral_assets: CommandLine, home: Path, hour: datetime | None = None, texts: Sequence[str] = BREAD_TWEETS[:3]
) -> datetime:
    hour = hour or floor_hour(datetime.now(UTC)) - HOUR
    path = home / f"{hour:%Y%m%dT%H}.json"
    rows = [tweet(number, hour, text) for number, text in enumerate(texts)]
    path.write_text(json.dumps({"data": rows}))
    assert viral_assets("ingest", path, "--project", "baking").code == 0
    return hour


def test_a_tweet_that_is_forgotten_is_no_longer_known_as_told(
    viral_assets: CommandLine, told: Path, webhook: Wire
) -> None:
    store_some(2)
    viral_assets("notify")
    gone = viral_assets("forget", view(0).tweet_id, "--yes", "--json")
    assert gone.json["rows"]["notifications"] == 1
    assert viral_assets("status", "--json").json["tables"]["notifications"]["rows"] == 1


def test_a_backup_put_back_tells_nobody_again(viral_assets: CommandLine, told: Path, webhook: Wire) -> None:
    store_some(2)
    viral_assets("backup", told / "copy.db")
    viral_assets("notify")
    shutil.rmtree(told / "dagster", ignore_errors=True)
    assert viral_assets("restore", told / "copy.db", "--yes").code == 0
    assert "nothing new" in viral_assets("notify").out
    assert len(webhook.arrivals) == 1
