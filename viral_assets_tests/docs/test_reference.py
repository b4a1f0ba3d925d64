"""The reference is what the code says now."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from viral_assets import generation
from viral_assets.settings import checkout_root
from viral_assets_tests.cli.test_help import COMMANDS
from viral_assets_tests.setup.script import load

FOLDER = checkout_root() / "docs" / "reference"


@pytest.fixture(scope="module")
def reference() -> Any:
    return load("reference")


@pytest.mark.parametrize("name", ["cli.md", "python.md"])
def test_the_page_is_what_the_code_says(reference: Any, name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert committed == reference.pages()[name], f"docs/reference/{name} is not what the code says: run `make docs`"


def test_it_does_not_depend_on_the_terminal(reference: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = reference.cli_page()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    assert reference.cli_page() == wide


def test_every_command_is_in_it(reference: Any) -> None:
    page = reference.cli_page()
    assert all(f"\n## viral-assets {command}\n" in page for command in COMMANDS)


def test_every_public_name_is_in_it(reference: Any) -> None:
    page = reference.python_page()
    methods = [name for name, _ in inspect.getmembers(generation.AsyncCommentGenerator, inspect.isfunction)]
    assert all(f"\n### {name}\n" in page for name in generation.__all__)
    assert all(f"\n#### AsyncCommentGenerator.{name}\n" in page for name in methods if name[0] != "_")


def test_what_typer_marks_up_is_plain_in_it(reference: Any) -> None:
    page = reference.cli_page()
    assert "[bold]" not in page
    assert "[/]" not in page


def test_it_is_written_where_it_is_committed(reference: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reference.PAGES == FOLDER
    monkeypatch.setattr(reference, "PAGES", tmp_path / "reference")
    assert reference.main() == 0
    assert {path.name for path in (tmp_path / "reference").iterdir()} == {path.name for path in FOLDER.iterdir()}
