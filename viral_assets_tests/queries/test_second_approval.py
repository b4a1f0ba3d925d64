"""Which projects ask for two approvals, from their files; and files that are read again only when they have changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from viral_assets.errors import ProjectFileError
from viral_assets.projects import current
from viral_assets.projects.current import SETTLED_NS, CurrentProjects
from viral_assets.projects.loader import Projects, load_projects
from viral_assets.queries.second_approval import second_approval
from viral_assets.settings import BUNDLED_PROJECTS
from viral_assets.store.second_approval import NOWHERE, SecondApproval

DEMO = (BUNDLED_PROJECTS / "demo.yml").read_text(encoding="utf-8")
ASKING = DEMO.replace("second_approval: none", "second_approval: flagged")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(text.replace("name: demo", f"name: {name}", 1), encoding="utf-8")
    return path


def asked(folder: Path) -> SecondApproval:
    return second_approval(lambda: load_projects(folder))


def test_a_project_asks_for_two_in_its_file(tmp_path: Path) -> None:
    write(tmp_path, "one", DEMO)
    assert asked(tmp_path) == NOWHERE
    write(tmp_path, "two", ASKING)
    assert ("one" in asked(tmp_path), "two" in asked(tmp_path)) == (False, True)


def test_what_cannot_be_read_might_ask_for_two(tmp_path: Path) -> None:
    write(tmp_path, "one", DEMO)
    write(tmp_path, "two", DEMO + "\nnonsense: 1\n")
    assert ("one" in asked(tmp_path), "two" in asked(tmp_path)) == (False, True)
    (tmp_path / "one.yml").unlink()
    assert asked(tmp_path) == SecondApproval(every=True)
    write(tmp_path, "one", DEMO + "\nnonsense: 1\n")
    assert "whatever" in asked(tmp_path)


def test_where_there_are_no_files_nobody_asks(tmp_path: Path) -> None:
    assert asked(tmp_path) == NOWHERE
    assert asked(tmp_path / "nothing") == NOWHERE


def test_a_wrong_word_is_an_error_that_names_the_right_ones(tmp_path: Path) -> None:
    write(tmp_path, "one", DEMO.replace("second_approval: none", "second_approval: always"))
    with pytest.raises(ProjectFileError, match=r"second_approval.*'none' or 'flagged'"):
        load_projects(tmp_path)


def test_files_are_read_again_when_they_have_changed_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(folder: Path) -> Projects:
        read.append(folder)
        return load_projects(folder)

    monkeypatch.setattr(current, "load_projects", counted)
    path, projects = write(tmp_path, "one", DEMO), CurrentProjects(tmp_path)
    just_now, long_ago = (time.time_ns() + times * SETTLED_NS for times in (1_000, -10))
    os.utime(path, ns=(just_now, just_now))
    assert list(projects()) == list(projects()) == ["one"]
    assert len(read) == 2, "what has just been written may be written again in the same moment"
    os.utime(path, ns=(long_ago, long_ago))
    assert projects() is projects()
    assert len(read) == 3
    write(tmp_path, "two", DEMO)
    assert list(projects()) == ["one", "two"]
    path.write_text("nonsense: 1\n", encoding="utf-8")
    assert list(projects()) == ["two"]
    for each in tmp_path.iterdir():
        each.unlink()
    with pytest.raises(ProjectFileError):
        projects()
