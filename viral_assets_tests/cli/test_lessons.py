"""``viral-assets more-like-this`` and ``never-like-this``."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.projects.loader import load_project
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.queries.worked_on import ingest, tweet, work_on

PROJECT = """name: phones
taxonomy:
  - label: screen time   # the first
    description: hours on the phone, screen time, scrolling at night
voice: {persona: a friend}
sources:
  blocked_keywords: [giveaway]
"""
TWEET = "1990000000000000001"


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = home / "projects" / "phones.yml"
    path.parent.mkdir()
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(path.parent))
    path.write_text(PROJECT, encoding="utf-8")
    return path


@pytest.fixture
def worked(viral_assets: CommandLine, file: Path) -> Path:
    database = Database(load_settings().resolved_database_url)
    database.ensure_ready()
    ingest(database, [tweet(1, "So many hours of screen time today: \x1b[31mtoo many")])
    work_on(database, load_project(file))
    database.dispose()
    return file


def test_a_tweet_becomes_an_example_only_with_write(viral_assets: CommandLine, worked: Path) -> None:
    asked = ("more-like-this", TWEET, "--project", "phones")
    said = viral_assets(*asked)
    assert said.code == 0
    assert '+    5      exemplars:\n+    6        - "So many hours of screen time today: [31mtoo many"' in said.out
    assert "Nothing is written yet: --write" in said.out
    assert worked.read_text(encoding="utf-8") == PROJECT
    said = viral_assets(*asked, "--write", "--json")
    assert (said.code, said.json["written"]) == (0, True)
    assert [each["sign"] for each in said.json["change"]] == [" ", "+", "+", " "]
    assert "from the next hour on" in said.err
    assert len(load_project(worked).taxonomy[0].exemplars) == 1
    assert worked.with_name("phones.yml.bak").read_text(encoding="utf-8") == PROJECT


def test_a_word_is_blocked_only_with_write(viral_assets: CommandLine, worked: Path) -> None:
    asked = ("never-like-this", f"https://x.com/a/status/{TWEET}", "--project", "phones", "--word", "hours")
    said = viral_assets(*asked)
    assert said.code == 0
    assert '+    7    blocked_keywords: [giveaway, "hours"]' in said.out
    assert "tweets chosen in the last 7 days" in said.out
    viral_assets(*asked, "--write")
    assert load_project(worked).sources.blocked_keywords == ("giveaway", "hours")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("more-like-this", TWEET, "--project", "phones", "--topic", "bread"), "there is no topic 'bread'"),
        (("more-like-this", "77", "--project", "phones"), "phones has scored no tweet 77; `viral-assets why 77`"),
        (("never-like-this", TWEET, "--project", "phones", "--word", "bread"), "no word or phrase of this tweet"),
        (("more-like-this", TWEET, "--project", "nobody"), "there is no project 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    viral_assets: CommandLine, worked: Path, arguments: tuple[str, ...], problem: str
) -> None:
    said = viral_assets(*arguments, "--write")
    assert (said.code, len(said.complaints)) == (2, 1)
    assert problem in said.err
    assert worked.read_text(encoding="utf-8") == PROJECT
