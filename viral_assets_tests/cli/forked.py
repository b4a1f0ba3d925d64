"""``viral-assets`` in processes that start in a moment: what a run of Dagster needs is imported before the fork."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# Imported for those that are forked; but not the definitions, which read the environment.
import viral_assets.cli.runs
import viral_assets.defs.assets.delivery
import viral_assets.defs.assets.generation
import viral_assets.defs.assets.scoring
import viral_assets.defs.automation.sensors
import viral_assets.defs.checks.definitions  # noqa: F401
from viral_assets.cli import main


@dataclass(frozen=True)
class Forked:
    """A command under way, and the files it writes to."""

    process: BaseProcess
    out: Path
    err: Path

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.signal(signal.SIGINT)

    def signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    @property
    def code(self) -> int | None:
        """How it ended, or None while it goes on."""
        return self.process.exitcode

    def first_line(self) -> str | None:
        """Of standard output, once it is there."""
        line, end, _ = self.out.read_text(encoding="utf-8").partition("\n") if self.out.exists() else ("", "", "")
        return line if end else None

    def ended(self, seconds: float) -> tuple[int | None, str, str]:
        """Wait for its end, so long at most. Returns its exit code, standard output and standard error."""
        self.process.join(seconds)
        return self.code, self.out.read_text(encoding="utf-8"), self.err.read_text(encoding="utf-8")


def run(arguments: tuple[str, ...], environment: Mapping[str, str], folder: str, out: Path, err: Path) -> None:
    """Be the command: with its environment, in its folder, writing to these files, open to interrupts."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, number in ((out, 1), (err, 2)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["viral-assets", *arguments]
    main()


def run_on_a_full_disk(file_bytes: int, *told: Any) -> None:
    """The same, with no file that may grow larger than this."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    run(*told)
