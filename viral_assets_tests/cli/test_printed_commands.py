"""Every command that any text of the package names is one, with options that it has; and all explain themselves.

Those that a person is told next are run in ``test_generate`` and ``test_init``. Here no way of printing one is missed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from viral_assets.cli.app import app
from viral_assets_tests.cli.conftest import CommandLine

PACKAGE = Path(__file__).resolve().parents[2] / "viral_assets"
OTHER_TEXTS = (".html", ".yml", ".yaml", ".example")

NAMED = re.compile(r"viral-assets ([^`<\[\n\"(),;]*)")
"""What stands after the name, as far as it can be a command: up to a quote, a bracket or the end of a clause."""

SOMETHING = "0"
"""In the place of what is put into a text when it is printed."""

PUT_IN = {
    "viral-assets 0",
    "viral-assets 0 0--from 0 --to 0",
    "viral-assets {command} {tweet_id} --project {project}",
}
"""Texts whose command is put in, too: their tests run what comes of them."""


@cache
def root() -> Any:
    return typer.main.get_command(app)


def all_commands(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each that does something, with its name after ``viral-assets``."""
    group = group or root()
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from all_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def texts(path: Path) -> Iterator[str]:
    """All strings of a module, or the whole of another file."""
    if path.suffix != ".py":
        yield path.read_text(encoding="utf-8")
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    put_together = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in put_together for part in node.values}
    for node in put_together:
        yield "".join(part.value if isinstance(part, ast.Constant) else SOMETHING for part in node.values)  # type: ignore[misc]
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in parts:
            yield each.value


def wrong(words: list[str]) -> list[str]:
    """What of a command's words does not exist."""
    command = root()
    while words and hasattr(command, "list_commands"):
        name = words.pop(0).rstrip(".:")
        found = command.get_command(None, name)
        if found is None:
            return [name]
        command = found
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
    given = [word.rstrip(".:'").partition("=")[0] for word in words if word.startswith("-") and word != "-"]
    return [option for option in given if option not in options]


def test_every_command_that_any_text_names_is_one() -> None:
    files = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", *OTHER_TEXTS})
    named = {
        found[0].strip(): (path.name, found[1].split())
        for path in files
        for text in texts(path)
        for found in NAMED.finditer(text)
    }
    assert len(named) > 100, "or this looks for them in the wrong way"
    problems = {
        text: (file, missing)
        for text, (file, words) in named.items()
        if text not in PUT_IN and (missing := wrong(words))
    }
    assert problems == {}


@pytest.mark.parametrize("name", [name for name, _ in all_commands()])
def test_every_command_has_examples_and_no_flag_that_seems_to_take_a_value(
    viral_assets: CommandLine, name: str
) -> None:
    shown = viral_assets(*name.split(), "--help").out
    assert "Examples" in shown
    assert f"viral-assets {name}" in shown.split("Examples")[1]
    assert "<bool>" not in shown
