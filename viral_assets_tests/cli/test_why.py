"""``viral-assets why``: what became of a tweet, for a person and for a program."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from viral_assets.cli.why import tweet_id_of
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange
from viral_assets_tests.cli.conftest import TEXTS, CommandLine, hour_arguments, write_tweets


@pytest.mark.parametrize(
    "written",
    [
        "1990000000000000001",
        " 1990000000000000001 ",
        "https://x.com/someone/status/1990000000000000001",
        "https://twitter.com/someone/status/1990000000000000001?s=20",
        "x.com/i/web/status/1990000000000000001/photo/1",
        "HTTPS://mobile.twitter.com/someone/statuses/1990000000000000001#m",
    ],
)
def test_an_id_and_an_address_name_a_tweet(written: str) -> None:
    assert tweet_id_of(written) == "1990000000000000001"


@pytest.mark.parametrize(
    "written", ["", "tweet", "1.99E+18", "https://example.com/someone/status/1", "https://x.com/someone", "-1"]
)
def test_anything_else_is_refused_in_one_line(viral_assets: CommandLine, written: str) -> None:
    with pytest.raises(ConfigurationError):
        tweet_id_of(written)
    said = viral_assets("why", "--", written)
    assert (said.code, len(said.complaints)) == (2, 1)


def test_a_tweet_that_was_never_read_and_one_that_could_not_be(viral_assets: CommandLine, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("id,text,date\n20,one,2026-11-01 10:00:00\n21,two,yesterday\n")
    viral_assets("ingest", bad)
    said = viral_assets("why", "1990000000000000001", "21")
    assert said.code == 0
    assert "Tweet 1990000000000000001 was never read." in said.out
    assert "Tweet 21 is in quarantine." in said.out
    assert "bad_time" in said.out
    assert f"{bad}, line 3" in said.out


@pytest.mark.slow
def test_after_a_run_each_tweet_is_chosen_or_has_something_against_it(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    path = write_tweets(
        tmp_path / "tweets.json", last_hour, (*TEXTS, TEXTS[0], "RT @somebody: what a day for all of us")
    )
    ids = [each["id"] for each in json.loads(path.read_text())["data"]]
    viral_assets("ingest", path)
    before = viral_assets("why", ids[0]).out
    assert "left out: its hour has not been worked on" in before
    assert f"read from {path}" in before
    viral_assets("generate-comments", *hour_arguments(HourRange(last_hour, last_hour + HOUR)))
    said = viral_assets("why", *ids, "--json")
    assert said.code == 0, said.err
    answers = {each["tweet_id"]: each["projects"][0] for each in said.json["tweets"]}
    # Of the two that say the same, the newer one has the better score.
    first, again, twin = answers[ids[4]], answers[ids[5]], answers[ids[0]]
    assert (first["chosen"], first["outcome"], first["suggestions"]) == (True, "done", {"pending": 3})
    assert (again["chosen"], again["gate"], again["against"]["words"]) == (False, "retweet", "a retweet")
    assert (twin["against"]["reason"], twin["against"]["other"]) == ("duplicate", ids[4])
    shown = viral_assets("why", f"https://x.com/i/status/{ids[0]}").out
    assert f"left out: says what tweet {ids[4]} of" in shown
    assert viral_assets("why", ids[0], "--project", "nobody").code == 2
