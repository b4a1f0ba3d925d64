"""What commands say of a project file that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.home import BAKING, GARDEN


@pytest.fixture
def projects(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "projects"
    folder.mkdir()
    (folder / "baking.yml").write_text(BAKING)
    (folder / "garden.yml").write_text(GARDEN + "voices: many\n")
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(folder))
    return folder


@pytest.mark.parametrize("command", [("models",), ("quota",), ("digest", "--no-open")])
def test_a_command_about_all_projects_does_without_it_and_says_so(
    viral_assets: CommandLine, projects: Path, command: tuple[str, ...]
) -> None:
    said = viral_assets(*command)
    assert said.code == 0
    (line,) = said.complaints
    assert "left out, while the other projects go on" in line
    assert f"{projects / 'garden.yml'}:" in line
    assert "voices: is not a known key" in line


def test_asked_for_by_name_it_is_the_error(viral_assets: CommandLine, projects: Path) -> None:
    for command in (("digest", "--no-open"), ("export-comments",), ("tune",), ("generate-comments",)):
        said = viral_assets(*command, "--project", "garden")
        assert said.code == 2, command
        (line,) = said.complaints
        assert "voices: is not a known key" in line, command


def test_a_command_about_another_project_says_nothing_of_it(viral_assets: CommandLine, projects: Path) -> None:
    assert viral_assets("digest", "--no-open", "--project", "baking").complaints == []


def test_where_none_can_be_used_it_is_an_error_as_ever(viral_assets: CommandLine, projects: Path) -> None:
    (projects / "baking.yml").write_text("name: [")
    said = viral_assets("digest", "--no-open")
    assert said.code == 2
    assert "none of its 2 project files can be used" in said.complaints[0]


def test_files_of_tweets_are_read_with_the_columns_of_the_projects_that_can_be_used(
    viral_assets: CommandLine, projects: Path, tmp_path: Path
) -> None:
    (projects / "baking.yml").write_text(BAKING + "sources: {columns: {text: [words]}}\n")
    table = tmp_path / "tweets.csv"
    table.write_text("id,words,created_at,username\n1995000000000000001,How do I knead?,2025-11-30T08:00:00Z,a\n")
    said = viral_assets("ingest", table, "--json")
    assert said.json["new"] == 1
    assert any("the names of columns that stand there are not used" in line for line in said.complaints)
