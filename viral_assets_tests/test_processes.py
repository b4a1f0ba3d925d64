"""Whether a process still runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from viral_assets.processes import is_running


def test_a_process_runs_until_it_has_ended() -> None:
    assert is_running(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_running(process.pid)
        process.kill()
        process.wait()
        assert not is_running(process.pid)


def test_a_process_of_somebody_else_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_allowed(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_allowed)
    assert is_running(1)
