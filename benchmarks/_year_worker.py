"""Builds a store, or measures what is done with one: a JSON object in, one out, with whichever build is on the path.

What is measured is done for new hours after the end of the store's history, each with tweets of its own, so that every
repetition finds the same. A figure is the least of some: what other programs do meanwhile only adds to it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from _synthetic import tweets, write_pages
from _year_store import END, KEY, PROJECT, fill, sizes

HOUR = timedelta(hours=1)
REPEATED = 4
"""Of which the first one imports what it needs, and does not count."""

Work = Callable[[int], object]


class Store:
    """A home with its database, and the new hours that come in.

    Args:
        tweets_per_hour: of the new hours.
    """

    def __init__(self, home: Path, tweets_per_hour: int) -> None:
        from viral_assets.projects.loader import load_projects
        from viral_assets.settings import load_settings
        from viral_assets.store.engine import Database

        self.settings = load_settings()
        self.database = Database(self.settings.resolved_database_url)
        self.home = home
        self._projects = load_projects(self.settings.projects_dir)
        self.project = self._projects[PROJECT]
        self._count = tweets_per_hour
        self._app: Any = None

    def file(self, number: int) -> Path:
        """The tweets of a new hour."""
        path = self.home / "files" / f"{number}.jsonl"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            told = [text for node in self.project.taxonomy for text in node.exemplars]
            start = END + number * HOUR
            some = tweets(self._count, 100 + number, start=start, hours=1, told=told)
            write_pages(path, some, retrieved_at=start + HOUR)
        return path

    def ingest(self, number: int) -> object:
        from viral_assets.sources.files.ingest import IngestOptions, ingest_file

        report = ingest_file(self.database, self.file(number), IngestOptions(END + 48 * HOUR))
        if report.new != self._count:
            raise SystemExit(f"{report.new} of {self._count} tweets were new: {report.problem}")
        return report

    def run_hour(self, number: int) -> object:
        import dagster as dg

        from viral_assets.defs.automation.launch import materialize_windows
        from viral_assets.hours import HourRange

        start = END + number * HOUR
        with dg.DagsterInstance.ephemeral() as instance:
            (summary,) = materialize_windows(instance, HourRange(start, start + HOUR))
        return summary

    def embedder(self) -> Any:
        from viral_assets.embedding import build_embedder
        from viral_assets.embedding.cache import CachedEmbedder

        return CachedEmbedder(build_embedder("wordllama"), self.database)

    def near_duplicates(self, _number: int) -> object:
        """What was chosen in the days before, with its vectors."""
        from viral_assets.choosing.hours import earlier_opportunities

        return earlier_opportunities(self.database, PROJECT, END, timedelta(days=7), self._embedder())

    def _embedder(self) -> Any:
        if not hasattr(self, "_made"):
            self._made = self.embedder()
        return self._made

    def digest(self, number: int) -> object:
        from viral_assets.hours import HourRange
        from viral_assets.queries.digest import digest_rows, window_facts

        start = END + number * HOUR
        with self.database.read() as connection:
            rows = digest_rows(connection, HourRange(start, start + HOUR), PROJECT)
            return rows, window_facts(connection, HourRange(start, start + HOUR), PROJECT)

    def why(self, number: int) -> object:
        from viral_assets.embedding.stored import stored_vectors
        from viral_assets.queries.why import why

        identity = json.loads(self.file(number).read_text("utf-8").splitlines()[0])["data"][0]["id"]
        with self.database.read() as connection:
            answer = why(connection, identity, self._projects, lambda _: stored_vectors("wordllama", None))
        if answer.tweet is None:
            raise SystemExit("the tweet is not there")
        return answer

    def export(self, number: int) -> object:
        from viral_assets.delivery.export_run import export_suggestions
        from viral_assets.hours import HourRange

        start = END + number * HOUR
        out, now = self.home / "export.csv", END + 48 * HOUR
        return export_suggestions(
            self.database, out, "csv", now=now, project=PROJECT, window=HourRange(start, start + HOUR)
        )

    def grant(self, _number: int) -> object:
        from viral_assets.quota import Limits
        from viral_assets.quota.ledger import Granted, GrantRequest, Settlement
        from viral_assets.quota.sql import SqlLedger

        ledger = SqlLedger(self.database, KEY, Limits(1_000_000))
        for _ in range(20):
            ask = GrantRequest(
                uuid.uuid4().hex, "runner", tokens=900, cost_usd=0.0004, project=PROJECT,
                provider="google-genai", model="a-model", tweet_ids=(uuid.uuid4().hex[:19],),
            )  # fmt: skip
            if not isinstance(ledger.ask(ask, remaining=100), Granted):
                raise SystemExit("the quota is used up")
            ledger.settle(ask.request_id, Settlement("answered", input_tokens=880, cost_usd=0.0004, raw_answer="-"))
        return ledger

    def page(self, path: str) -> Work:
        """What the review page sends for an address."""

        def get(_number: int) -> object:
            answer = self._client().get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code}")
            return answer

        return get

    def _client(self) -> Any:
        if self._app is None:
            from starlette.testclient import TestClient

            from viral_assets.embedding.stored import stored_vectors
            from viral_assets.generation.generator import AsyncCommentGenerator
            from viral_assets.web import site as site_module
            from viral_assets.web.access import AccessRules
            from viral_assets.web.app import create_app
            from viral_assets.web.security import HostNames

            # The filters' choices are read once in a while; here each page reads them.
            site_module.CHOICES_SECONDS = -1.0
            site = site_module.Site(
                database=self.database,
                access=AccessRules("somebody", port=8642),
                projects=lambda: self._projects,
                **_background(
                    lambda priority: AsyncCommentGenerator(
                        provider="offline", database=self.database, priority=priority
                    )
                ),
                vectors_of=lambda _: stored_vectors("wordllama", None),
                clock=lambda: END + 24 * HOUR,
            )
            self._app = TestClient(create_app(site, HostNames.of("127.0.0.1", ())), base_url="http://127.0.0.1:8642")
        return self._app

    def works(self) -> dict[str, Work]:
        """By their names, in the order in which they are done."""
        return {
            "ingest": self.ingest,
            "run": self.run_hour,
            "near-duplicates": self.near_duplicates,
            "digest": self.digest,
            "why": self.why,
            "grant": self.grant,
            "page": self.page("/"),
            "search": self.page("/?search=screen+phone"),
            "numbers": self.page("/numbers"),
            "export": self.export,
        }


def _background(writer: Callable[[Any], Any]) -> dict[str, Any]:
    """What the review page writes with in the background, as this build or an earlier one wants it."""
    try:
        from viral_assets.web.jobs import Jobs
    except ImportError:
        from viral_assets.web.regenerate import Regenerator

        return {"regenerator": Regenerator(writer)}
    return {"jobs": Jobs(writer)}


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that go to the tables of the project."""
    asked: list[str] = []

    def note(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if "viral_assets" in str(connection.engine.url) or connection.dialect.name == "postgresql":
            asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def measure(store: Store, names: list[str], first: int) -> dict[str, dict[str, float]]:
    """Seconds of the processor and of the clock, the least of some, and statements, by what was done.

    Args:
        first: number of the first new hour.
    """
    found = {}
    for name, work in store.works().items():
        if name not in names:
            continue
        spent: list[tuple[float, float]] = []
        statements = 0
        for number in range(first, first + REPEATED):
            gc.collect()
            with counted() as asked:
                clock, cpu = time.perf_counter(), time.process_time()
                work(number)
                spent.append((time.process_time() - cpu, time.perf_counter() - clock))
            statements = len(asked)
        cpus, clocks = zip(*spent[1:], strict=True)
        found[name] = {"cpu": min(cpus), "seconds": min(clocks), "queries": statements}
    return found


def prepare(home: Path, hours: int) -> None:
    """The environment of a home; nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith(("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_", "OPENAI_", "X_BEARER_", "DAGSTER_HOME")):
            del os.environ[name]
    os.environ |= {
        "VIRAL_ASSETS_HOME": str(home),
        "VIRAL_ASSETS_PROVIDER": "offline",
        "VIRAL_ASSETS_EMBEDDER": "wordllama",
        "VIRAL_ASSETS_START": f"{END - hours * HOUR:%Y-%m-%d-%H:%M}",
    }


def main() -> None:
    given = json.load(sys.stdin)
    home = Path(given["home"])
    home.mkdir(parents=True, exist_ok=True)
    prepare(home, given["hours"])
    if given.get("url"):
        os.environ["VIRAL_ASSETS_DATABASE_URL"] = given["url"]
    store = Store(home, given["tweets_per_hour"])
    if given["do"] == "build":
        began = time.perf_counter()
        store.database.upgrade()
        fill(store.database, given["tweets"], given["hours"], store.embedder().model)
        print(json.dumps({"seconds": time.perf_counter() - began, "rows": dict(sizes(store.database))}))
    else:
        print(json.dumps(measure(store, given["names"], given["first"])))


if __name__ == "__main__":
    main()
