"""A project file is changed where it has to be, and nowhere else."""

from __future__ import annotations

import stat
from difflib import unified_diff
from pathlib import Path

import pytest

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.learning.project_file import changed, find_project_file, write_project
from viral_assets.projects.loader import load_project, load_projects
from viral_assets.projects.model import Thresholds, Weights
from viral_assets.settings import checkout_root

WEIGHTS = Weights(velocity=0.1, relevance=0.2, openness=0.3, author_quality=0.4)
THRESHOLDS = Thresholds(yellow=0.33, green=0.66)
LEAST = "name: least\ntaxonomy: [{label: bread, description: Bread}]\nvoice: {persona: A baker}\n"

DASHES = """name: least
taxonomy:
- label: bread
  description: |
    Two
    lines
voice:
    persona: >-
        A
        baker
    good_examples:
    - 'one: two'   # not a mapping
    # before
title: 'yes'
"""


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    path = tmp_path / "demo.yml"
    path.write_bytes((checkout_root() / "projects" / "demo.yml").read_bytes())
    return path


def write(path: Path, *examples: str) -> Path:
    before = load_project(path)
    return write_project(path, before, changed(before, weights=WEIGHTS, thresholds=THRESHOLDS, examples=list(examples)))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def changes(old: str, new: str) -> list[str]:
    lines = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_only_the_lines_of_what_changes_change_and_comments_stay(demo: Path) -> None:
    old = demo.read_text(encoding="utf-8")
    backup = write(demo, 'Which page: the first, or #2? "That" one: mine.')
    new = demo.read_text(encoding="utf-8")
    found = changes(old, new)
    assert [line.split("#")[0].split()[-1] for line in found if line[0] == "+" and "example" not in line][1:] == [
        *("0.1", "0.2", "0.3", "0.4"),
        *("0.33", "0.66"),
    ]
    assert sum(line[0] == "-" for line in found) == 6
    assert new.count("#") == old.count("#") + 1
    assert backup.read_text(encoding="utf-8") == old
    after = load_project(demo)
    assert (after.weights, after.thresholds) == (WEIGHTS, THRESHOLDS)
    assert after.voice.good_examples[-1] == 'Which page: the first, or #2? "That" one: mine.'
    assert list(load_projects(demo.parent)) == ["demo"]


@pytest.mark.parametrize(
    "text",
    [
        LEAST,
        LEAST + "weights: {velocity: 0.5}\nthresholds:\n    green: 0.9   # picky\n",
        LEAST.replace("\n", "\r\n"),
        "\ufeff" + LEAST,
        "---\n" + LEAST,
        DASHES,
    ],
    ids=["least", "flow", "windows", "mark", "start", "dashes"],
)
def test_every_way_of_writing_a_project_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "least.yml"
    path.write_bytes(text.encode("utf-8"))
    write(path, "An example")
    content = path.read_bytes()
    assert content.count(b"\r\n") == (content.count(b"\n") if "\r\n" in text else 0)
    assert content.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
    assert load_project(path).weights == WEIGHTS
    kept = [line for line in text.splitlines() if "least" in line or "#" in line]
    assert all(line.partition("  #")[2] in content.decode() for line in kept)


def test_a_cap_changes_its_own_line_or_joins_the_file(demo: Path, tmp_path: Path) -> None:
    old = demo.read_text(encoding="utf-8")
    before = load_project(demo)
    write_project(demo, before, changed(before, max_tweets_per_request=6, examples=[]))
    assert [line.split("#")[0].split() for line in changes(old, demo.read_text(encoding="utf-8"))] == [
        ["-", "max_tweets_per_request:", "10"],
        ["+", "max_tweets_per_request:", "6"],
    ]
    least = tmp_path / "least.yml"
    least.write_text(LEAST, encoding="utf-8")
    before = load_project(least)
    write_project(least, before, changed(before, max_tweets_per_request=3, examples=[]))
    assert load_project(least) == changed(before, max_tweets_per_request=3, examples=[])
    assert least.read_text(encoding="utf-8").startswith(LEAST)


def test_the_mode_stays_and_a_link_is_followed(demo: Path) -> None:
    demo.chmod(0o640)
    link = demo.parent / "there" / "demo.yml"
    link.parent.mkdir()
    link.symlink_to(demo)
    write(link)
    assert link.is_symlink()
    assert stat.S_IMODE(demo.stat().st_mode) == 0o640
    assert load_project(demo).weights == WEIGHTS
    assert names(demo.parent) == ["demo.yml", "demo.yml.bak", "there"]


def test_a_file_that_changed_meanwhile_is_left_alone(demo: Path) -> None:
    before = load_project(demo)
    newer = demo.read_text(encoding="utf-8").replace("max_candidates: 150", "max_candidates: 20")
    demo.write_text(newer, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="changed meanwhile"):
        write_project(demo, before, changed(before, weights=WEIGHTS, examples=[]))
    assert demo.read_text(encoding="utf-8") == newer
    assert names(demo.parent) == ["demo.yml"]


def test_a_change_that_would_reach_other_keys_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "least.yml"
    text = LEAST.replace("persona: A baker", "persona: A baker, good_examples: &same [One], constraints: *same")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="change it by hand"):
        write(path, "Two")
    assert path.read_text(encoding="utf-8") == text
    assert names(tmp_path) == ["least.yml"]


def test_a_project_is_found_by_its_name_whatever_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(LEAST, encoding="utf-8")
    (tmp_path / "a.yml").write_text(LEAST.replace("name: least", "name: other"), encoding="utf-8")
    assert find_project_file(tmp_path, "least").name == "b.yaml"
    with pytest.raises(UnknownProjectError):
        find_project_file(tmp_path, "../b")
