"""Waiting for a server that a test has started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

PATIENCE = 300


def answers(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait for an answer of success, then end the process and what it has started."""
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it did not come up"
            try:
                with urllib.request.urlopen(address, timeout=PATIENCE) as response:
                    assert response.status == 200
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
