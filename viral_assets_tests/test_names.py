"""Names of tests: each process that a test starts has the name in its environment."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("text", ["x" * 1_000_000, "é" * 100_000, b"\0" * 200_000])
def test_a_test_about_a_long_text_can_start_a_process(text: str | bytes, request: pytest.FixtureRequest) -> None:
    assert len(request.node.nodeid) < 1_000
    subprocess.run([sys.executable, "-c", ""], check=True)
