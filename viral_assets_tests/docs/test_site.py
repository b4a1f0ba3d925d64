"""The site can be made, without the network and without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root
from viral_assets_tests.waiting import PATIENCE

# Whatever wants to go out meets a proxy that nobody listens at.
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


@pytest.mark.slow
def test_the_site_is_made_without_a_warning_and_without_the_network(tmp_path: Path) -> None:
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    folders = ["--doctree-dir", str(tmp_path / "doctrees"), str(checkout_root() / "docs"), str(tmp_path / "site")]
    ended = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, *folders],
        env={**os.environ, **NOWHERE},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "site" / "architecture.html").read_text(encoding="utf-8")
    assert "mermaid" in page
    assert 'id="glossary"' in page
