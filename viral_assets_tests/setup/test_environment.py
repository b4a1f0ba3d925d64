"""The set-up: when an environment counts as whole, and what is said when it cannot be made."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from viral_assets.settings import checkout_root
from viral_assets_tests.setup.script import load

script = load()

LOCK = textwrap.dedent("""\
    # compiled
    first==1.0 \\
        --hash=sha256:aa \\
        --hash=sha256:bb
        # via second
    second-of-all==2.0 ; sys_platform == 'linux' \\
        --hash=sha256:cc
    uv==3.0 \\
        --hash=sha256:dd
""")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with all that the set-up reads; its lock names packages that are nowhere."""
    root = tmp_path / "ein Ordner für Übungen"
    (root / "scripts").mkdir(parents=True)
    for name in ("setup.cfg", "pyproject.toml", "scripts/environment.py"):
        shutil.copy(checkout_root() / name, root / name)
    (root / "requirements.lock").write_text(LOCK)
    return root


@pytest.fixture
def whole(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An environment that was made to its end, of a real Python and two packages."""
    monkeypatch.setattr(script, "ROOT", checkout)
    venv.create(checkout / ".venv", symlinks=os.name == "posix")
    made = environment(checkout)
    for name in ("first-1.0", "second_of_all-2.0"):
        (site_packages(checkout) / f"{name}.dist-info").mkdir()
    (site_packages(checkout) / "first").mkdir()
    (made.python.parent / "viral-assets").touch()
    made.finish()
    return made


def environment(checkout: Path) -> Any:
    return script.Environment(checkout / ".venv", checkout / "requirements.lock")


def site_packages(checkout: Path) -> Path:
    return next((checkout / ".venv").glob("[lL]ib*/python*/site-packages"))


def run(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "environment.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)


# ---- what counts as whole


def test_what_was_made_to_its_end_is_whole_and_left_alone(whole: Any, checkout: Path) -> None:
    assert whole.is_whole(this_python=False)
    assert whole.is_whole(this_python=True)
    ended = run(checkout)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_package_more_is_no_reason_to_make_it_anew(whole: Any, checkout: Path) -> None:
    (site_packages(checkout) / "ipdb-0.13.dist-info").mkdir()
    assert whole.is_whole(this_python=False)


def test_half_an_environment_is_not_whole(whole: Any) -> None:
    whole.stamp.unlink()
    assert not whole.is_whole(this_python=False)


def test_a_stamp_cut_off_is_no_stamp(whole: Any) -> None:
    whole.stamp.write_text(whole.stamp.read_text()[:40])
    assert not whole.is_whole(this_python=False)


@pytest.mark.parametrize("name", ["requirements.lock", "setup.cfg", "pyproject.toml"])
def test_what_it_is_made_from_has_changed(whole: Any, checkout: Path, name: str) -> None:
    with (checkout / name).open("a") as file:
        file.write("\n# changed\n")
    assert not whole.is_whole(this_python=False)


def test_a_package_is_gone(whole: Any, checkout: Path) -> None:
    (site_packages(checkout) / "first-1.0.dist-info").rmdir()
    assert not whole.is_whole(this_python=False)


def test_the_folder_of_a_package_is_gone(whole: Any, checkout: Path) -> None:
    (site_packages(checkout) / "first").rmdir()
    assert not whole.is_whole(this_python=False)


def test_a_command_is_gone(whole: Any) -> None:
    (whole.python.parent / "viral-assets").unlink()
    assert not whole.is_whole(this_python=False)


def test_the_python_is_gone(whole: Any) -> None:
    whole.python.unlink()
    whole.python.symlink_to("/nowhere/python3")
    assert not whole.is_whole(this_python=False)


def test_another_python_has_taken_its_place(whole: Any) -> None:
    whole.python.unlink()
    whole.python.write_text("#!/bin/sh\necho '(3, 99) /somewhere'\n")
    whole.python.chmod(0o755)
    assert not whole.is_whole(this_python=False)


def test_the_folder_was_moved(whole: Any, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = checkout.rename(checkout.with_name("moved"))
    monkeypatch.setattr(script, "ROOT", moved)
    assert not environment(moved).is_whole(this_python=False)


def test_another_python_made_it(whole: Any) -> None:
    made = json.loads(whole.stamp.read_text())
    made["made_by"] = "3.99 of somebody else"
    whole.stamp.write_text(json.dumps(made))
    assert whole.is_whole(this_python=False), "good enough where no Python is named"
    assert not whole.is_whole(this_python=True)


# ---- what is said


@pytest.mark.parametrize(
    ("version", "has_venv", "said"),
    [
        ((3, 8), True, "Python 3.8 is too old. Install Python 3.11, 3.12 or 3.13"),
        ((3, 10), True, "too old"),
        ((3, 11), True, None),
        ((3, 13), True, None),
        ((3, 12), False, "no venv module"),
        ((3, 14), True, "Python 3.14 is too new: wordllama 0.4 and backports-zstd have no ready-made packages"),
    ],
)
def test_a_python_that_cannot_be_used(version: tuple[int, int], has_venv: bool, said: str | None) -> None:
    problem = script.problem_with(version, has_venv)
    assert problem is None if said is None else said in problem


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/home/ümit o'hara/my code/$", None),
        ("/home/me/$project", "takes the $ in /home/me/$project for a variable"),
        (f"/home/me/a{os.pathsep}b", "ends a path for Python"),
    ],
)
def test_a_place_that_cannot_be_used(path: str, said: str | None) -> None:
    problem = script.problem_with_place(path)
    assert problem is None if said is None else said in problem


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("error: Failed to install: x\n  Caused by: No space left on device (os error 28)", "the disk is full"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Because wordllama==0.4.0.post1 has no usable wheels and you require", "wordllama==0.4.0.post1 has no ready"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "not what the lock names"),
        ("error: Failed to fetch: `…`\n  Caused by: dns error", "could not be downloaded"),
        ("ERROR: Could not find a version that satisfies uv==3 (from versions: none)", "could not be downloaded"),
        ("something\n\nERROR: the last line\n\n", "ERROR: the last line"),
        ("", "without a word"),
    ],
)
def test_what_an_installer_said_in_one_line(output: str, said: str) -> None:
    explained = script.explain(output)
    assert said in explained
    assert "\n" not in explained


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "/opt/x cannot be written. Copy the checkout"),
        (errno.EACCES, "/opt/x cannot be written. Copy the checkout"),
        (errno.EIO, "/opt/x: Input/output error"),
    ],
)
def test_a_place_that_cannot_be_written(number: int, said: str) -> None:
    assert said in script._explain_os_error(OSError(number, os.strerror(number), "/opt/x"))


def test_a_log_that_ends_where_the_disk_was_full_hides_nothing(whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [sys.executable, "-c", "print('Downloading somethi', end=''); raise SystemExit(1)"]
    with pytest.raises(script.SetupError, match="Downloading somethi"):
        script._run(whole, failing, "packages")
    monkeypatch.setattr(script, "_NEXT_TO_NOTHING", 2**63)
    with pytest.raises(script.SetupError, match="the disk is full"):
        script._run(whole, failing, "packages")


def test_a_file_of_that_name_is_not_removed(checkout: Path) -> None:
    (checkout / "mine").write_text("somebody's")
    ended = run(checkout, "--venv", "mine")
    assert ended.returncode == 1
    assert "mine is there and no environment" in ended.stderr
    assert (checkout / "mine").read_text() == "somebody's"


def test_a_folder_of_somebody_else_is_not_removed(checkout: Path) -> None:
    (checkout / "mine").mkdir()
    (checkout / "mine" / "thesis.txt").write_text("years of work")
    ended = run(checkout, "--venv", "mine")
    assert ended.returncode == 1
    assert "mine is there and no environment" in ended.stderr
    assert (checkout / "mine" / "thesis.txt").exists()


def test_the_lines_of_one_package_of_the_lock() -> None:
    assert script.only(LOCK, "first") == LOCK[LOCK.index("first") : LOCK.index("second-of-all")]
    assert script.only(LOCK, "uv").startswith("uv==3.0")
    with pytest.raises(script.SetupError, match="does not pin second"):
        script.only(LOCK, "second")


@pytest.mark.slow
def test_without_a_network_one_line_says_so_and_nothing_half_made_is_taken_for_whole(checkout: Path) -> None:
    # Nobody listens at that port.
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    ended = run(checkout, **nowhere)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "could not be downloaded. Is there a network?" in ended.stderr
    assert (checkout / ".venv").is_dir(), "what there is of it stays for a look"
    assert not environment(checkout).is_whole(this_python=False)


@pytest.mark.slow
def test_two_at_once_make_it_one_after_the_other(whole: Any, checkout: Path) -> None:
    stamp = whole.stamp.read_text()
    whole.stamp.unlink()
    with script._alone(whole.folder):
        waiting = subprocess.Popen(
            [sys.executable, str(checkout / "scripts" / "environment.py")], stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert "waiting for it" in waiting.stdout.readline()
        time.sleep(0.5)
        assert waiting.poll() is None
        # Meanwhile this one has made it.
        whole.stamp.write_text(stamp)
    assert waiting.communicate()[0] == ""
    assert waiting.returncode == 0, "it took what was made"
