"""A database and a DAGSTER_HOME of version 1, as it was before the package was laid out anew, opened by this version.

``home_of_1.tar.xz`` was made by ``make_home.sh``: three hours of the bundled sample in two runs (one hour, and a range
of two), with their checks, suggestions, ledger and the decisions of two people.
"""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.defs.assets.partitions import hour_partitions
from viral_assets.defs.automation.launch import CODE_LOCATION, materialize_windows
from viral_assets.defs.build import build_defs
from viral_assets.defs.checks.definitions import asset_checks
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.instance import open_instance
from viral_assets.queries.pages import read_opportunity
from viral_assets.settings import BUNDLED_PROJECTS
from viral_assets.store import audit, decision_undo, migrations
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, llm_requests, metadata
from viral_assets_tests.home import clean_environment

STORED = Path(__file__).with_name("home_of_1.tar.xz")
FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOURS = HourRange(FIRST, FIRST + 3 * HOUR)
KEYS = {hour_key(hour) for hour in HOURS}

BY_HOUR = (
    "tweets",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "suggestion_digest",
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home_of_1")
    with tarfile.open(STORED) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def home(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the home, with the environment pointing at it."""
    folder = tmp_path / "home"
    shutil.copytree(unpacked, folder)
    clean_environment(monkeypatch)
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(folder))
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(BUNDLED_PROJECTS))
    monkeypatch.setenv("VIRAL_ASSETS_START", hour_key(FIRST))
    return folder


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(home / "dagster") as opened:
        yield opened


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{home / 'viral_assets.db'}")
    opened.ensure_ready()
    yield opened
    opened.dispose()


SINCE_THEN = {
    dg.AssetCheckKey(dg.AssetKey("comment_suggestions"), "models_stay"),
    dg.AssetCheckKey(dg.AssetKey("comment_opportunities"), "nobody_pestered"),
}
"""Checks that version 1 did not have."""


def columns_of(folder: Path) -> dict[str, list[str]]:
    """The names of each table's columns."""
    with closing(sqlite3.connect(folder / "viral_assets.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')] for name in names}


def rows_of(folder: Path, columns: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """These columns of these tables."""
    with closing(sqlite3.connect(folder / "viral_assets.db")) as connection:
        return {
            name: sorted(connection.execute(f'SELECT {", ".join(wanted)} FROM "{name}"'))
            for name, wanted in columns.items()
        }


def materialized_times(instance: dg.DagsterInstance, asset: str, hour: datetime) -> int:
    """How often an hour of an asset was materialized."""
    of_hour = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[hour_key(hour)])
    return len(instance.fetch_materializations(of_hour, limit=100).records)


def evaluations(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckEvaluation]:
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    return [entry.get_dagster_event().asset_check_evaluation_data for entry in instance.all_logs(run_id, of_type=kind)]


def test_the_stored_home_is_of_the_version_before(unpacked: Path) -> None:
    before = rows_of(unpacked, columns_of(unpacked))
    assert before[migrations.VERSION_TABLE] == [("0004",)]
    assert "module: viral_assets.instance" in (unpacked / "dagster" / "dagster.yaml").read_text()


def test_its_runs_are_known_with_their_job_and_code_location(instance: dg.DagsterInstance) -> None:
    jobs = {job.name for job in build_defs().resolve_all_job_defs()}
    runs = instance.get_runs()
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 2
    for run in runs:
        assert run.job_name in jobs
        assert run.remote_job_origin is not None
        assert run.remote_job_origin.location_name == CODE_LOCATION
    assert {run.tags.get("dagster/partition") for run in runs} == {hour_key(FIRST), None}
    assert all(instance.all_logs(run.run_id) for run in runs)


def test_its_assets_have_the_keys_of_today_with_their_materialized_hours(instance: dg.DagsterInstance) -> None:
    today = {spec.key for spec in build_defs().resolve_all_asset_specs()}
    assert set(instance.all_asset_keys()) <= today
    for asset in BY_HOUR:
        assert dg.AssetKey(asset) in today
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == KEYS, asset


def test_its_check_results_are_those_of_the_checks_of_today(instance: dg.DagsterInstance) -> None:
    today = {key for checks in asset_checks(hour_partitions(FIRST)) for key in checks.check_keys}
    found = [each for run in instance.get_runs() for each in evaluations(instance, run.run_id)]
    assert {each.asset_check_key for each in found} == today - SINCE_THEN
    for key in today - SINCE_THEN:
        assert {each.partition for each in found if each.asset_check_key == key} - {None} == KEYS
    assert all(each.passed for each in found if each.severity == dg.AssetCheckSeverity.ERROR)


def test_the_tables_are_brought_up_to_date_and_no_row_is_changed(home: Path, unpacked: Path) -> None:
    database = Database(f"sqlite:///{home / 'viral_assets.db'}")
    database.ensure_ready()
    with database.read() as connection:
        assert migrations.current_revision(connection) == migrations.HEAD
    assert set(sa.inspect(database.engine).get_table_names()) == {*metadata.tables, migrations.VERSION_TABLE}
    database.dispose()
    columns = columns_of(unpacked)
    del columns[migrations.VERSION_TABLE]
    before, after = rows_of(unpacked, columns), rows_of(home, columns)
    assert after == before
    assert all(before[name] for name in ("tweets", "comment_suggestions", "llm_requests", "suggestion_events"))


def test_what_people_decided_is_shown_and_can_be_taken_back(database: Database) -> None:
    with database.begin() as connection:
        decided = connection.execute(
            sa.select(comment_suggestions).where(comment_suggestions.c.status != "pending")
        ).all()
        (tweet_id,) = {row.tweet_id for row in decided}
        view = read_opportunity(connection, "demo", tweet_id)
        assert view is not None
        assert [each.status for each in view.suggestions] == ["approved", "edited", "rejected"]
        assert view.suggestions[1].text == "Said in her own words."
        events = audit.history(connection, "demo", tweet_id)
        assert {(event.who, event.action, event.reason) for event in events} == {
            ("mara", "approve", ""),
            ("mara", "edit", ""),
            ("tom", "reject", "too generic"),
        }
        last = audit.last_event_of(connection, "tom")
        assert last is not None
        undone = decision_undo.undo(connection, last.id, who="tom", at=HOURS.end + timedelta(hours=1))
    assert undone.status == "pending"


@pytest.mark.slow
def test_an_hour_that_is_run_again_adds_to_the_same_history(
    instance: dg.DagsterInstance, database: Database, unpacked: Path
) -> None:
    known = rows_of(unpacked, columns_of(unpacked))
    (summary,) = materialize_windows(instance, HourRange(FIRST, FIRST + HOUR), options=RunOptions(projects=["demo"]))
    assert summary.opportunities > 0
    assert (summary.already_done, summary.requests, summary.saved) == (summary.opportunities, 0, 0)
    for asset in BY_HOUR:
        assert materialized_times(instance, asset, FIRST) == 2, asset
        assert materialized_times(instance, asset, FIRST + HOUR) == 1, asset
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == KEYS
    earlier = [run for run in instance.get_runs() if run.run_id not in summary.run_ids]
    assert len(earlier) == 2
    again = {(each.asset_check_key, each.passed) for each in evaluations(instance, summary.run_ids[0])}
    again = {(key, passed) for key, passed in again if key not in SINCE_THEN}
    of_first_hour = next(run for run in earlier if run.tags.get("dagster/partition") == hour_key(FIRST))
    assert again == {(each.asset_check_key, each.passed) for each in evaluations(instance, of_first_hour.run_id)}
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(llm_requests)).scalar_one() == len(
            known["llm_requests"]
        )
        statuses = connection.execute(
            sa.select(comment_suggestions.c.status, sa.func.count().label("many")).group_by(
                comment_suggestions.c.status
            )
        )
        found = {row.status: int(row.many) for row in statuses}
    assert (found["approved"], found["edited"], found["rejected"]) == (1, 1, 1)
    assert sum(found.values()) == len(known["comment_suggestions"])
