"""``viral-assets forget``: says what would go, lets it go, and passes it over from then on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from viral_assets.cli.forget import subject_of, subjects_in
from viral_assets.errors import ConfigurationError
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.gone import FORGET_THEM, note_gone
from viral_assets_tests.cli.conftest import CommandLine, write_tweets


def ids_of(path: Path) -> list[str]:
    return [tweet["id"] for tweet in json.loads(path.read_text())["data"]]


def test_a_tweet_goes_when_that_is_said_and_does_not_come_back(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    path = write_tweets(tmp_path / "tweets.json", last_hour)
    tweet = ids_of(path)[0]
    viral_assets("ingest", path)
    would = viral_assets("forget", tweet)
    assert "--yes" in would.out
    assert viral_assets("why", tweet, "--json").json["tweets"][0]["read"]

    done = viral_assets("forget", tweet, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["rows"]["tweets"] == 1
    path.write_text(path.read_text() + "\n")  # another file with the same records
    again = viral_assets("ingest", path)
    assert "forgotten" in again.out + again.err
    assert not viral_assets("why", tweet, "--json").json["tweets"][0]["read"]


def test_an_author_goes_with_all_tweets(viral_assets: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    rows = [f"{number},{name},hello,2026-11-01T10:00:00Z" for number, name in enumerate(["one", "two", "one"], start=1)]
    path.write_text("\n".join(["id,username,text,created_at", *rows]))
    viral_assets("ingest", path)
    done = viral_assets("forget", "--file", _lines(tmp_path / "names.txt", "@ONE"), "--yes", "--json")
    assert done.json["rows"]["tweets"] == 2


def test_an_archive_forgets_too(viral_assets: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    rows = [f"{number},{name},hello,2026-03-01T10:00:00Z" for number, name in enumerate(["one", "two", "one"], start=1)]
    path.write_text("\n".join(["id,username,text,created_at", *rows]))
    viral_assets("ingest", path)
    archive = tmp_path / "archive"
    viral_assets("prune", "--undecided", "30", "--archive", archive, "--yes")
    assert len(pd.read_parquet(archive / "tweets")) == 3
    would = viral_assets("forget", "@one", "--archive", archive, "--json").json
    assert would["archived"] > 2
    assert len(pd.read_parquet(archive / "tweets")) == 3
    assert viral_assets("forget", "@one", "--archive", archive, "--yes", "--json").json["archived"] == would["archived"]
    assert list(pd.read_parquet(archive / "tweets")["author_handle"]) == ["two"]


def test_what_a_second_look_found_gone_goes_by_one_word(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    path = write_tweets(tmp_path / "tweets.json", last_hour)
    tweets = ids_of(path)
    viral_assets("ingest", path)
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        note_gone(connection, tweets[:2], datetime.now(UTC))
    database.dispose()
    status = viral_assets("status")
    assert FORGET_THEM in status.out
    assert viral_assets("status", "--json").json["waiting"]["gone"] == 2
    done = viral_assets(*FORGET_THEM.split()[1:], "--json")
    assert done.json["rows"]["tweets"] == 2
    assert viral_assets("status", "--json").json["waiting"]["gone"] == 0
    assert FORGET_THEM not in viral_assets("status").out
    assert viral_assets("forget", "--gone").code == 0


def _lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


def test_a_file_of_compliance_names_tweets_or_accounts(tmp_path: Path) -> None:
    events = [
        {"id": "101", "action": "delete", "created_at": "2026-11-01T00:00:00.000Z", "reason": "deleted"},
        {"id": "102", "action": "delete", "reason": "scrub_geo"},
    ]
    path = _lines(tmp_path / "c.jsonl", *map(json.dumps, events), "", "https://x.com/a/status/103", "@someone")
    assert subjects_in(path, accounts=False) == [("tweet", "101"), ("tweet", "103"), ("handle", "someone")]
    path = _lines(tmp_path / "c.jsonl", json.dumps({"id": "7", "action": "delete", "reason": "suspended"}))
    assert subjects_in(path, accounts=True) == [("author", "7")]


@pytest.mark.parametrize("line", ["hello", '{"id": "x"}', "{", '{"no": 1}', "@a_name_that_is_too_long_for_x"])
def test_a_line_that_names_nothing_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    path = _lines(tmp_path / "names.txt", "101", line)
    with pytest.raises(ConfigurationError, match=r"names\.txt:2: "):
        subjects_in(path, accounts=False)


def test_names() -> None:
    assert subject_of(" @Someone ") == ("handle", "Someone")
    assert subject_of("x.com/a/status/5") == ("tweet", "5")


def test_without_a_name_one_line_says_what_to_give(viral_assets: CommandLine, tmp_path: Path) -> None:
    for arguments in ((), ("--file", tmp_path / "missing"), ("what?",)):
        said = viral_assets("forget", *arguments)
        assert (said.code, len(said.complaints)) == (2, 1), arguments
