"""No statement of a run, a page, an export or an answer reads a table's whole history: the plans of SQLite, which has
no statistics to go by, for all that they ask.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from viral_assets.delivery.export_run import export_suggestions
from viral_assets.embedding.stored import stored_vectors
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.loader import load_projects
from viral_assets.queries.digest import digest_rows, window_facts
from viral_assets.queries.filters import STANDINGS
from viral_assets.queries.why import why
from viral_assets.store.notifications import channel_standings
from viral_assets.store.tables import tweet_projects, tweets
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Jobs
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of
from viral_assets_tests.notifications.news import put, tell, view
from viral_assets_tests.wire import Wire, reply

DAY = timedelta(days=1)

HISTORY = (
    *("tweets", "tweet_scores", "tweet_snapshots", "tweet_projects", "comment_opportunities", "selection_counts"),
    *("comment_suggestions", "suggestion_events", "generation_outcomes", "generation_claims", "llm_requests"),
    *("embeddings", "notifications"),
)
"""Tables that grow with every hour."""

IN_FULL = re.compile(rf"^SCAN (?:{'|'.join(HISTORY)})\b(?! VIRTUAL)")
ALL_OF_A_PROJECT = re.compile(
    rf"^SEARCH (?:{'|'.join(HISTORY)}) (?!.*(?:ix_llm_requests_unparsed|project_topic)).*\(project=\?\)"
)
"""But for an index of what waits, and no more, and one in which only the next topic is looked up."""

ALL_OF_A_STATUS = re.compile(r"^SEARCH comment_suggestions .*\(status=\?\)")
"""Most suggestions end as posted or rejected, and what waits is as much as nobody decides about."""

Statements = dict[str, Any]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked() -> Iterator[Statements]:
    """Each statement that goes to a SQLite file of ours, and parameters of it."""
    statements: Statements = {}

    def note(
        connection: sa.Connection, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        if str(connection.engine.url).endswith("viral_assets.db"):
            statements.setdefault(statement, parameters[0] if many and parameters else parameters)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def plans(statements: Statements, file: Path) -> dict[str, list[str]]:
    found = {}
    with closing(sqlite3.connect(file)) as database:
        for statement, parameters in statements.items():
            if re.match(r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b", statement):
                rows = database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters or ())
                found[statement] = [row[3] for row in rows]
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path) as made:
        yield made


@pytest.mark.slow
def test_no_statement_of_a_run_reads_all_of_history(home: Home, asked: Statements) -> None:
    for hour in range(3):
        home.drop(f"{hour}.json", tweets_of(FIRST + hour * HOUR))
    home.database.ensure_ready()
    asked.clear()  # migrations read what there is
    home.run(2)
    home.run(1, start=FIRST + 2 * HOUR, projects=["baking"])
    home.run(1, force=True)
    with home.database.read() as connection:
        digest_rows(connection, HourRange(FIRST, FIRST + HOUR), "baking")

    assert len(asked) > 60
    check(asked, home)


def check(asked: Statements, home: Home, by: str = "") -> None:
    for statement, plan in plans(asked, Path(str(home.database.url.database))).items():
        kinds = (IN_FULL, ALL_OF_A_PROJECT, ALL_OF_A_STATUS)
        wrong = [step for step in plan if any(kind.search(step) for kind in kinds)]
        assert not wrong, f"{by} {wrong}\n{statement}"


def test_no_round_of_telling_reads_all_of_history(home: Home, asked: Statements) -> None:
    views = [view(number, at=FIRST + HOUR) for number in range(3)]
    put(home.database, views, ready=FIRST + HOUR)
    asked.clear()
    with Wire() as webhook:
        webhook.first = [reply(503)]
        for minutes in range(0, 10, 2):
            tell(home.database, {"team": f"json://127.0.0.1:{webhook.port}/"}, now=FIRST + HOUR + minutes * MINUTE)
    with home.database.read() as connection:
        channel_standings(connection, FIRST)

    found = plans(asked, Path(str(home.database.url.database)))
    assert any("INSERT INTO notifications" in statement for statement in found)
    for statement, plan in found.items():
        wrong = [step for step in plan if IN_FULL.search(step) or ALL_OF_A_PROJECT.search(step)]
        assert not wrong, f"{wrong}\n{statement}"


@pytest.fixture(scope="module")
def worked_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Three hours, with suggestions of some statuses, and tweets that came for a project."""
    with make_home(tmp_path_factory.mktemp("worked_on")) as made:
        for hour in range(3):
            made.drop(f"{hour}.json", tweets_of(FIRST + hour * HOUR))
        made.run(3)
        made.execute(sa.insert(tweet_projects).from_select(["tweet_id", "project"], HALF))
        yield made


OF_AN_EMPTY_PAGE = ("SELECT EXISTS", "SELECT count(*) AS count_1, sum(CASE WHEN (comment_opportunities.label")

HALF = sa.select(tweets.c.tweet_id, sa.literal("baking")).where(tweets.c.tweet_id.like("%2"))


def open_page(home: Home, address: str) -> None:
    """As the first one that somebody opens after a start."""
    site = Site(
        database=home.database,
        access=AccessRules("mara"),
        projects=lambda: load_projects(home.folder / "projects"),
        jobs=Jobs(lambda priority: AsyncCommentGenerator(provider="offline", priority=priority)),
        vectors_of=lambda _: stored_vectors("wordllama", None),
        clock=lambda: FIRST + 3 * HOUR,
    )
    client = TestClient(create_app(site, HostNames.of("127.0.0.1", ())), base_url="http://127.0.0.1:8642")
    answer = client.get(address)
    site.jobs.close()
    assert answer.status_code == 200, answer.text


ADDRESSES = (
    *("/", "/?search=bread", "/?project=baking", "/?topic=bread&label=green", "/?project=baking&sort=age"),
    *(f"/?status={status}" for status in STANDINGS),
    *("/?search=nowhere&recent=24", "/?project=baking&status=posted", "/numbers", "/numbers?project=baking&days=7"),
    "/left-out?project=baking",
    "/approve-greens",
)


def test_no_statement_of_a_page_reads_all_of_history(worked_on: Home, asked: Statements) -> None:
    for address in ADDRESSES:
        asked.clear()
        open_page(worked_on, address)
        # What an empty page says of older tweets, it has to look for in all of them.
        shown = {statement: given for statement, given in asked.items() if not statement.startswith(OF_AN_EMPTY_PAGE)}
        assert len(shown) >= 3, address
        check(shown, worked_on, by=address)


def test_no_statement_about_a_tweet_or_an_hour_reads_all_of_history(worked_on: Home, asked: Statements) -> None:
    window, projects = HourRange(FIRST, FIRST + HOUR), load_projects(worked_on.folder / "projects")
    tweet_id = worked_on.rows("tweets")["tweet_id"][0]
    asked.clear()
    with worked_on.database.read() as connection:
        assert why(connection, tweet_id, projects, lambda _: stored_vectors("wordllama", None)).tweet
        assert digest_rows(connection, window, "baking")
        assert window_facts(connection, window, "baking").tweets
    for project in ("baking", None):
        out = worked_on.folder / f"{project}.csv"
        report = export_suggestions(
            worked_on.database, out, "csv", now=FIRST + DAY, project=project, window=window, mark=False
        )
        assert report.rows
    check(asked, worked_on)
