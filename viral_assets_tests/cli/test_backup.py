"""``viral-assets backup`` and ``restore``, as a person types them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from viral_assets.hours import HOUR
from viral_assets_tests.cli.conftest import CommandLine, write_tweets


def test_the_commands_that_are_printed_lead_there_and_back(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    hours = [last_hour - HOUR, last_hour]
    early, late = (write_tweets(tmp_path / f"{hour:%H}.json", hour, ["How are you?"]) for hour in hours)
    viral_assets("ingest", early)
    made = viral_assets("backup", tmp_path / "copy.db", "--json")
    assert made.code == 0
    assert made.json["bytes"] == (tmp_path / "copy.db").stat().st_size
    printed = next(line.strip() for line in made.err.splitlines() if "viral-assets restore" in line)
    viral_assets("ingest", late)

    done = viral_assets(*printed.split()[1:])
    assert done.code == 0, done.err
    assert "The state before is in" in done.out
    ids = [json.loads(path.read_text())["data"][0]["id"] for path in (early, late)]
    assert [tweet["read"] for tweet in viral_assets("why", *ids, "--json").json["tweets"]] == [True, False]


def test_nothing_is_replaced_unasked(viral_assets: CommandLine, tmp_path: Path, last_hour: datetime) -> None:
    viral_assets("ingest", write_tweets(tmp_path / "one.json", last_hour, ["one"]))
    viral_assets("backup", tmp_path / "copy.db")
    for arguments in (("backup", tmp_path / "copy.db"), ("restore", tmp_path / "copy.db")):
        said = viral_assets(*arguments)
        assert (said.code, len(said.complaints)) == (2, 1)
