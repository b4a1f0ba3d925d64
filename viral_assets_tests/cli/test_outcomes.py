"""``viral-assets outcomes``: from a file, or from an account's timeline, to what was posted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from viral_assets.hours import floor_hour
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, reply_snapshots
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.posted.examples import CHARGER, MIRROR, id_at, remember
from viral_assets_tests.sources.services.x_api_server import TOKEN, XApiServer
from viral_assets_tests.sources.services.x_api_server import post as api_post
from viral_assets_tests.store.rows import stored

POSTED_AT = floor_hour(datetime.now(UTC)) - timedelta(hours=47)
TWEETED_AT = POSTED_AT - timedelta(minutes=30)
TWEET, REPLY = id_at(TWEETED_AT), id_at(POSTED_AT)


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database(load_settings().resolved_database_url)
    opened.upgrade()
    remember(opened, tweet_id=TWEET, created_at=TWEETED_AT)
    yield opened
    opened.dispose()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "replies.csv"
    path.write_text(
        f"tweet_url,reply_url,reply_text,views\nhttps://x.com/a/status/{TWEET},https://x.com/us/status/{REPLY},"
        f'"{CHARGER}",1200\nhttps://x.com/a/status/{TWEET},https://x.com/us/status/{int(REPLY) + 1},"{MIRROR}",5\n'
        f"https://x.com/a/status/{TWEET},nonsense,,7\n"
    )
    return path


def posted(database: Database) -> int:
    return sum(row["status"] == "posted" for row in stored(database, comment_suggestions))


def test_a_file_is_tried_taken_over_once_and_taken_back(
    viral_assets: CommandLine, database: Database, table: Path
) -> None:
    would = viral_assets("outcomes", table, "--dry-run", "--json").json
    assert (would["posted"], would["snapshots"], posted(database)) == (1, 1, 0)
    done = viral_assets("outcomes", table, "--json")
    assert done.json == {**would, "dry_run": False}
    (file,) = done.json["files"]
    assert (file["posts"], file["unreadable"][0]["where"]) == (2, "line 4")
    (conflict,) = done.json["conflicts"]
    assert (conflict["reply_id"], conflict["suggestions"]) == (
        str(int(REPLY) + 1),
        [["unplugged", TWEET, "mirror_reframe"]],
    )
    assert posted(database) == 1
    again = viral_assets("outcomes", table, "--json").json
    assert (again["posted"], again["known"], again["snapshots"]) == (0, 1, 0)
    assert viral_assets("outcomes", "--undo", "--json").json == {"undone": 1, "left": 0}
    assert posted(database) == 0
    assert "Nothing is marked" in viral_assets("outcomes", "--undo").out


@pytest.mark.usefixtures("database")
def test_a_person_reads_what_was_left_and_why(viral_assets: CommandLine, table: Path) -> None:
    said = viral_assets("outcomes", table)
    assert said.code == 0
    assert "1 suggestion marked as posted" in said.out
    assert "told by the same text (1)" in said.out
    assert f"https://x.com/i/status/{int(REPLY) + 1}: it is rejected" in said.out
    assert "line 4: 'nonsense' is not a tweet id" in said.out
    assert "viral-assets outcomes --undo" in said.out


def test_a_file_that_cannot_be_read_costs_itself_alone(
    viral_assets: CommandLine, database: Database, table: Path, tmp_path: Path
) -> None:
    said = viral_assets("outcomes", tmp_path / "none.csv", table)
    assert said.code == 1
    assert len(said.complaints) == 1
    assert posted(database) == 1
    alone = viral_assets("outcomes", tmp_path / "none.csv")
    assert (alone.code, len(alone.complaints)) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "give a FILE with your posts, or your account"),
        (("--account", "no good"), "write it like @us"),
        (("--account", "@us", "--dry-run"), "--dry-run is for files"),
        (("--undo", "--dry-run"), "--undo takes nothing else"),
        (("--account", "@us"), "set X_BEARER_TOKEN"),
        (("x.csv", "--project", "nobody"), "nobody"),
        (("x.csv", "--collected-at", "2999-01-01"), "lies in the future"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    viral_assets: CommandLine,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    what: str,
) -> None:
    monkeypatch.delenv("X_BEARER_TOKEN", raising=False)
    said = viral_assets("outcomes", *arguments)
    assert said.code == 2
    assert what in said.complaints[-1]
    assert len(said.complaints) == 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XApiServer]:
    refers: dict[str, Any] = {"referenced_tweets": [{"type": "replied_to", "id": TWEET}]}
    with XApiServer([api_post(POSTED_AT, text=f"@mara_writes {CHARGER}", **refers)]) as started:
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        monkeypatch.setenv("X_API_BASE_URL", started.url)
        yield started


def test_the_account_of_the_environment_is_asked_for(
    viral_assets: CommandLine, database: Database, server: XApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_X_ACCOUNT", "@mara_writes_here")
    said = viral_assets("outcomes", "--json")
    assert (said.code, said.json["posted"], said.json["account"]) == (0, 1, "mara_writes_here")
    assert said.json["cost_usd"] == pytest.approx(0.01 + 0.005 + 0.01)
    assert posted(database) == 1
    assert len(stored(database, reply_snapshots)) == 1
    assert {each.method for each in server.requests} == {"GET"}
    assert TOKEN not in said.out + said.err
    assert viral_assets("outcomes", "--days", "3", "--json").json["known"] == 1


def test_a_refused_token_is_one_line(viral_assets: CommandLine, database: Database, server: XApiServer) -> None:
    server.token = "another"
    said = viral_assets("outcomes", "--account", "@mara_writes_here", "--json")
    assert said.code == 1
    assert "set X_BEARER_TOKEN" in said.complaints[-1]
    assert TOKEN not in said.err


def test_an_account_of_the_environment_that_is_none_is_named(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_X_ACCOUNT", "not a handle")
    said = viral_assets("outcomes")
    assert said.code == 2
    assert "VIRAL_ASSETS_X_ACCOUNT" in said.complaints[-1]


def test_json_of_the_api_is_read(viral_assets: CommandLine, database: Database, tmp_path: Path) -> None:
    refers = [{"type": "replied_to", "id": TWEET}]
    ours = api_post(POSTED_AT, text="@mara_writes Charger in the kitchen.", referenced_tweets=refers)
    page = {"data": [ours], "includes": {"users": [{"id": "42", "username": "us"}]}}
    path = tmp_path / "timeline.json"
    path.write_text(json.dumps(page))
    assert viral_assets("outcomes", path, "--json").json["posted"] == 1
    (row,) = [each for each in stored(database, comment_suggestions) if each["status"] == "posted"]
    assert (row["text"], row["original_text"], row["decided_by"]) == ("Charger in the kitchen.", CHARGER, "outcomes")
