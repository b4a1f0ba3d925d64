"""The README and the other documents say what is true."""

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
from viral_assets_tests.cli.conftest import PATIENCE, CommandLine
from viral_assets_tests.cli.test_help import COMMANDS


@pytest.fixture(scope="module")
def readme() -> str:
    return (checkout_root() / "README.md").read_text(encoding="utf-8")


def block(readme: str, language: str, containing: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    return str(next(text for text in found if containing in text))


def test_every_variable_is_explained(readme: str) -> None:
    # What has a name of its own has none of ours.
    names = {
        name.upper() if field.validation_alias else f"VIRAL_ASSETS_{name.upper()}"
        for name, field in Settings.model_fields.items()
    }
    explained = set(re.findall(r"^\| `(\w+)`", readme, re.MULTILINE))
    assert names <= explained


def test_every_command_is_listed(readme: str) -> None:
    assert all(f"| `viral-assets {command}" in readme for command in COMMANDS)


def test_the_least_project_is_one(readme: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(block(readme, "yaml", "taxonomy"), encoding="utf-8")
    assert load_project(path).name == "mine"


@pytest.mark.slow
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("document", ["README.md", "docs/generation.md"])
def test_the_examples_in_python_run(document: str) -> None:
    text = (checkout_root() / document).read_text(encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", block(text, "python", "asyncio.run")],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "ask_question" in ended.stdout


def test_the_public_names_are_documented() -> None:
    text = (checkout_root() / "docs" / "generation.md").read_text(encoding="utf-8")
    methods = [name for name, _ in inspect.getmembers(AsyncCommentGenerator, inspect.isfunction) if name[0] != "_"]
    assert all(f"`{name}(" in text for name in [*methods, "generate_comments_async", "AsyncRateLimiter"])


def test_the_flags_it_names_exist(readme: str, viral_assets: CommandLine) -> None:
    commands = [line for line in readme.splitlines() if line.startswith("| `viral-assets ")]
    for line in commands:
        name = re.sub(r"( PATH.*)?`.*", "", line.removeprefix("| `viral-assets "))
        shown = viral_assets(*name.split(), "--help").out
        assert all(flag in shown for flag in re.findall(r"`(--[a-z-]+)`", line)), name
