"""``viral-assets status``: what is stored and what waits, for a person and for a program."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime

from viral_assets_tests.cli.conftest import CommandLine, write_tweets


def test_what_is_stored_and_what_waits(viral_assets: CommandLine, last_hour: datetime) -> None:
    inbox = viral_assets.home / "inbox"
    inbox.mkdir()
    viral_assets("ingest", write_tweets(viral_assets.home / "tweets.json", last_hour))
    write_tweets(inbox / "later.json", last_hour)
    a_while_ago = time.time() - 60
    os.utime(inbox / "later.json", (a_while_ago, a_while_ago))

    said = viral_assets("status", "--json")
    assert said.code == 0, said.err
    assert said.json["tables"]["tweets"]["rows"] == 4
    assert said.json["waiting"] == {"hours_unscored": 1, "put_off": 0, "gone": 0, "files": 1}
    assert said.json["first_hour"] == said.json["last_hour"] == f"{last_hour:%Y-%m-%d-%H:%M}"
    shown = viral_assets("status").out
    assert re.search(r"no run has looked at +1\b", shown)
    assert "tweet_scores" not in shown
    assert "tweet_scores" in viral_assets("status", "--all").out


def test_a_home_that_is_new_has_nothing_and_says_so(viral_assets: CommandLine) -> None:
    said = viral_assets("status")
    assert said.code == 0, said.err
    assert "no tweets yet" in said.out
    assert "nothing to tell by yet" in said.out
