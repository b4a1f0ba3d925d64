"""The sample of ``viral-assets demo``, and what ``viral-assets dev`` refuses; that the one shows what the other has
filled is in ``setup/test_wheel.py``.
"""

from __future__ import annotations

import os
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Insert, func, select

from viral_assets.cli.demo import forget_sample, prepare_sample
from viral_assets.cli.dev import listen_to_signals
from viral_assets.cli.home import prepare_instance
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.settings import checkout_root, load_settings
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, ingested_files, metadata, tweets
from viral_assets.vocabulary import APPROVE
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.delivery.examples import opportunity, store

END = floor_hour(datetime.now(UTC)) - HOUR
DAY = HourRange(END - 24 * HOUR, END)
LATER = HourRange(END - 23 * HOUR, END + HOUR)


def rows(database: Database) -> dict[str, int]:
    """How many rows every table with tweets has."""
    counted = [table for table in metadata.sorted_tables if "tweet_id" in table.c]
    with database.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in counted}


def suggestion_for(tweet_id: str) -> Insert:
    """A statement that stores a suggestion of the offline provider."""
    return comment_suggestions.insert().values(
        project="demo",
        tweet_id=tweet_id,
        suggestion_type="add_value",
        window_start=DAY.start,
        position=0,
        text="t",
        weighted_length=1,
        provider="offline",
        model="offline",
        request_id="r",
        created_at=END,
    )


def test_the_sample_is_there_once_however_often_it_is_prepared(sqlite_database: Database, tmp_path: Path) -> None:
    number = prepare_sample(sqlite_database, tmp_path / "demo", DAY)
    assert prepare_sample(sqlite_database, tmp_path / "demo", DAY) == number
    assert rows(sqlite_database)["tweets"] == number


def test_a_later_hour_replaces_the_earlier_sample(database: Database, tmp_path: Path) -> None:
    number = prepare_sample(database, tmp_path / "demo", DAY)
    assert prepare_sample(database, tmp_path / "demo", LATER) == number
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(tweets)) == number
        assert connection.scalar(select(func.min(tweets.c.window_start))) == LATER.start
        assert connection.scalar(select(func.count()).select_from(ingested_files)) == 1
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [f"sample-{LATER.end:%Y%m%dT%H}.jsonl"]


def test_forgetting_the_sample_leaves_other_tweets_alone(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as connection:
        store(connection, [opportunity(project="demo")])
    before = rows(sqlite_database)
    prepare_sample(sqlite_database, tmp_path / "demo", DAY)
    (sample,) = (tmp_path / "demo").iterdir()
    with sqlite_database.read() as connection:
        some = connection.scalars(select(tweets.c.tweet_id).where(tweets.c.tweet_id != opportunity().tweet_id)).first()
    assert some is not None
    with sqlite_database.begin() as connection:
        connection.execute(suggestion_for(some))
    forget_sample(sqlite_database, sample)
    assert rows(sqlite_database) == before


def test_what_somebody_has_decided_about_stays_when_the_sample_is_made_anew(
    sqlite_database: Database, tmp_path: Path
) -> None:
    number = prepare_sample(sqlite_database, tmp_path / "demo", DAY)
    with sqlite_database.begin() as connection:
        decided = connection.scalars(select(tweets.c.tweet_id)).first()
        connection.execute(suggestion_for(str(decided)))
        decide(connection, SuggestionKey("demo", str(decided), "add_value"), APPROVE, who="mara", at=END, version=0)

    prepare_sample(sqlite_database, tmp_path / "demo", LATER)

    assert rows(sqlite_database)["tweets"] == number + 1
    assert rows(sqlite_database)["comment_suggestions"] == 1


@pytest.mark.usefixtures("home")
def test_the_instance_file_is_copied_once_and_then_the_persons_own() -> None:
    folder = prepare_instance(load_settings())
    instance = folder / "dagster.yaml"
    assert instance.read_text() == (checkout_root() / "dagster.yaml").read_text()
    assert os.environ["DAGSTER_HOME"] == str(folder)
    instance.write_text("telemetry: {enabled: false}\n")
    assert prepare_instance(load_settings()) == folder
    assert instance.read_text() == "telemetry: {enabled: false}\n"


def test_dev_says_when_its_port_is_taken(viral_assets: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = viral_assets("dev", "--port", taken.getsockname()[1])
    assert said.code == 2
    assert "choose another --port" in said.err
    assert said.complaints


@pytest.mark.parametrize(
    ("before", "after"), [(signal.SIG_IGN, signal.SIG_DFL), (signal.default_int_handler, signal.default_int_handler)]
)
def test_dev_can_be_ended_where_a_shell_has_started_it_in_the_background(before: Any, after: Any) -> None:
    usual = signal.signal(signal.SIGINT, before)
    try:
        listen_to_signals()
        assert signal.getsignal(signal.SIGINT) is after
    finally:
        signal.signal(signal.SIGINT, usual)
