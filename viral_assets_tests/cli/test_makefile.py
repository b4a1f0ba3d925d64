"""The Makefile: what a fresh clone meets first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root

TARGETS = ("demo", "dev", "test", "lint", "format", "lock", "bench", "clean")


# What the make that runs these tests tells its children, and the Makefile's own variables.
OF_THE_CALLER = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "BIN", "PYTHON", "ARGS"}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLER}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, in a folder of its own."""
    for name in ("Makefile", "requirements.lock", "setup.cfg"):
        shutil.copy(checkout_root() / name, tmp_path)
    return tmp_path


def test_make_alone_lists_the_targets(clone: Path) -> None:
    shown = make(clone).stdout
    assert all(f"make {target} " in shown for target in TARGETS)


def test_no_fitting_python_is_told_before_anything_is_made(clone: Path) -> None:
    ended = make(clone, "demo", "PYTHON=false")
    assert ended.returncode != 0
    assert "make demo PYTHON=" in ended.stderr
    assert not (clone / ".venv").exists()


def test_a_name_that_exists_but_does_not_run_is_passed_over(clone: Path) -> None:
    shim = clone / "shim"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    planned = make(clone, "-n", "setup", f"PYTHON={shim} {sys.executable}").stdout
    assert f"for candidate in {shim} {sys.executable};" in planned


def test_an_environment_of_ones_own_is_used_as_it_is(clone: Path) -> None:
    planned = make(clone, "-n", "test", "BIN=/somewhere/bin").stdout
    assert "/somewhere/bin/pytest" in planned
    assert "venv" not in planned


def test_clean_never_touches_data(clone: Path) -> None:
    (clone / "data").mkdir()
    (clone / "data" / "viral_assets.db").touch()
    (clone / ".venv").mkdir()
    assert make(clone, "clean").returncode == 0
    assert (clone / "data" / "viral_assets.db").exists()
    assert not (clone / ".venv").exists()
