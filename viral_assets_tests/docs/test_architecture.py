"""The architecture page, and every path that a page names, is what the code is."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter

from viral_assets_tests.docs.test_pages import PAGES, ROOT
from viral_assets_tests.test_import_rules import ROOT as SMALL_THINGS
from viral_assets_tests.test_import_rules import packages_imported

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ARROWS = re.findall(r"^ *(\w+) --> (\w+)$", TEXT, re.MULTILINE)


def test_every_path_that_a_page_names_exists() -> None:
    for page in PAGES:
        named = re.findall(r"(?<![\w./])(viral_assets(?:_tests)?/[\w./-]*[\w/])", page.read_text(encoding="utf-8"))
        missing = [name for name in named if "NAME" not in name and not (ROOT / name).exists()]
        assert not missing, page.name


def test_every_module_of_the_journey_exists() -> None:
    journey = TEXT.split("## A tweet's journey")[1].split("\n## ")[0]
    named = re.findall(r"`([a-z_/0-9]+\.py)`", journey)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / "viral_assets" / name).is_file()] == []


def test_every_package_is_described() -> None:
    described = set(re.findall(r"^\| `(\w+)", TEXT, re.MULTILINE))
    assert {package for package in packages_imported() if package not in SMALL_THINGS} <= described


def test_the_arrows_are_the_imports() -> None:
    """Each one is there, and what is imported without one is reached by several."""
    below: dict[str, set[str]] = {}
    arrows = {
        package: {to for of, to in ARROWS if of == package} for package in {name for arrow in ARROWS for name in arrow}
    }
    for package in TopologicalSorter(arrows).static_order():
        below[package] = arrows[package].union(*(below[each] for each in arrows[package]))
    drawn = {
        package: others - set(SMALL_THINGS)
        for package, others in packages_imported().items()
        if package not in SMALL_THINGS
    }
    assert {(package, to) for package, to in ARROWS if to not in drawn.get(package, set())} == set()
    assert {(package, to) for package, others in drawn.items() for to in others - below.get(package, set())} == set()
