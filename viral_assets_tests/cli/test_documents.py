"""What the documents say of commands, variables, project files and Python is true."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from viral_assets.generation import AsyncCommentGenerator
from viral_assets.projects.loader import load_project
from viral_assets.settings import Settings, checkout_root
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.cli.test_help import COMMANDS
from viral_assets_tests.waiting import PATIENCE


def page(name: str) -> str:
    return (checkout_root() / "docs" / name).read_text(encoding="utf-8")


def block(text: str, language: str, containing: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(next(each for each in found if containing in each))


def test_every_variable_is_explained() -> None:
    # What has a name of its own has none of ours.
    names = {
        str(field.validation_alias or f"VIRAL_ASSETS_{name.upper()}") for name, field in Settings.model_fields.items()
    }
    cells = re.findall(r"^\| (`\w+`.*?) \|", page("environment.md"), re.MULTILINE)
    explained = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert names <= explained


def test_every_command_is_listed() -> None:
    commands = page("commands.md")
    assert all(f"| `viral-assets {command}" in commands for command in COMMANDS)


def test_the_least_project_is_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(block(page("projects.md"), "yaml", "taxonomy"), encoding="utf-8")
    assert load_project(path).name == "mine"


@pytest.mark.slow
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("document", ["tutorial.md", "generation.md"])
def test_the_examples_in_python_run(document: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", block(page(document), "python", "asyncio.run")],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "ask_question" in ended.stdout


def test_the_public_names_are_documented() -> None:
    text = page("generation.md")
    methods = [name for name, _ in inspect.getmembers(AsyncCommentGenerator, inspect.isfunction) if name[0] != "_"]
    assert all(f"`{name}(" in text for name in [*methods, "generate_comments_async", "AsyncRateLimiter"])


def test_the_flags_they_name_exist(viral_assets: CommandLine) -> None:
    commands = [line for line in page("commands.md").splitlines() if line.startswith("| `viral-assets ")]
    for line in commands:
        name = re.sub(r"( PATH.*| FOLDER)?`.*", "", line.removeprefix("| `viral-assets "))
        shown = viral_assets(*name.split(), "--help").out
        assert all(flag in shown for flag in re.findall(r"`(--[a-z-]+)`", line)), name
