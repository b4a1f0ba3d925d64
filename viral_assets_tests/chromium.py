"""The system's Chromium, for tests that look at real pages. Where there is none they are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there is taken. The shell shows pages as the others do, without the rest of a browser around them:
a test costs from a half to three quarters of the computing time."""

ARGUMENTS = ("--no-sandbox", "--in-process-gpu", "--disable-gpu", "--disable-software-rasterizer")
"""Root, as in containers, has no sandbox; the only pages opened are our own. What is drawn is drawn by the processor: a
process of its own for that has every frame handed over once more, and a graphics card in software is one more way."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it and end it. While it runs, ``asyncio.run`` does not work in the same thread."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    path = os.environ.get("VIRAL_ASSETS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        pytest.skip(
            "no Chromium on this machine (Debian: apt install chromium-headless-shell, or chromium; or name it in "
            "VIRAL_ASSETS_CHROMIUM)"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()
