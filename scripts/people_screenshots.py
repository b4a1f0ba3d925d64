"""Make the pictures of several people on the review page: signing in, what is left to one, a second approval.

Like ``review_screenshots.py``, and from a demo home of their own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

# Beside this file.
from demo_home import ROOT, browser, fill, options
from review_screenshots import DESKTOP, PEOPLE, review_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROJECT = "demo"
MARA, TOM, ZOE = PEOPLE
NARROW = {"width": 480, "height": 430}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a home with the demo, have a team begin with it, serve the page to them, and take the pictures."""
    given = options(arguments, __doc__)
    with tempfile.TemporaryDirectory(prefix="viral_assets_") as thrown_away:
        home = (given.home or Path(thrown_away) / "home").resolve()
        fill(home)
        token = begin(home)
        projects = str(asking_for_two(Path(thrown_away) / "projects"))
        with review_page(home, VIRAL_ASSETS_PROJECTS_DIR=projects) as url, browser(given.chromium) as page:
            for name in take(page, url, given.out, token):
                print(f"{name}: {name.stat().st_size / 1000:,.0f} kB")


def asking_for_two(folder: Path) -> Path:
    """The demo's project, where a reply to a sensitive tweet takes the approval of two people."""
    folder.mkdir()
    written = (ROOT / "projects" / f"{PROJECT}.yml").read_text(encoding="utf-8")
    asking = written.replace("second_approval: none", "second_approval: flagged")
    assert asking != written
    (folder / f"{PROJECT}.yml").write_text(asking, encoding="utf-8")
    return folder


def begin(home: Path) -> str:
    """A team: a sensitive tweet and the best one are left to the second of them. Returns that person's token."""
    from viral_assets.queries.filters import Filters
    from viral_assets.queries.pages import read_page
    from viral_assets.settings import load_settings
    from viral_assets.store.decisions import decide
    from viral_assets.store.engine import Database
    from viral_assets.store.people import add_person
    from viral_assets.store.people_tokens import make_token
    from viral_assets.store.second_approval import SecondApproval
    from viral_assets.store.suggestion_keys import SuggestionKey
    from viral_assets.store.teamwork import assign, note_card_seen

    os.environ["VIRAL_ASSETS_HOME"] = str(home)
    database = Database(load_settings().resolved_database_url)
    now = datetime.now(UTC)
    try:
        with database.begin() as connection:
            for name in PEOPLE:
                add_person(connection, name, now)
            rows = read_page(connection, Filters(), now=now, size=200).rows
            sensitive = next(row for row in rows if any(flag.category == "illness" for flag in row.flags))
            best = sensitive.suggestions[0]
            decide(
                connection,
                SuggestionKey(PROJECT, sensitive.tweet_id, best.type_name),
                "approve",
                who=MARA,
                at=now - timedelta(minutes=14),
                version=best.version,
                second=SecondApproval(frozenset({PROJECT})),
            )
            for row in (sensitive, rows[0]):
                assign(connection, PROJECT, row.tweet_id, TOM, by=MARA, at=now - timedelta(minutes=12))
                note_card_seen(connection, PROJECT, row.tweet_id, ZOE, now - timedelta(minutes=5))
            return make_token(connection, TOM, now)[1]
    finally:
        database.dispose()


def take(page: Page, url: str, out: Path, token: str) -> Iterator[Path]:
    """The pictures, one after the other."""

    def picture(name: str) -> Path:
        file = out / f"{name}.png"
        page.screenshot(path=file)
        return file

    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto(url)
    page.get_by_label("Your token").fill(token)
    yield picture("sign-in")

    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.get_by_role("button", name="Come in").click()
    page.goto(f"{url}/?assigned=mine&sort=age")
    page.locator("[data-assigned]").first.wait_for()
    yield picture("several-people")


if __name__ == "__main__":
    main()
