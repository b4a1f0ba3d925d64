"""``viral-assets init``: a folder of one's own, and what the commands make of it."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from viral_assets.cli.environment import read_env_file
from viral_assets.errors import ConfigurationError
from viral_assets.projects.loader import load_projects
from viral_assets.settings import STARTER, checkout_root, load_settings
from viral_assets.vocabulary import CHANNEL_VARIABLES
from viral_assets_tests.cli.conftest import CommandLine

LAID_OUT = {"projects/mine.yml", ".env.example", "workspace.yaml", "dagster.yaml"}


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml", "projects/demo.yml"])
def test_the_package_brings_the_checkouts_files(name: str) -> None:
    assert (STARTER / name).read_text() == (checkout_root() / name).read_text(), f"copy {name} to {STARTER}"


def test_a_folder_is_laid_out_and_its_project_can_be_used(viral_assets: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "unsere Antworten (für X)"
    said = viral_assets("init", folder, "--json")
    assert said.code == 0, said.err
    assert files_in(folder) == set(said.json["files"]) == LAID_OUT
    assert list(load_projects(folder / "projects")) == ["mine"]


def test_the_project_has_the_name_that_was_asked_for(viral_assets: CommandLine, tmp_path: Path) -> None:
    assert viral_assets("init", tmp_path / "new", "--project", "fernwick-2").code == 0
    assert list(load_projects(tmp_path / "new" / "projects")) == ["fernwick-2"]


@pytest.mark.parametrize("name", ["Two Words", "", "../up"])
def test_a_name_that_cannot_be_is_refused_in_one_line(viral_assets: CommandLine, tmp_path: Path, name: str) -> None:
    said = viral_assets("init", tmp_path / "new", "--project", name)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_over_and_nothing_is_written_beside_it(viral_assets: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("mine: true\n")
    said = viral_assets("init", tmp_path)
    assert said.code == 2
    assert "dagster.yaml is already there" in said.err
    assert len(said.err.splitlines()) == 1
    assert files_in(tmp_path) == {"dagster.yaml"}
    assert (tmp_path / "dagster.yaml").read_text() == "mine: true\n"


def test_commands_started_there_keep_their_data_there(
    viral_assets: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viral_assets("init", tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    monkeypatch.delenv("VIRAL_ASSETS_HOME")
    settings = load_settings()
    assert settings.home == tmp_path / "mine" / "data"
    assert settings.projects_dir == tmp_path / "mine" / "projects"


@pytest.mark.slow
def test_every_command_that_it_prints_works(
    viral_assets: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = viral_assets("init", tmp_path / "mine")
    printed = [line.strip() for line in said.out.splitlines() if line.startswith("  ")]
    assert printed[0] == f"cd {tmp_path / 'mine'}"
    monkeypatch.chdir(tmp_path / "mine")
    for line in printed[1:]:
        program, *arguments = shlex.split(line)
        assert program == "viral-assets"
        # These two serve until they are stopped, which other tests look at.
        served = {"review", "dev"}.intersection(arguments)
        ended = viral_assets.in_a_fork(*arguments, *(["--help"] if served else []))
        assert ended.code == 0, ended.err


# ---- .env


def test_the_example_of_env_names_only_what_is_read() -> None:
    named = set(re.findall(r"^# ([A-Z_]+)=", (STARTER / "env.example").read_text(), re.MULTILINE))
    fields = type(load_settings()).model_fields.items()
    known = {f"VIRAL_ASSETS_{name.upper()}" for name, _ in fields}
    known |= {field.validation_alias for _, field in fields if isinstance(field.validation_alias, str)}
    channels = {name for name in named if name.startswith(CHANNEL_VARIABLES)}
    assert channels
    assert named - {"GEMINI_API_KEY"} - channels <= known
    assert {"OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"} <= named


@pytest.mark.usefixtures("home")
def test_env_sets_what_the_environment_does_not(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('VIRAL_ASSETS_RPM=7\nGEMINI_MODEL="a model"\nVIRAL_ASSETS_HOME=/elsewhere\nX=\n')
    home = os.environ["VIRAL_ASSETS_HOME"]
    read_env_file(tmp_path / ".env")
    settings = load_settings()
    assert (settings.rpm, settings.gemini_model, str(settings.home)) == (7, "a model", home)
    assert not os.environ.get("X")


@pytest.mark.usefixtures("home")
def test_no_env_is_no_error(tmp_path: Path) -> None:
    before = dict(os.environ)
    read_env_file(tmp_path / ".env")
    assert dict(os.environ) == before


@pytest.mark.usefixtures("home")
def test_an_env_that_is_no_text_is_told_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"GEMINI_API_KEY=secret\xff\xfe")
    with pytest.raises(ConfigurationError, match="save it as UTF-8") as caught:
        read_env_file(tmp_path / ".env")
    assert "secret" not in str(caught.value)


def test_the_command_reads_it(viral_assets: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("VIRAL_ASSETS_RPM=not a number\n")
    monkeypatch.chdir(tmp_path)
    said = viral_assets.in_a_process("quota")
    assert said.code == 2
    assert "VIRAL_ASSETS_RPM" in said.err
