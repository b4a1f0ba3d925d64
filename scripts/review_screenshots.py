"""Make the pictures of the review page and of the page of numbers, in a real browser, from a demo home of their own.

A few people have decided about some of the sample's suggestions by then, so that there is something to see. It needs
Playwright (``pip install -e '.[dev]'``) and a Chromium (Debian: ``apt install chromium``).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

# Beside this file.
from demo_home import browser, environment, fill, options

if TYPE_CHECKING:
    from playwright.sync_api import Page

OWN_WORDS = "The kettle is the best part. It says: nothing is wrong, and we have time. Ours kept it on the landing."
PEOPLE = ("Mara", "Tom", "Zoë")
REASONS = ("too generic", "tone", "off topic", "too salesy", "")

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a home with the demo, let people decide, serve the page, and take the pictures."""
    given = options(arguments, __doc__)
    with tempfile.TemporaryDirectory(prefix="viral_assets_") as thrown_away:
        home = (given.home or Path(thrown_away) / "home").resolve()
        fill(home)
        decide(home)
        with review_page(home) as url, browser(given.chromium) as page:
            for name in take(page, url, given.out):
                print(f"{name}: {name.stat().st_size / 1000:,.0f} kB")


def decide(home: Path) -> None:
    """Let people go through the worse half of the list, so that the best of it is still to be decided."""
    from viral_assets.queries.filters import Filters
    from viral_assets.queries.pages import read_page
    from viral_assets.store import decisions
    from viral_assets.store.engine import Database
    from viral_assets.store.suggestion_keys import SuggestionKey

    choose = random.Random(5)
    os.environ["VIRAL_ASSETS_HOME"] = str(home)
    from viral_assets.settings import load_settings

    database = Database(load_settings().resolved_database_url)
    now = datetime.now(UTC)
    try:
        with database.begin() as connection:
            rows = read_page(connection, Filters(), now=now, size=200).rows
            for row in (row for row in rows[3:] if choose.random() < 0.6):
                who, at = choose.choice(PEOPLE), now - timedelta(minutes=choose.randrange(5, 300))
                best, *others = row.suggestions
                if choose.random() < 0.2 + 0.5 * row.total:
                    actions = [(best, "approve"), (best, "post")][: choose.choice((1, 2, 2))]
                else:
                    actions = [(each, "reject") for each in (best, *others)]
                versions = {each.type_name: each.version for each in row.suggestions}
                for each, action in actions:
                    key = SuggestionKey(row.project, row.tweet_id, each.type_name)
                    reason = choose.choice(REASONS) if action == "reject" else ""
                    version = versions[each.type_name]
                    done = decisions.decide(connection, key, action, who=who, at=at, version=version, reason=reason)
                    versions[each.type_name] = done.version
    finally:
        database.dispose()


@contextmanager
def review_page(home: Path, **more: str) -> Iterator[str]:
    """``viral-assets review`` on a home, with ``more`` in its environment. Yields its address."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "viral_assets.cli", "review"),
            *("--no-open", "--json", "--port", "0", "--who", PEOPLE[0]),
        ],
        env=environment(home) | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"].rstrip("/")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def take(page: Page, url: str, out: Path) -> Iterator[Path]:
    """The pictures, one after the other."""

    def show(path: str, *, scheme: str = "light", size: dict[str, int] = DESKTOP) -> None:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(url + path)
        page.locator("main").wait_for()

    def picture(name: str) -> Path:
        file = out / f"{name}.png"
        page.screenshot(path=file)
        return file

    show("/")
    page.keyboard.press("j")
    page.locator(".card.current").wait_for()
    yield picture("review")

    # In the middle of the work: something approved, something being put into somebody's own words.
    show("/?status=all", scheme="dark")
    card = page.locator("[data-opportunity]").first
    card.get_by_role("button", name="Approve").first.click()
    card.locator("[data-status=approved]").wait_for()
    written = card.locator("[data-suggestion]").nth(1)
    written.get_by_text("Edit", exact=True).click()
    written.locator("textarea[name=text]").fill(OWN_WORDS)
    yield picture("review-dark")

    show("/?label=green", size=PHONE)
    yield picture("review-phone")

    show("/numbers?days=7", size={"width": 1280, "height": 1100})
    page.locator("svg[role=img]").first.wait_for()
    yield picture("numbers")


if __name__ == "__main__":
    main()
