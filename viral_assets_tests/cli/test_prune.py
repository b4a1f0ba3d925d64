"""``viral-assets prune``: says what would go, and lets it go when that is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from viral_assets.hours import HOUR, floor_hour
from viral_assets_tests.cli.conftest import CommandLine, write_tweets


def test_it_counts_first_and_lets_go_when_told(viral_assets: CommandLine, tmp_path: Path) -> None:
    old = floor_hour(datetime.now(UTC)) - timedelta(days=40)
    viral_assets("ingest", write_tweets(tmp_path / "old.json", old))
    would = viral_assets("prune", "--undecided", "30", "--json")
    assert would.code == 0
    assert would.json["kinds"]["undecided"]["count"] == 4
    assert "--yes" in would.err
    done = viral_assets("prune", "--undecided", "30", "--yes")
    assert "tweets that nobody decided about" in done.out
    assert viral_assets("prune", "--undecided", "30", "--json").json["kinds"]["undecided"]["count"] == 0


def test_the_environment_says_it_too_and_without_either_all_is_kept(
    viral_assets: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = viral_assets("prune")
    assert (said.code, len(said.complaints)) == (2, 1)
    assert "--vectors 14" in said.err
    path = tmp_path / "bad.csv"
    path.write_text("id,text,date\n21,two,yesterday\n")
    viral_assets("ingest", path)
    monkeypatch.setenv("VIRAL_ASSETS_KEEP_REJECTS_DAYS", "30")
    done = viral_assets("prune", "--json")
    assert done.json["kinds"]["rejects"]["count"] == 0


def test_too_few_days_are_one_line(viral_assets: CommandLine) -> None:
    for days in ("0", "-3", "1"):
        said = viral_assets("prune", "--vectors", days)
        assert (said.code, len(said.complaints)) == (2, 1), days


def test_dagsters_runs_go_and_their_hours_stay_and_the_files_get_smaller(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    viral_assets("ingest", write_tweets(tmp_path / "tweets.json", last_hour))
    hours = ("--from", f"{last_hour:%Y-%m-%dT%H:%M}", "--to", f"{last_hour + HOUR:%Y-%m-%dT%H:%M}")
    assert viral_assets("generate-comments", *hours).code == 0
    home = viral_assets.home / "dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_run_records()
        at = (run.create_timestamp - timedelta(days=10)).replace(tzinfo=None)
    with closing(sqlite3.connect(home / "history" / "runs.db")) as runs:
        runs.execute("UPDATE runs SET create_timestamp = ?", (str(at),))
        runs.commit()

    would = viral_assets("prune", "--runs", "5", "--json").json["kinds"]["runs"]
    assert (would["count"], would["kept"]) == (1, 0)
    assert would["file_bytes"] > 100_000
    archive = tmp_path / "archive"
    done = viral_assets("prune", "--runs", "5", "--archive", archive, "--compact", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["kinds"]["runs"]["count"] == 1
    files = {Path(each["file"]).name: each for each in done.json["files"]}
    assert files.keys() == {"viral_assets.db", "runs.db", "index.db", "schedules.db"}
    assert files["index.db"]["given_bytes"] > 0
    assert len(pd.read_parquet(archive / "event_logs")) > 100
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == 0
        assert instance.get_materialized_partitions(dg.AssetKey("suggestion_digest")) == {f"{last_hour:%Y-%m-%d-%H:%M}"}
    assert viral_assets("generate-comments", *hours, "--json").json["requests"] == 0


def test_without_a_history_of_dagster_none_is_made(viral_assets: CommandLine) -> None:
    done = viral_assets("prune", "--runs", "5", "--yes", "--json")
    assert (done.code, done.json["kinds"]["runs"]["count"]) == (0, 0)
    assert not (viral_assets.home / "dagster").exists()


def test_what_is_free_is_told_before_it_is_given_back(viral_assets: CommandLine, tmp_path: Path) -> None:
    old = floor_hour(datetime.now(UTC)) - timedelta(days=40)
    viral_assets("ingest", write_tweets(tmp_path / "old.json", old))
    (file,) = viral_assets("prune", "--compact", "--json").json["files"]
    assert (file["needed_bytes"], file["given_bytes"]) == (0, 0)
    assert viral_assets("prune", "--compact", "--yes").code == 0
