"""What the scripts that make pictures of docs/ share: a home with the demo in it, and a browser."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent


def options(arguments: Sequence[str] | None, about: str | None) -> argparse.Namespace:
    """Where pictures go (``out``, made if need be), in which ``home``, and by which ``chromium``."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "images", metavar="FOLDER", help="where to (default: %(default)s)"
    )
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="VIRAL_ASSETS_HOME to keep; a new one is thrown away if not given"
    )
    parser.add_argument(
        "--chromium",
        default=os.environ.get("VIRAL_ASSETS_CHROMIUM") or shutil.which("chromium"),
        metavar="PATH",
        help="the browser (default: %(default)s)",
    )
    given = parser.parse_args(arguments)
    if not given.chromium:
        parser.error("no Chromium on this machine; install one (Debian: apt install chromium) or use --chromium")
    given.out.mkdir(parents=True, exist_ok=True)
    return given


def fill(home: Path) -> Path:
    """Run the demo in a home. Returns the page of its digest."""
    done = subprocess.run(
        [sys.executable, "-m", "viral_assets.cli", "demo", "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Path(json.loads(done.stdout.splitlines()[-1])["html"])


def environment(home: Path) -> dict[str, str]:
    """Of the commands: nothing of the person's own settings, so that pictures are the same for everybody."""
    ours = ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_", "DAGSTER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"VIRAL_ASSETS_HOME": str(home), "VIRAL_ASSETS_PROVIDER": "offline"}


@contextmanager
def browser(path: str) -> Iterator[Page]:
    """A tab of the system's browser. Root, as in containers, has no sandbox; only our own pages are opened."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        # Where it is does not show in the times.
        page = started.new_page(viewport={"width": 1440, "height": 900}, timezone_id="UTC", locale="en-GB")
        page.set_default_timeout(60_000)
        yield page
        started.close()
