"""A home as an operator has it, small: a project, an inbox, a database and a Dagster instance, for tests of the shell.

Everything is real but the language model: without a key the offline provider writes.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa

from viral_assets.defs.automation.launch import materialize_windows
from viral_assets.defs.automation.run_summary import RunSummary
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.engine import Database
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import metadata
from viral_assets_tests.tables import make_tables

FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""The first hour of the tests' tweets."""

BAKING = """
name: baking
title: Home bakers
taxonomy:
  - label: bread
    description: Baking bread at home, sourdough starters, kneading, crust and crumb.
    exemplars: [My sourdough starter will not rise and I do not know why]
  - label: cakes
    description: Cakes, frosting, sponge and birthday baking.
voice:
  persona: A patient home baker
minima: {followers: 100}
thresholds: {yellow: 0.2, green: 0.5}
"""

GARDEN = """
name: garden
taxonomy:
  - label: tomatoes
    description: Growing tomatoes on a balcony, watering, pruning and harvest.
voice:
  persona: A balcony gardener
minima: {followers: 100}
thresholds: {yellow: 0.2, green: 0.5}
"""

BREAD_TWEETS = (
    "How long do you let a sourdough loaf rest before you cut the crust?",
    "My bread came out flat again and I kneaded it for ten minutes, any idea why?",
    "Does anybody bake bread with rye flour only? The crumb turns out like a brick",
    "Baked my first baguette at home today and the crust sings when it cools",
    "What flour do you feed a sourdough starter that has been in the fridge for weeks?",
    "Bread baking question: steam in the oven or a lid on the pot, what gives more crust?",
    "Sourdough people, how do you know that the dough has risen long enough overnight?",
    "A loaf of bread costs six dollars now so I bought a bag of yeast and started kneading",
)


def tweet(number: int, hour: datetime, text: str, *, likes: int = 400, followers: int = 5000) -> dict[str, Any]:
    """A tweet of the X API v2, posted ``number`` minutes into the hour, by an author of its own."""
    posted = hour + timedelta(minutes=number % 60, seconds=number // 60)
    return {
        "id": str(((int(posted.timestamp() * 1000) - 1_288_834_974_657) << 22) + number),
        "text": text,
        "created_at": posted.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lang": "en",
        "public_metrics": {"like_count": likes, "reply_count": 5, "retweet_count": 9, "quote_count": 0},
        "author": {
            "id": f"{hour:%m%d%H}{1000 + number}",
            "username": f"home_baker_of_town_{hour:%m%d%H}_{number}",
            "public_metrics": {"followers_count": followers},
        },
    }


def tweets_of(hour: datetime, count: int = 4) -> list[dict[str, Any]]:
    """Tweets about bread; the same hour gives the same ones, different hours different texts."""
    offset = hour.hour * 3
    return [
        tweet(number, hour, f"{BREAD_TWEETS[(offset + number) % len(BREAD_TWEETS)]} ({hour:%A} {hour.hour}.{number})")
        for number in range(count)
    ]


@dataclass
class Home:
    """``instance`` records the runs; hours are those of the tests unless said otherwise."""

    folder: Path
    instance: dg.DagsterInstance
    database: Database
    summaries: list[RunSummary] = field(default_factory=list)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    def drop(self, name: str, tweets: Sequence[Mapping[str, Any]]) -> Path:
        """Put a file with these tweets into the inbox."""
        self.inbox.mkdir(exist_ok=True)
        path = self.inbox / name
        path.write_text(json.dumps({"data": list(tweets)}), encoding="utf-8")
        return path

    def run(self, hours: int = 1, *, start: datetime = FIRST, **options: Any) -> RunSummary:
        """Materialize hours in one run and return how it ended."""
        window = HourRange(start, start + hours * HOUR)
        summaries = materialize_windows(self.instance, window, options=RunOptions(**options))
        assert len(summaries) == 1
        return summaries[0]

    def rows(self, table: str, order_by: str = "window_start") -> pd.DataFrame:
        """Everything in a table."""
        with self.database.read() as connection:
            found = metadata.tables[table]
            return read_frame(connection, sa.select(found).order_by(found.c[order_by]))

    @contextmanager
    def pointed_at(self) -> Iterator[Home]:
        """The environment points at it meanwhile, whatever other home has been made since."""
        with pytest.MonkeyPatch.context() as environment:
            _point_at(self.folder, environment)
            yield self

    @contextmanager
    def undone_afterwards(self) -> Iterator[Home]:
        """What happens to the tables meanwhile is undone at the end; what Dagster has recorded stays."""
        path = str(self.database.url.database)
        with (
            self.pointed_at(),
            closing(sqlite3.connect(":memory:")) as before,
            closing(sqlite3.connect(path)) as tables,
        ):
            tables.backup(before)
            yield self
            before.backup(tables)

    @contextmanager
    def copied_to(self, folder: Path) -> Iterator[Home]:
        """A home in an empty folder with the same files and tables; its Dagster has recorded nothing yet."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("viral_assets.db*"))
        with (
            closing(sqlite3.connect(str(self.database.url.database))) as tables,
            closing(sqlite3.connect(folder / "viral_assets.db")) as copy,
        ):
            tables.backup(copy)
        with _opened(folder) as home:
            yield home

    def execute(self, statement: sa.Executable) -> None:
        """What somebody may do to the tables by hand."""
        with self.database.begin() as connection:
            connection.execute(statement)

    def materializations(self, asset: str) -> dict[str, dg.AssetMaterialization]:
        """The latest materialization of each hour, by partition key."""
        key = dg.AssetKey(asset)
        found: dict[str, dg.AssetMaterialization] = {}
        for record in self.instance.fetch_materializations(key, limit=1000, ascending=True).records:
            event = record.asset_materialization
            if event is not None:
                found[event.partition or ""] = event
        return found

    def shown(self, asset: str, hour: datetime) -> dict[str, Any]:
        """What the UI shows of an asset's hour: the values of its latest metadata."""
        materialization = self.materializations(asset)[hour_key(hour)]
        return {name: value.value for name, value in materialization.metadata.items()}

    def evaluations(self, run_id: str) -> list[dg.AssetCheckEvaluation]:
        """The check evaluations of a run, in their order."""
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        return [
            entry.get_dagster_event().asset_check_evaluation_data
            for entry in self.instance.all_logs(run_id, of_type=kind)
        ]


@contextmanager
def make_home(folder: Path, *, projects: Mapping[str, str] | None = None) -> Iterator[Home]:
    """A home in ``folder``, with the environment pointing at it."""
    (folder / "projects").mkdir()
    for name, content in (projects or {"baking": BAKING}).items():
        (folder / "projects" / f"{name}.yml").write_text(content, encoding="utf-8")
    make_tables(folder / "viral_assets.db")
    with _opened(folder) as home:
        yield home


@contextmanager
def _opened(folder: Path) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        _point_at(folder, environment)
        database = Database(f"sqlite:///{folder / 'viral_assets.db'}")
        yield Home(folder, instance, database)
        database.dispose()


def _point_at(folder: Path, environment: pytest.MonkeyPatch) -> None:
    clean_environment(environment)
    environment.setenv("VIRAL_ASSETS_HOME", str(folder))
    environment.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(folder / "projects"))
    environment.setenv("VIRAL_ASSETS_START", hour_key(FIRST))


def clean_environment(environment: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings."""
    import os

    for name in os.environ:
        if name.startswith(
            ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_API_KEY", "OPENAI_", "X_BEARER_", "X_API_", "APIFY_", "DAGSTER_HOME")
        ):
            environment.delenv(name)
