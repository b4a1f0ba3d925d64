"""No statement of a run reads a table's whole history: the plans of SQLite, which has no statistics to go by, for all
that a run and a digest ask.
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

from viral_assets.hours import HOUR, HourRange
from viral_assets.queries.digest import digest_rows
from viral_assets.store.notifications import channel_standings
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of
from viral_assets_tests.notifications.news import put, tell, view
from viral_assets_tests.wire import Wire, reply

HISTORY = (
    *("tweets", "tweet_scores", "tweet_snapshots", "tweet_projects", "comment_opportunities", "selection_counts"),
    *("comment_suggestions", "suggestion_events", "generation_outcomes", "generation_claims", "llm_requests"),
    *("embeddings", "notifications"),
)
"""Tables that grow with every hour."""

IN_FULL = re.compile(rf"^SCAN (?:{'|'.join(HISTORY)})\b(?! VIRTUAL)")
ALL_OF_A_PROJECT = re.compile(rf"^SEARCH (?:{'|'.join(HISTORY)}) (?!.*ix_llm_requests_unparsed).*\(project=\?\)")
"""But for an index of what waits, and no more."""

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

    found = plans(asked, Path(str(home.database.url.database)))

    assert len(found) > 60
    for statement, plan in found.items():
        wrong = [step for step in plan if IN_FULL.search(step) or ALL_OF_A_PROJECT.search(step)]
        assert not wrong, f"{wrong}\n{statement}"


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
