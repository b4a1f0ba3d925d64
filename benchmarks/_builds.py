"""Builds of the project to measure side by side, and the emulator that all of them are measured with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
# The emulator is of the tests, which are not installed. Who imports this may import it afterwards.
sys.path.append(str(ROOT))

WORKER = ROOT / "benchmarks" / "_generation_worker.py"


def conclude(lines: Sequence[Any]) -> NoReturn:
    """Say whether this build meets the goals, print all that was measured as JSON, and end with 1 if it does not.

    Args:
        lines: dataclasses with a ``build`` (``here`` is this one), a ``ratio``, and whether the goal is ``met``.
    """
    missed = [line for line in lines if line.build == "here" and not line.met]
    print(f"\nGoals {f'MISSED: {len(missed)}' if missed else 'met'}.")
    print(json.dumps([asdict(line) | {"ratio": line.ratio} for line in lines]))
    sys.exit(bool(missed))


@dataclass(frozen=True, slots=True)
class Build:
    """A checked-out state of the project, run by this environment's Python."""

    name: str
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRAL_ASSETS_", "GEMINI_"))}
        return {**kept, "PYTHONPATH": str(self.root)}

    def python(self, arguments: Sequence[str], given: str = "", *, accepted: Sequence[int] = (0,)) -> str:
        """What a script prints that is run with this build.

        Args:
            accepted: exit codes that are none of a failure.

        Raises:
            RuntimeError: it failed; the message is the end of what it wrote to standard error.
        """
        process = subprocess.run(
            [sys.executable, *arguments],
            input=given,
            capture_output=True,
            text=True,
            cwd=self.root,
            env=self.environment,
            check=False,
        )
        if process.returncode not in accepted:
            raise RuntimeError(f"{self.name}: {' | '.join(process.stderr.strip().splitlines()[-3:])}")
        return process.stdout

    def work(self, **given: Any) -> dict[str, Any]:
        """What the worker makes of it; see ``_generation_worker``."""
        result: dict[str, Any] = json.loads(self.python([str(WORKER)], json.dumps(given)).splitlines()[-1])
        return result


@contextmanager
def builds(against: Sequence[str]) -> Iterator[list[Build]]:
    """This tree, and a tree of each commit, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        found = [Build("here", ROOT)]
        try:
            for commit in against:
                path = Path(folder) / commit.replace("/", "_")
                _git("worktree", "add", "--detach", str(path), commit)
                found.append(Build(commit, path))
            yield found
        finally:
            for build in found[1:]:
                _git("worktree", "remove", "--force", str(build.root))


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)}: {done.stderr.strip()}")


@dataclass(frozen=True, slots=True)
class Emulator:
    """A Gemini emulator in a process of its own."""

    url: str

    def arrivals(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_log") as answer:
            arrivals: list[dict[str, Any]] = json.load(answer)["arrivals"]
        return [each for each in arrivals if each["kind"] == "generate"]


@contextmanager
def emulator(options: Mapping[str, object]) -> Iterator[Emulator]:
    """One with these options of its command line, as long as the context."""
    command = [sys.executable, "-m", "viral_assets_tests.gemini_emulator", "--port", "0"]
    command += [str(part) for pair in options.items() for part in pair]
    process = subprocess.Popen(
        command, cwd=ROOT, env=Build("here", ROOT).environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Emulator(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()
