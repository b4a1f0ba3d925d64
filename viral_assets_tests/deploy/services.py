"""The services of compose.yaml as processes of this machine: their commands, health checks and variables, with other
ports and addresses. Only the containers around them are missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml

from viral_assets_tests.deploy import POSTGRES, ROOT
from viral_assets_tests.waiting import PATIENCE, NotYetError, until

SERVICES: Mapping[str, Mapping[str, Any]] = yaml.safe_load((POSTGRES / "compose.yaml").read_text())["services"]

BIN = Path(sys.executable).parent
# What Debian and Docker give every process; nothing of the machine's own settings.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "PYTHONPATH")


DAEMONS = """{ instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } } }"""

# Processes of the suite have neighbouring numbers; whose port somebody else takes before it is used talks to strangers.
_numbers = count(97 * os.getpid())


def free_port() -> int:
    """For a process that is told its port: none that the system gives away by itself meanwhile, as it does from 32768
    on, and another one each time.
    """
    for number in _numbers:
        with suppress(OSError), socket.create_server(("127.0.0.1", 20_000 + number % 12_000)) as free:
            return int(free.getsockname()[1])
    raise AssertionError


def image_command() -> list[str]:
    """What a container of the image runs when it is told nothing else."""
    found = re.search(r"^CMD (\[.*\])$", (POSTGRES / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found is not None
    command: list[str] = json.loads(found[1])
    return command


@dataclass
class Machine:
    """Where the services run: ``folder`` holds what the volumes would, ``database_url`` is of PostgreSQL."""

    folder: Path
    database_url: str
    variables: Mapping[str, str]
    code_port: str = field(default_factory=lambda: str(free_port()))
    ui_port: str = field(default_factory=lambda: str(free_port()))
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dagster_home.mkdir()
        shutil.copy(POSTGRES / "dagster.yaml", self.dagster_home)
        workspace = (POSTGRES / "workspace.yaml").read_text(encoding="utf-8")
        here = workspace.replace("host: code-location", "host: 127.0.0.1").replace("4000", self.code_port)
        (self.dagster_home / "workspace.yaml").write_text(here, encoding="utf-8")

    @property
    def dagster_home(self) -> Path:
        return self.folder / "dagster"

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service; those that would come from ``.env`` only where compose.yaml says so."""
        databases = dict.fromkeys(SERVICES[name]["environment"], self.database_url)
        image = {
            "DAGSTER_HOME": str(self.dagster_home),
            "VIRAL_ASSETS_HOME": str(self.folder),
            "VIRAL_ASSETS_PROJECTS_DIR": str(ROOT / "projects"),
        }
        inherited = {variable: os.environ[variable] for variable in INHERITED if variable in os.environ}
        inherited["PATH"] = f"{BIN}{os.pathsep}{inherited.get('PATH', '')}"
        return {**inherited, **image, **(self.variables if "env_file" in SERVICES[name] else {}), **databases}

    def command(self, name: str) -> list[str]:
        return self._here(SERVICES[name].get("command", image_command()))

    def migrate(self) -> str:
        """The service that ends by itself; what it printed."""
        name = "migrate"
        return subprocess.run(
            self.command(name),
            env=self.environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout

    def start(self, name: str) -> None:
        """A service that goes on; what it says is in a file of its name."""
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                self.command(name),
                env=self.environment(name),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_healthy(self, name: str) -> None:
        """Ask its health check until it is content; first when it may be, as each check is a start of Dagster."""
        until(lambda: self._may_be_healthy(name), f"{name} to be there", meanwhile=lambda: self._runs(name))
        check = self._here(SERVICES[name]["healthcheck"]["test"][1:])

        def is_content() -> bool:
            asked = subprocess.run(check, env=self.environment(name), capture_output=True, text=True, timeout=PATIENCE)
            if asked.returncode:
                raise NotYetError(f"{asked.stderr} {self.log(name).read_text()}")
            return True

        until(is_content, f"{name} to be healthy", every=0.5, meanwhile=lambda: self._runs(name))

    def _runs(self, name: str) -> bool:
        return self.running[name].poll() is None

    def _may_be_healthy(self, name: str) -> bool:
        if name == "daemon":
            statuses = self.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
            return all(daemon["healthy"] for daemon in statuses if daemon["required"])
        port = {"code-location": self.code_port, "webserver": self.ui_port}[name]
        with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE):
            return True
        return False

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the webserver answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(
            f"http://127.0.0.1:{self.ui_port}/graphql", data=body, headers={"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=PATIENCE) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
        return data

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        """End everything, as `docker compose down` does: last what others need."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _here(self, command: list[str]) -> list[str]:
        """In one pass, since a port of ours may hold one of theirs."""
        here = {
            "4000": self.code_port,
            "3000": self.ui_port,
            "0.0.0.0": "127.0.0.1",
            "/dagster/workspace.yaml": str(self.dagster_home / "workspace.yaml"),
        }
        theirs = re.compile("|".join(map(re.escape, here)))
        return [theirs.sub(lambda found: here[found[0]], argument) for argument in command]
