"""``viral-assets ingest``: what it says and how it exits."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import EVERY_PROJECT, rejected_records, tweet_projects, tweets
from viral_assets_tests.cli.conftest import TEXTS, CommandLine, hour_arguments, write_tweets
from viral_assets_tests.sources.examples import id_at, json_lines
from viral_assets_tests.sources.formats_at_hand import table

COUNTS = ("read", "new", "updated", "unchanged", "rejected")


@pytest.fixture
def good(tmp_path: Path, last_hour: datetime) -> Path:
    return write_tweets(tmp_path / "good.json", last_hour)


@pytest.fixture
def mixed(tmp_path: Path, good: Path) -> Path:
    path = tmp_path / "mixed.jsonl"
    path.write_text(good.read_text() + '\n{"data": {"id": "7", "text": "no time"}}\n{"data": {"id": \n')
    return path


def test_every_record_is_counted_once(viral_assets: CommandLine, good: Path, mixed: Path) -> None:
    said = viral_assets("ingest", good, mixed, "--json")
    assert said.code == 0
    result = said.json
    assert [result[name] for name in COUNTS] == [10, 4, 0, 4, 2]
    assert sum(result["reject_reasons"].values()) == 2
    for counts in (result, *result["files"]):
        read, *parts = (counts[name] for name in COUNTS)
        assert read == sum(parts)


def test_it_says_what_to_type_next(viral_assets: CommandLine, good: Path, last_hour: datetime) -> None:
    said = viral_assets("ingest", good, "--json")
    expected = " ".join(["viral-assets generate-comments", *hour_arguments(HourRange(last_hour, last_hour + HOUR))])
    assert said.json["next"] == expected
    assert expected in said.err
    assert said.json["windows"] == [hour_key(last_hour)]
    assert expected in viral_assets("ingest", good).out


def test_a_project_is_carried_into_the_next_command(viral_assets: CommandLine, good: Path) -> None:
    said = viral_assets("ingest", good, "--project", "demo", "--json")
    assert "generate-comments --project demo --from" in said.json["next"]
    with Database(load_settings().resolved_database_url).read() as connection:
        assert set(connection.scalars(select(tweet_projects.c.project))) == {"demo"}


def test_without_a_project_the_tweets_count_for_all(viral_assets: CommandLine, good: Path) -> None:
    viral_assets("ingest", good)
    with Database(load_settings().resolved_database_url).read() as connection:
        assert set(connection.scalars(select(tweet_projects.c.project))) == {EVERY_PROJECT}


def test_a_second_reading_changes_nothing_and_still_names_the_hours(viral_assets: CommandLine, good: Path) -> None:
    first = viral_assets("ingest", good, "--json").json
    copy = good.rename(good.with_name("renamed.json"))
    again = viral_assets("ingest", copy, "--json")
    assert again.code == 0
    assert "read before" in again.err
    assert [again.json[name] for name in COUNTS] == [4, 0, 0, 4, 0]
    assert (again.json["windows"], again.json["next"]) == (first["windows"], first["next"])


def test_standard_output_is_the_json_line_alone(viral_assets: CommandLine, good: Path) -> None:
    assert viral_assets("ingest", good, "--json").out.count("\n") == 1


def test_rejected_records_cost_the_exit_code_only_when_strict(viral_assets: CommandLine, mixed: Path) -> None:
    loose, strict = viral_assets("ingest", mixed), viral_assets("ingest", mixed, "--strict")
    assert (loose.code, strict.code) == (0, 1)
    assert "In quarantine" in loose.out
    with Database(load_settings().resolved_database_url).read() as connection:
        assert connection.scalar(select(func.count()).select_from(rejected_records)) == 2


def test_a_broken_file_does_not_cost_its_neighbours(viral_assets: CommandLine, good: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0" * 50)
    (tmp_path / "folder").mkdir()
    broken = [tmp_path / name for name in ("empty.csv", "picture.png", "folder", "missing.json")]
    said = viral_assets("ingest", *broken, good)
    assert said.code == 0
    assert len(said.complaints) == len(broken)
    for path, complaint in zip(broken, said.complaints, strict=True):
        assert complaint.startswith(f"viral-assets: {path}: ")
    assert viral_assets("ingest", *broken, good, "--strict").code == 1
    with Database(load_settings().resolved_database_url).read() as connection:
        assert connection.scalar(select(func.count()).select_from(tweets)) == len(TEXTS)


def test_nothing_usable_exits_with_2(viral_assets: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"data": [{"id": "1"}]}')
    (tmp_path / "notes.txt").write_text("Dear diary")
    for name in ("broken.json", "notes.txt", "missing"):
        said = viral_assets("ingest", tmp_path / name, "--json")
        assert said.code == 2
        assert said.json["next"] is None


def test_a_folder_is_read_file_by_file(viral_assets: CommandLine, good: Path, mixed: Path) -> None:
    said = viral_assets("ingest", good.parent, "--json")
    assert sorted(Path(file["name"]).name for file in said.json["files"]) == [good.name, mixed.name]


def test_old_tweets_are_stored_and_the_variable_that_opens_their_hours_is_named(
    viral_assets: CommandLine, tmp_path: Path
) -> None:
    old = write_tweets(tmp_path / "old.json", datetime(2021, 4, 8, 19, tzinfo=UTC))
    said = viral_assets("ingest", old, "--json")
    assert said.code == 0
    assert said.json["outside"] == len(TEXTS)
    assert "VIRAL_ASSETS_START=2021-04-08-19:00" in said.err


def test_hours_far_apart_suggest_the_busiest_week(viral_assets: CommandLine, tmp_path: Path) -> None:
    few = write_tweets(tmp_path / "few.json", datetime(2021, 4, 8, 19, tzinfo=UTC), TEXTS[:1])
    many = write_tweets(tmp_path / "many.json", datetime(2021, 9, 22, 16, tzinfo=UTC))
    said = viral_assets("ingest", few, many, "--json")
    assert said.json["next"].endswith("--from 2021-09-22T16:00 --to 2021-09-22T17:00")
    assert "leaves out 1 other hour" in said.err


def test_the_time_of_collection_can_be_told(viral_assets: CommandLine, good: Path, last_hour: datetime) -> None:
    told = last_hour + HOUR
    viral_assets("ingest", good, "--collected-at", told.isoformat())
    with Database(load_settings().resolved_database_url).read() as connection:
        assert set(connection.scalars(select(tweets.c.collected_at))) == {told}


def test_a_file_name_cannot_speak_to_the_terminal(viral_assets: CommandLine, good: Path) -> None:
    evil = good.rename(good.with_name("a\x1b]0;owned\x07b.json"))
    said = viral_assets("ingest", evil)
    assert said.code == 0
    assert "\x1b" not in said.out


def test_it_works_on_postgresql(viral_assets: CommandLine, good: Path, postgres_url: str) -> None:
    os.environ["VIRAL_ASSETS_DATABASE_URL"] = postgres_url
    assert viral_assets("ingest", good).code == 1
    assert viral_assets("db", "upgrade").code == 0
    assert viral_assets("ingest", good, "--json").json["new"] == len(TEXTS)


@pytest.mark.parametrize("written_as", ["a table", "objects"])
def test_it_says_when_counts_were_seen_and_which_columns_were_used(
    viral_assets: CommandLine, tmp_path: Path, written_as: str
) -> None:
    row = {"id": id_at("2026-11-20T13:13:26Z"), "text": "hi", "created_at": "2026-11-20T13:13:26Z", "mood": "good"}
    path = tmp_path / "file"
    path.write_bytes(table(row) if written_as == "a table" else json_lines(row, row))
    said = viral_assets("ingest", path).out
    assert "counts taken to be as of 2026-11-20 14:00 UTC; if not, give --collected-at" in said
    assert "columns used: tweet_id from id, text from text, created_at from created_at" in said
    assert "columns not used: mood" in said
    path.write_bytes(table({name: row[name] for name in row if name != "mood"}))
    assert "columns used: tweet_id from id, text from text" in viral_assets("ingest", path).out
