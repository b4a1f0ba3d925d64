"""``dg``, Dagster's newer command line, in the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root

pytestmark = pytest.mark.slow


def dg(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody in the checkout calls it, with data elsewhere."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("VIRAL_ASSETS_", "GEMINI_"))},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(Path(sys.executable).parent.parent),
        "VIRAL_ASSETS_HOME": str(home),
        "DAGSTER_HOME": str(home),
    }
    program = Path(sys.executable).with_name("dg")
    return subprocess.run([program, *arguments], cwd=checkout_root(), env=environment, capture_output=True, text=True)


def test_it_lists_checks_and_launches_what_dagster_is_told(tmp_path: Path) -> None:
    listed = dg(tmp_path, "list", "defs", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "comment_suggestions" in json.dumps(json.loads(listed.stdout[listed.stdout.index("{") :]))
    checked = dg(tmp_path, "check", "defs")
    assert checked.returncode == 0, checked.stderr
    launched = dg(tmp_path, "launch", "--assets", "topic_embeddings")
    assert launched.returncode == 0, launched.stderr
