"""Waiting for a server that a test has started."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
import urllib.request

from viral_assets_tests.waiting import PATIENCE, NotYetError, until


def answers(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for an answer of success, then end the process and what it has started."""

    def look() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError) as error:
            raise NotYetError(str(error)) from None

    try:
        until(look, "an answer", meanwhile=lambda: process.poll() is None)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
