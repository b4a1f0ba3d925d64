"""Every behaviour of others that the page names is held by a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from viral_assets.settings import checkout_root

ROOT = checkout_root()
TESTS = ROOT / "viral_assets_tests"
PAGE = (ROOT / "docs" / "behaviours.md").read_text(encoding="utf-8")
HEADINGS = ("| What it does ", "| What they do ")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(HEADINGS)]


@cache
def names_in(file: str) -> frozenset[str]:
    """``name`` and ``Class::name`` of the tests in a file; none where there is no such file."""
    path = TESTS / file
    if not path.is_file():
        return frozenset()
    found = set[str]()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        functions = [each for each in inside if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        found |= {prefix + each.name for each in functions if each.name.startswith("test_")}
    return frozenset(found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:62])
def test_a_behaviour_is_held_by_tests_that_exist(row: str) -> None:
    what, where, source, held_by = (cell.strip() for cell in row.strip("| ").split(" | "))
    assert what
    assert where
    assert source
    named = re.findall(r"`([\w/.]+\.py)::([\w:]+)`", held_by)
    assert named, "no test holds it"
    assert [f"{file}::{test}" for file, test in named if test not in names_in(file)] == []


def test_there_are_rows() -> None:
    assert len(ROWS) > 50


def test_every_script_that_is_named_exists() -> None:
    named = set(re.findall(r"findings/[\w.-]+\.sh", PAGE))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
