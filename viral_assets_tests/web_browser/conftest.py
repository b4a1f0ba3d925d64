"""A server of the review page on a database of its own, filled with the bundled sample, and people with browsers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
import uvicorn

from viral_assets.embedding.stored import stored_vectors
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.learning.project_file import ProjectFolder
from viral_assets.projects.loader import Projects, load_projects
from viral_assets.queries.filters import Filters
from viral_assets.queries.pages import read_page
from viral_assets.quota import Limits
from viral_assets.settings import checkout_root
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, comment_suggestions, suggestion_events
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Jobs
from viral_assets.web.security import HostNames
from viral_assets.web.server import listen
from viral_assets.web.site import Site
from viral_assets_tests.chromium import chromium as started_chromium
from viral_assets_tests.web_browser.sample import fill
from viral_assets_tests.web_browser.visitor import PATIENCE, Visit, Visitor, options

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOW = datetime.fromisoformat("2026-11-21T20:30:00+00:00")


@pytest.fixture(scope="session")
def filled_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, made once."""
    folder = tmp_path_factory.mktemp("review")
    database = Database(f"sqlite:///{folder / 'filled.db'}")
    database.upgrade()
    # In a thread, because a browser may be running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(fill, database, NOW, folder).result()
    database.dispose()
    return folder / "filled.db"


@pytest.fixture(scope="session")
def short_sqlite_file(filled_sqlite_file: Path) -> Path:
    """The sample with no more opportunities than most tests need: a page full of them takes a browser a second."""
    path = filled_sqlite_file.with_name("short.db")
    shutil.copy(filled_sqlite_file, path)
    database = Database(f"sqlite:///{path}")
    with database.begin() as connection:
        kept = {row.tweet_id for asked, most in FEW for row in read_page(connection, asked, now=NOW).rows[:most]}
        connection.execute(sa.delete(comment_opportunities).where(comment_opportunities.c.tweet_id.not_in(kept)))
    database.dispose()
    return path


FEW = (
    (Filters(), 1),
    (Filters(topic="digital detox", label="green"), 4),
    (Filters(topic="digital detox", label="yellow"), 2),
    (Filters(search="bedroom"), 2),
)

WHOLE_SAMPLE = pytest.mark.parametrize("database", ["filled_sqlite_file"], indirect=True)
"""For tests that need a list of several pages."""


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A few tweets of the sample, or all, of this test alone."""
    path = tmp_path / "viral_assets.db"
    shutil.copy(request.getfixturevalue(getattr(request, "param", "short_sqlite_file")), path)
    made = Database(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture
def serve(database: Database) -> Iterator[Callable[..., str]]:
    """Servers on the database, each in a thread; called with what reads the projects and what ``Access`` takes, gives
    an address."""
    with ExitStack() as stack:

        def start(who: str = "mara", *, projects: Callable[[], Projects] = demo_projects, **access: Any) -> str:
            return stack.enter_context(serving(database, who, projects, **access))

        yield start


@pytest.fixture
def home(serve: Callable[..., str]) -> str:
    """The address of a server."""
    return serve()


def demo_projects() -> Projects:
    """Those of the checkout."""
    return load_projects(checkout_root() / "projects")


@contextmanager
def serving(
    database: Database, who: str, projects: Callable[[], Projects] = demo_projects, **access: Any
) -> Iterator[str]:
    """A server as the command starts it, but with a clock that stands still and the provider that needs no key."""
    listener = listen("127.0.0.1", 0, more=False)
    port = listener.getsockname()[1]
    site = Site(
        database=database,
        access=AccessRules(who, port=port, **access),
        projects=projects,
        jobs=Jobs(lambda priority: AsyncCommentGenerator(provider="offline", database=database, priority=priority)),
        vectors_of=lambda _: stored_vectors("wordllama", None),
        limits=Limits(max_requests=15),
        project_folder=ProjectFolder(checkout_root() / "projects"),
        clock=lambda: NOW,
    )
    app = create_app(site, HostNames.of("127.0.0.1"))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=1))
    # It listens already: what is asked before it is ready waits.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="review page")
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's browser."""
    with started_chromium() as started:
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE)
        yield started


@pytest.fixture
def visit(chromium: Browser, home: str) -> Iterator[Visit]:
    """Browser windows at the server. A test in which a page had an error, or asked something in a dialog, fails."""
    visitors: list[Visitor] = []

    def enter(address: str = "", **changes: Any) -> Visitor:
        visitors.append(Visitor(chromium.new_context(**options(**changes)), address or home))
        return visitors[-1]

    yield enter
    try:
        assert [problem for visitor in visitors for problem in visitor.unforgiven()] == []
    finally:
        for visitor in visitors:
            visitor.context.close()


@pytest.fixture
def mara(visit: Visit) -> Visitor:
    """A person at a desktop."""
    return visit()


@dataclass(frozen=True)
class Kept:
    """What the database holds, looked at without the page."""

    database: Database

    def of(self, tweet_id: str) -> list[tuple[str, str]]:
        """Status and text of each suggestion for a tweet, in their order."""
        table = comment_suggestions.c
        with self.database.read() as connection:
            query = sa.select(table.status, table.text).where(table.tweet_id == tweet_id).order_by(table.position)
            return [(row.status, row.text) for row in connection.execute(query)]

    def statuses(self, tweet_id: str) -> list[str]:
        return [status for status, _ in self.of(tweet_id)]

    def events(self) -> list[tuple[str, str, str]]:
        """Who did what and why, oldest first."""
        table = suggestion_events.c
        with self.database.read() as connection:
            rows = connection.execute(sa.select(table.who, table.action, table.reason).order_by(table.id))
            return [(row.who, row.action, row.reason) for row in rows]

    @property
    def total(self) -> str:
        """How many tweets the list has, as the page says it."""
        with self.database.read() as connection:
            return f"{connection.scalar(sa.select(sa.func.count()).select_from(comment_opportunities)):,}"

    def listed(self, **filters: Any) -> list[str]:
        """The ids of the tweets that a list should begin with."""
        with self.database.read() as connection:
            return [row.tweet_id for row in read_page(connection, Filters(**filters), now=NOW).rows]

    def count(self, **filters: Any) -> int:
        """How many tweets a list should have on all its pages."""
        with self.database.read() as connection:
            return read_page(connection, Filters(**filters), now=NOW).total


@pytest.fixture
def kept(database: Database) -> Kept:
    """What the database holds."""
    return Kept(database)
