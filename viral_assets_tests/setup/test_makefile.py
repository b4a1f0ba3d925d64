"""The Makefile: what a fresh clone meets first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root

TARGETS = ("demo", "dev", "check", "test", "lowest", "lint", "format", "docs", "lock", "bench", "soak", "clean")


# What the make that runs these tests tells its children, and the Makefile's own variables.
OF_THE_CALLER = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "BIN", "PYTHON", "ARGS"}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLER}
    return subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, in a folder of its own."""
    (tmp_path / "scripts").mkdir()
    for name in ("Makefile", "requirements.lock", "setup.cfg", "pyproject.toml", "scripts/environment.py"):
        shutil.copy(checkout_root() / name, tmp_path / name)
    return tmp_path


def test_make_alone_lists_the_targets(clone: Path) -> None:
    shown = make(clone).stdout
    assert all(f"make {target} " in shown for target in TARGETS)


def program(folder: Path, name: str, script: str) -> Path:
    """An executable shell script."""
    folder.mkdir(exist_ok=True)
    made = folder / name
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


def test_a_named_python_that_does_not_run_is_told_before_anything_is_made(clone: Path) -> None:
    ended = make(clone, "demo", "PYTHON=false")
    assert ended.returncode != 0
    assert "PYTHON=false is no working Python 3.11, 3.12 or 3.13" in ended.stderr
    assert not (clone / ".venv").exists()


def test_packages_of_elsewhere_are_kept_out(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    told = program(clone / "bin", "viral-assets", 'echo "${PYTHONHOME-no home} ${PYTHONPATH-no path}"')
    assert make(clone, "demo", f"BIN={told.parent}").stdout == "no home no path\n"


def test_no_python_at_all_is_told_with_what_to_do(clone: Path) -> None:
    ended = make(clone, "demo", "PYTHONS=nowhere")
    assert ended.returncode != 0
    assert "make demo PYTHON=" in ended.stderr
    assert not (clone / ".venv").exists()


def test_a_name_that_exists_but_does_not_run_is_passed_over(clone: Path) -> None:
    shim = program(clone / "bin", "shim", "exit 127")
    good = program(clone / "bin", "good", f'[ "$1" = -c ] && exec {sys.executable} "$@"; echo "chosen: $*"')
    shown = make(clone, "setup", f"PYTHONS={shim} {good}").stdout
    assert "chosen: scripts/environment.py --venv .venv" in shown


def test_a_python_that_does_not_fit_says_why_itself(clone: Path) -> None:
    # It runs, but is not the version that it should be.
    old = program(clone / "bin", "old", f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} -c "print(1)"')
    shown = make(clone, "setup", f"PYTHONS={old}")
    assert shown.stdout == "1\n", "the script was run with it, to explain"


def test_a_named_python_makes_the_environment_anew_if_another_made_it(clone: Path) -> None:
    named = program(clone / "folder with a space", "python", f'[ "$1" = -c ] && exec {sys.executable} "$@"; echo "$*"')
    assert "--this-python" in make(clone, "setup", f"PYTHON={named}").stdout


def test_an_environment_of_ones_own_is_used_as_it_is(clone: Path) -> None:
    planned = make(clone, "-n", "test", "BIN=/somewhere/bin").stdout
    assert "/somewhere/bin/pytest" in planned
    assert "venv" not in planned


@pytest.mark.parametrize("fails", ["ruff", "mypy", "dagster", "pytest", "nothing"])
@pytest.mark.parametrize("target", ["check", "test"])
def test_what_any_of_the_checks_finds_fails_all_of_them(clone: Path, target: str, fails: str) -> None:
    for name in ("ruff", "mypy", "dagster", "pytest"):
        program(clone / "bin", name, f"exit {int(name == fails)}")
    ended = make(clone, target, f"BIN={clone / 'bin'}")
    assert (ended.returncode == 0) == (fails == "nothing"), ended.stdout


def test_clean_never_touches_data(clone: Path) -> None:
    (clone / "data").mkdir()
    (clone / "data" / "viral_assets.db").touch()
    (clone / ".venv").mkdir()
    assert make(clone, "clean").returncode == 0
    assert (clone / "data" / "viral_assets.db").exists()
    assert not (clone / ".venv").exists()
