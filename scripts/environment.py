"""Make the environment in ``.venv``: exactly the packages of ``requirements.lock``, and the checkout itself.

``make`` runs this before everything else; without make (Windows): ``py -3.12 scripts/environment.py``. It needs
nothing but Python. Nothing is resolved and nothing is compiled: what the lock does not name cannot come in, whatever
was published meanwhile. uv installs, itself from the lock; where it cannot, pip does the same more slowly.

An environment counts as whole when the stamp in it says that it was made at this place from the lock as it is, and
its Python, commands and packages are still there. The stamp is written last, so that half an environment (Ctrl-C, a
full disk) is never taken for a whole one. A lock file lets one set-up at a time work in a checkout; the system lets go
of it when its process ends, however that happens.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

ROOT = Path(__file__).resolve().parent.parent
OLDEST, TOO_NEW = (3, 11), (3, 14)

# Compiled code that has no wheel for TOO_NEW. Whoever raises that version looks here first.
LACKING_WHEELS = "wordllama 0.4 and backports-zstd"

# What the environment is made from; a change in one of them makes it anew.
MADE_FROM = ("setup.cfg", "pyproject.toml")

PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
FROM_THE_LOCK = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
THE_CHECKOUT = ("--no-deps", "--no-build-isolation", "--editable", str(ROOT))

_FULL = "the disk is full. Make room (about 1.5 GB) and try again"
_NEXT_TO_NOTHING = 1 << 20

_RUNS = "import sys; print(sys.version_info[:2], sys.prefix)"


class SetupError(Exception):
    """The environment cannot be made. The message is one line that says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment if it is not whole. Returns the exit code: 0, 1 it failed, 130 interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--venv", default=".venv", metavar="FOLDER", help="where, from the top of the checkout (default: %(default)s)"
    )
    parser.add_argument(
        "--lock", default="requirements.lock", metavar="FILE", help="made from which lock (default: %(default)s)"
    )
    parser.add_argument(
        "--this-python", action="store_true", help="make it anew where another Python made the one that is there"
    )
    parser.add_argument("--with-pip", action="store_true", help="install with the environment's own pip, not with uv")
    given = parser.parse_args(arguments)
    try:
        if problem := problem_with(sys.version_info[:2], _has_venv()) or problem_with_place(str(ROOT)):
            raise SetupError(problem)
        make(Environment(ROOT / given.venv, ROOT / given.lock), this_python=given.this_python, with_pip=given.with_pip)
    except SetupError as error:
        print(f"Set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up: interrupted. The same command makes the environment anew.", file=sys.stderr)
        return 130
    return 0


def problem_with(version: tuple[int, ...], has_venv: bool) -> str | None:
    """Why a Python of this version cannot be used, or None."""
    name = f"Python {version[0]}.{version[1]}"
    if version < OLDEST:
        return f"{name} is too old. Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.13"
    if version >= TOO_NEW:
        return (
            f"{name} is too new: {LACKING_WHEELS} have no ready-made packages for it. "
            "Install Python 3.13 beside it, or name one: make PYTHON=/path/to/python3.13"
        )
    if not has_venv:
        return f"this {name} has no venv module. Install it (Debian, Ubuntu: apt install python3-venv) and try again"
    return None


def problem_with_place(path: str) -> str | None:
    """Why no environment can be made in this folder, or None."""
    if re.search(r"\$[A-Za-z_{]", path):
        return f"setuptools takes the $ in {path} for a variable. Move the checkout to a place without one"
    if os.pathsep in path:
        return f"the {os.pathsep} in {path} ends a path for Python. Move the checkout to a place without one"
    return None


def _has_venv() -> bool:
    # Debian leaves venv in and takes out what it needs to bring pip along.
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


class Environment:
    """A folder with a Python and packages of its own, and what it is made from."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self.folder, self.lock = folder, lock
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.stamp = folder / "made-from.json"
        self.log = folder / "set-up.log"

    def recipe(self) -> dict[str, str]:
        """What would be different if it had to be made anew."""
        files = (self.lock, *(ROOT / name for name in MADE_FROM))
        content = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
        return {"content": content, "folder": str(self.folder)}

    def is_whole(self, *, this_python: bool) -> bool:
        """Whether it is what :func:`make` would make.

        Args:
            this_python: only if it was made by the Python that runs this.
        """
        try:
            made = json.loads(self.stamp.read_text(encoding="utf-8"))
            running = _answer([str(self.python), "-I", "-c", _RUNS])
            parts = self.parts()
            return (
                made["recipe"] == self.recipe()
                and made["runs"] == running
                and parts.issuperset(made["packages"])
                and (not this_python or made["made_by"] == _made_by())
            )
        except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
            return False

    def parts(self) -> set[str]:
        """Names of its commands, of its packages' folders, and of those that say a package is installed."""
        packages = (found for lib in ("lib/python*", "Lib") for found in self.folder.glob(f"{lib}/site-packages/*"))
        return {found.name for found in (*self.python.parent.iterdir(), *packages)} - {"__pycache__"}

    def finish(self) -> None:
        """Say that it is whole."""
        made = {
            "recipe": self.recipe(),
            "made_by": _made_by(),
            "runs": _answer([str(self.python), "-I", "-c", _RUNS]),
            "packages": sorted(self.parts()),
        }
        unfinished = self.stamp.with_suffix(".part")
        unfinished.write_text(json.dumps(made, indent=1), encoding="utf-8")
        unfinished.replace(self.stamp)


def _made_by() -> str:
    return f"{sys.version} {Path(sys.executable).resolve()}"


def _answer(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def make(environment: Environment, *, this_python: bool = False, with_pip: bool = False) -> None:
    """Make it, unless it is whole already.

    Raises:
        SetupError: it cannot be made; whatever is there is not taken for a whole one.
    """
    if environment.is_whole(this_python=this_python):
        return
    began = time.monotonic()
    try:
        with _alone(environment.folder):
            if environment.is_whole(this_python=this_python):
                return
            _clear(environment)
            _install(environment, with_pip=with_pip)
            environment.finish()
    except OSError as error:
        raise SetupError(_explain_os_error(error)) from None
    print(f"{environment.folder.name} is ready ({time.monotonic() - began:.0f} s)")


def _install(environment: Environment, *, with_pip: bool) -> None:
    lock = environment.lock
    count = len(re.findall(r"^[^\s#].*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    print(
        f"Making {environment.folder.name} with Python {platform.python_version()}: "
        f"{count} packages of {lock.name} (once; seconds, and the time to download 200 MB)",
        flush=True,
    )
    python = str(environment.python)
    bare = [sys.executable, "-m", "venv", "--without-pip", str(environment.folder)]
    _run(environment, bare, "an empty environment")
    pip = [python, *PIP]
    with contextlib.suppress(SetupError):
        # As much as is left of it where the Python brings a pip that does not run on it, as some distributions do.
        _run(environment, [python, "-m", "ensurepip", "--upgrade", "--default-pip"], "pip")
    uv = None if with_pip else _uv(environment, pip)
    if uv is not None:
        with contextlib.suppress(SetupError):
            _run(environment, [*uv, "install", "--python", python, *FROM_THE_LOCK, "-r", str(lock)], "packages")
            _run(environment, [*uv, "install", "--python", python, *THE_CHECKOUT], "the checkout")
            # The set is complete: nothing that is installed wants something that is not.
            _run(environment, [*uv, "check", "--python", python], "whether all is there")
            return
    _run(environment, [*pip, "install", *FROM_THE_LOCK, "-r", str(lock)], "packages, with pip")
    _run(environment, [*pip, "install", *THE_CHECKOUT], "the checkout")
    _run(environment, [*pip, "check"], "whether all is there")


def _uv(environment: Environment, pip: list[str]) -> list[str] | None:
    """The command of uv as the lock pins it, or None where there is none for this machine."""
    pinned = environment.folder / "installer.lock"
    pinned.write_text(only(environment.lock.read_text(encoding="utf-8"), "uv"), encoding="utf-8")
    arguments = [*FROM_THE_LOCK, "-r", str(pinned)]
    with contextlib.suppress(SetupError):
        _run(environment, [*pip, "install", *arguments], "the installer")
        return [str(environment.python), "-m", "uv", "pip"]
    # The pip of the Python that makes the environment may run where the one that it brings does not.
    beside = environment.folder / "installer"
    with contextlib.suppress(SetupError):
        _run(environment, [sys.executable, *PIP, "install", "--target", str(beside), *arguments], "the installer")
        return [str(beside / "bin" / ("uv.exe" if os.name == "nt" else "uv")), "pip"]
    return None


def only(lock: str, name: str) -> str:
    """The lines of a lock file that pin one package.

    Raises:
        SetupError: it is not in there.
    """
    found = re.search(rf"^{re.escape(name)}==.*\n(?:[ \t].*\n)*", lock, re.MULTILINE)
    if found is None:
        raise SetupError(f"the lock file does not pin {name}. Restore it from version control")
    return found[0]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other set-up works on the folder, and keep others out."""
    with folder.with_name(f"{folder.name}.lock").open("a+b") as file:
        if not _try_lock(file):
            print("Another set-up is at work in this checkout; waiting for it", flush=True)
            while not _try_lock(file):
                time.sleep(0.2)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            windows: Any = msvcrt
            file.seek(0)
            windows.locking(file.fileno(), windows.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _clear(environment: Environment) -> None:
    folder = environment.folder
    ours = (folder / "pyvenv.cfg", environment.log)
    there = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if folder.is_symlink() or (there and not any(map(Path.exists, ours))):
        raise SetupError(f"{folder} is there and no environment. Move it away and try again")
    if folder.exists():
        print(f"{folder.name} was not made from this lock, at this place, to its end: making it anew", flush=True)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _run(environment: Environment, command: list[str], what: str) -> None:
    """Run a step, with all that it prints in the log, showing that it is still at work.

    Raises:
        SetupError: it failed; in one line, why.
    """
    settings = {**os.environ, "PIP_USER": "0", "PYTHONNOUSERSITE": "1", "UV_NO_PROGRESS": "1"}
    # Other packages, another standard library, and warnings of pip's own packages made into errors.
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS"):
        settings.pop(name, None)
    shown = sys.stdout.isatty()
    began = time.monotonic()
    with environment.log.open("a+", encoding="utf-8", errors="replace") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        start = log.tell()
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, env=settings)
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
                if shown:
                    print(f"\r  {what}: {time.monotonic() - began:.0f} s ", end="", flush=True)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            if shown:
                print("\r" + " " * 60 + "\r", end="", flush=True)
        if process.returncode:
            # On a full disk the log ends before the reason.
            full = shutil.disk_usage(environment.folder).free < _NEXT_TO_NOTHING
            log.seek(start)
            raise SetupError(f"{_FULL if full else explain(log.read())} (all of it: {environment.log})")


def explain(output: str) -> str:
    """One line for what an installer said when it failed."""
    machine = f"{platform.system()} {platform.machine()}, Python {sys.version_info[0]}.{sys.version_info[1]}"
    if re.search(r"No space left on device|os error 28\b", output):
        return _FULL
    if found := re.search(r"Because (\S+) has no (?:usable )?wheels|(\S+) has no wheels with a matching", output):
        return f"{found[1] or found[2]} has no ready-made package for this machine ({machine})"
    if re.search(r"DO NOT MATCH THE HASHES|[Hh]ash mismatch", output):
        return "what was downloaded is not what the lock names. Try again; if it stays so, do not trust that source"
    if re.search(
        r"Failed to (?:fetch|download)|error sending request|dns error|Could not connect|NewConnectionError|ProxyError"
        r"|Name or service not known|Temporary failure in name resolution|from versions: none|timed? out",
        output,
        re.IGNORECASE,
    ):
        return "the packages could not be downloaded. Is there a network? pip's own settings (mirror, proxy) are used"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "a step failed without a word"


def _explain_os_error(error: OSError) -> str:
    place = error.filename or ROOT
    if error.errno == 28:
        return _FULL
    if error.errno in {1, 13, 30}:
        return f"{place} cannot be written. Copy the checkout to a place where you may write, and try again there"
    return f"{place}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main())
