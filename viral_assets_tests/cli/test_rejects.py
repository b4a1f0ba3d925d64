"""``viral-assets rejects`` and ``ingest --explain``: what they show, and the way from a bad file to good tweets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from viral_assets_tests.cli.conftest import CommandLine

TABLE = "id,text,date\n20,one,2026-11-01 10:00:00\n21,two,yesterday\n1.99E+18,three,2026-11-01 10:00:00\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(TABLE)
    return path


def test_an_empty_quarantine_says_so(viral_assets: CommandLine) -> None:
    said = viral_assets("rejects", "--json")
    assert (said.code, said.json["rejected"]) == (0, 0)
    assert "Nothing is in quarantine." in said.err


def test_they_are_grouped_by_reason_and_shown_with_place_and_raw_text(viral_assets: CommandLine, bad: Path) -> None:
    viral_assets("ingest", bad)
    said = viral_assets("rejects")
    assert said.code == 0
    for shown in ("rounded_id", "bad_time", f"{bad}, line 3", "21,two,yesterday"):
        assert shown in said.out
    only = viral_assets("rejects", "--reason", "bad_time", "--json").json
    assert (only["rejected"], only["records"][0]["raw"]) == (1, "21,two,yesterday")
    assert viral_assets("rejects", "--source", "other", "--json").json["rejected"] == 0


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_export_mend_and_read_what_was_mended(viral_assets: CommandLine, bad: Path, tmp_path: Path, name: str) -> None:
    # A separator of Unicode, as tweets have them, ends no row.
    bad.write_text(TABLE.replace("two", "t\u2028wo"), encoding="utf-8")
    viral_assets("ingest", bad)
    out = tmp_path / name
    assert viral_assets("rejects", "--export", out, "--json").json["exported"] == 2
    text = out.read_text(encoding="utf-8-sig").replace("yesterday", "2026-11-02T10:00:00Z").replace("1.99E+18", "22")
    out.write_text(text, encoding="utf-8")
    said = viral_assets("rejects", "--fixed", out, "--json")
    assert [(each["accepted"], each["new"]) for each in said.json["retried"]] == [(2, 2)]
    assert said.json["rejected"] == 0


def test_retrying_with_another_option(viral_assets: CommandLine, bad: Path) -> None:
    viral_assets("ingest", bad)
    said = viral_assets("rejects", "--retry", "--timezone", "Europe/Berlin", "--json")
    assert said.json["retried"][0]["left"] == {"rounded_id": 1, "bad_time": 1}
    assert said.json["rejected"] == 2


def test_what_is_no_export_is_refused_in_one_line(viral_assets: CommandLine, bad: Path) -> None:
    said = viral_assets("rejects", "--fixed", bad)
    assert (said.code, len(said.complaints)) == (2, 1)
    assert viral_assets("rejects", "--fixed", bad.parent / "none").code == 2


def test_explain_shows_the_mapping_and_the_first_rows_and_stores_nothing(viral_assets: CommandLine, bad: Path) -> None:
    (viral_assets.home / "viral_assets.db").unlink()
    said = viral_assets("ingest", "--explain", bad)
    assert said.code == 0
    for shown in ("separated by ','", "tweet_id", "2026-11-01 10:00", "bad_time", "taken as UTC", "Nothing was stored"):
        assert shown in said.out
    assert not (viral_assets.home / "viral_assets.db").exists()
    found = viral_assets("ingest", "--explain", bad, bad.parent / "none", "--json").json["files"]
    assert found[0]["mapping"] == {"tweet_id": "id", "text": "text", "created_at": "date"}
    assert (found[0]["read"], found[0]["rejected"]) == (3, 2)
    assert "No such file" in found[1]["problem"]


def test_the_zone_of_times_without_one(viral_assets: CommandLine, bad: Path) -> None:
    said = viral_assets("ingest", bad, "--timezone", "America/New_York", "--json")
    assert said.json["windows"] == ["2026-11-01-15:00"]
    assert "taken as America/New_York" in said.err
    assert viral_assets("ingest", bad, "--timezone", "Mars").code == 2
    found = viral_assets("ingest", "--explain", bad, "--timezone", "+02:00", "--json").json["files"][0]
    assert found["first"][0]["created_at"] == "2026-11-01 08:00:00+00:00"


def test_names_of_columns_from_a_project_file(
    viral_assets: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = tmp_path / "projects"
    projects.mkdir()
    project = {
        "name": "mine",
        "taxonomy": [{"label": "a", "description": "b"}],
        "voice": {"persona": "c"},
        "sources": {"columns": {"tweet_id": "Nr", "text": ["Was"], "created_at": "Wann"}},
    }
    (projects / "mine.yml").write_text(json.dumps(project))
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(projects))
    path = tmp_path / "own.csv"
    path.write_text("Nr;Was;Wann\n20;hallo;2026-11-01T10:00:00Z\n")
    assert viral_assets("ingest", path, "--json").json["new"] == 1
    assert viral_assets("ingest", path, "--project", "mine", "--again", "--json").json["unchanged"] == 1
    again = viral_assets("ingest", path)
    assert "Nothing has changed" in again.out
