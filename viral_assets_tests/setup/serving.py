"""Servers that a test starts, as processes of their own, and what they answer once they are up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viral_assets_tests.waiting import PATIENCE, NotYetError, until


@dataclass(frozen=True)
class Server:
    """Where it is, and its process."""

    address: str
    process: subprocess.Popen[bytes]

    def page(self) -> str:
        """Its first page, once it shows it."""
        return until(lambda: self._answer(None), "a page", meanwhile=self._lives)

    def graphql(self, query: str, key: str) -> dict[str, Any]:
        """What Dagster's webserver answers, once it has something for the key."""

        def answered() -> dict[str, Any] | None:
            found: dict[str, Any] = json.loads(self._answer(json.dumps({"query": query}).encode()))["data"]
            return found if found[key] else None

        return until(answered, key, meanwhile=self._lives)

    def _answer(self, question: bytes | None) -> str:
        path, headers = ("graphql", {"Content-Type": "application/json"}) if question else ("", {})
        try:
            request = urllib.request.Request(f"{self.address}{path}", question, headers)
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                assert response.status == 200
                return str(response.read().decode())
        except (urllib.error.URLError, ConnectionError) as error:
            raise NotYetError(str(error)) from None

    def _lives(self) -> bool:
        return self.process.poll() is None


@contextmanager
def serving(command: list[str], folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    """A command that serves at a port of this machine; at the end it is killed with all that it has started."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield Server(f"http://127.0.0.1:{port}/", process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
