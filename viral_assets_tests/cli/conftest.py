"""A home of its own for every test, the command line in this process, and files of tweets."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from viral_assets.cli.app import app
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets_tests.cli.forked import Forked, run, run_on_a_full_disk
from viral_assets_tests.forks import forks
from viral_assets_tests.tables import make_tables
from viral_assets_tests.waiting import PATIENCE

OURS = ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_", "DAGSTER_HOME")

TEXTS = (
    "How do you get your kids off their phones at dinner? Ours scroll through every meal and we are out of ideas.",
    "I deleted every social app for a month. My screen time fell from 6 hours to 1 and I sleep like a baby again.",
    "Is anybody else completely unable to focus on one thing for more than ten minutes? My attention is gone.",
    "The new stadium opens next week and the traffic around it will be terrible for months.",
)


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line of standard output."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("viral-assets: ")]


class CommandLine:
    """``viral-assets``, run here; :meth:`in_a_process` runs it as a person does."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: object) -> Said:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="viral-assets")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """The command in a process of its own, which an interrupt reaches even where ours ignores it."""
        code = (
            "import signal, sys\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from viral_assets.cli import main\n"
            "main()\n"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def forked(self, *arguments: object, **environment: str) -> Forked:
        """The command in a process of its own that need not import anything first."""
        return self._forked(arguments, environment, run)

    def in_a_process(self, *arguments: object, **environment: str) -> Said:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        return Said(process.returncode, out, err)

    def in_a_fork(self, *arguments: object, **environment: str) -> Said:
        """The same, for what does not depend on how the process came about: many times as quick to start."""
        return _at_its_end(self.forked(*arguments, **environment))

    def on_a_full_disk(self, file_bytes: int, *arguments: object) -> Said:
        """The same, with no file that may grow larger than this."""
        return _at_its_end(self._forked(arguments, {}, partial(run_on_a_full_disk, file_bytes)))

    def _forked(self, arguments: Iterable[object], environment: Mapping[str, str], run: Callable[..., None]) -> Forked:
        folder = Path(tempfile.mkdtemp(dir=self.home.parent))
        files = folder / "out", folder / "err"
        told = tuple(map(str, arguments)), {**os.environ, **environment}, str(Path.cwd()), *files
        process = forks().Process(target=run, args=told)
        process.start()
        return Forked(process, *files)


def _at_its_end(command: Forked) -> Said:
    code, out, err = command.ended(PATIENCE)
    assert code is not None, f"still at it after {PATIENCE:g} s"
    return Said(code, out, err)


@pytest.fixture(scope="package", autouse=True)
def _commands_made_once() -> Iterator[None]:
    """Of the same application, not anew for each of hundreds of calls."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("typer.testing._get_command", functools.cache(get_command))
        yield


@pytest.fixture
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty ``VIRAL_ASSETS_HOME`` in an environment that says nothing else; commands may change it."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(OURS):
            del os.environ[name]
    home = tmp_path_factory.mktemp("home")
    os.environ |= {"VIRAL_ASSETS_HOME": str(home), "COLUMNS": "120"}
    yield home
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def home(new_home: Path) -> Path:
    """The same as commands before have left it: with all tables, which take longer to make than most commands."""
    make_tables(new_home / "viral_assets.db")
    return new_home


@pytest.fixture
def viral_assets(home: Path) -> CommandLine:
    return CommandLine(home)


@pytest.fixture
def last_hour() -> datetime:
    """The last full hour."""
    return floor_hour(datetime.now(UTC)) - HOUR


def write_tweets(path: Path, hour: datetime, texts: Sequence[str] = TEXTS) -> Path:
    """A page of the X API v2 with a popular tweet every five minutes of ``hour``, each by somebody else."""
    created = [hour + timedelta(minutes=5 * number) for number in range(len(texts))]
    tweets = [
        {
            "id": str(1_000_000_000_000 + int(moment.timestamp())),
            "text": text,
            "author_id": f"{int(moment.timestamp())}",
            "lang": "en",
            "created_at": f"{moment:%Y-%m-%dT%H:%M:%S.000Z}",
            "public_metrics": {"like_count": 900, "reply_count": 200, "retweet_count": 150, "quote_count": 5},
        }
        for moment, text in zip(created, texts, strict=True)
    ]
    users = [
        {
            "id": tweet["author_id"],
            "username": f"somebody_{tweet['author_id']}",
            "name": "S",
            "public_metrics": {"followers_count": 25_000},
        }
        for tweet in tweets
    ]
    path.write_text(json.dumps({"data": tweets, "includes": {"users": users}, "meta": {}}))
    return path


def hour_arguments(hours: HourRange) -> tuple[str, ...]:
    return "--from", f"{hours.start:%Y-%m-%dT%H:%M}", "--to", f"{hours.end:%Y-%m-%dT%H:%M}"
