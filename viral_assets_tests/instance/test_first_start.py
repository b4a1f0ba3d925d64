"""Several processes start at once where nothing is yet, and some of them are killed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION
from dagster_postgres import DagsterPostgresStorage

from viral_assets.defs.dagster_internals import DagsterSqliteStorage
from viral_assets.errors import ConfigurationError, DatabaseUnavailableError
from viral_assets.instance import Instance, make_ready, open_instance, schema
from viral_assets.instance.postgres import PARTS
from viral_assets.instance.sqlite import FILES
from viral_assets.settings import checkout_root
from viral_assets_tests.forks import forks
from viral_assets_tests.instance.processes import (
    as_a_command_does,
    as_dagster_without_us_does,
    as_webserver_and_daemon_do,
    together,
    until_killed,
)
from viral_assets_tests.statements import statements_sent
from viral_assets_tests.waiting import PATIENCE

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow

Way = Callable[[Path], None]
Tables = dict[str, set[str]]

AT_ONCE = 6


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def schema_of(url: str) -> Tables:
    """Columns, indexes, revision and finished data migrations of a database with Dagster's tables."""
    with engine_of(url).connect() as connection:
        inspector = sa.inspect(connection)
        found = {
            table: {column["name"] for column in inspector.get_columns(table)}
            | {str(index["name"]) for index in inspector.get_indexes(table)}
            for table in inspector.get_table_names()
        }
        found["revisions"] = set(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))
        marks = sa.text("SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL")
        found["marks"] = set(connection.scalars(marks))
    return found


def schema_in(folder: Path) -> dict[str, Tables]:
    return {str(file): schema_of(f"sqlite:///{folder / file}") for file in FILES}


@pytest.fixture(scope="module")
def as_dagster_makes_it(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    """The schema that one process of Dagster leaves."""
    folder = tmp_path_factory.mktemp("dagster")
    DagsterSqliteStorage.from_local(str(folder))
    return schema_in(folder)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with nothing but the ``dagster.yaml`` for one machine."""
    folder = tmp_path / "an empty home"
    folder.mkdir()
    shutil.copy(checkout_root() / "dagster.yaml", folder)
    return folder


@pytest.fixture
def home_on_postgresql(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with the one for PostgreSQL, and an empty database."""
    folder = tmp_path / "on PostgreSQL"
    folder.mkdir()
    shutil.copy(checkout_root() / "deploy" / "postgres" / "dagster.yaml", folder)
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
    return folder


def database() -> dict[str, str]:
    """What a process of the fork server has to be told: it has the environment of its server."""
    return {name: value for name, value in os.environ.items() if name == "DAGSTER_POSTGRES_URL"}


def all_at_once(way: Way, folder: Path) -> None:
    context = forks()
    start = context.Barrier(AT_ONCE)
    processes = [context.Process(target=together, args=(start, way, folder, database())) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * AT_ONCE


def killed_at_every(step: int, way: Way, places: Iterator[Path]) -> Iterator[Path]:
    """Homes in which a process was killed before its first statement, and ``step`` statements later each time."""
    for number, folder in enumerate(places):
        process = forks().Process(target=until_killed, args=(way, folder, 1 + number * step, database()))
        process.start()
        process.join(PATIENCE)
        if process.exitcode == 0:
            assert number > 3, "it was never killed"
            return
        assert process.exitcode == -9
        yield folder


def new_homes(home: Path) -> Iterator[Path]:
    for number in range(10_000):
        folder = home.parent / str(number)
        shutil.copytree(home, folder)
        yield folder


@pytest.mark.parametrize("way", [as_a_command_does, as_webserver_and_daemon_do])
def test_one_start_creates_the_tables_and_the_others_wait(
    home: Path, way: Way, as_dagster_makes_it: dict[str, Tables]
) -> None:
    all_at_once(way, home)
    assert schema_in(home) == as_dagster_makes_it


@pytest.mark.parametrize("way", [as_a_command_does, as_webserver_and_daemon_do])
def test_the_same_in_an_empty_postgresql_database(home_on_postgresql: Path, postgres_url: str, way: Way) -> None:
    all_at_once(way, home_on_postgresql)
    made = schema_of(postgres_url)
    assert len(made["revisions"]) == 1
    assert {table for part in PARTS for table in part.metadata.tables} <= set(made)


def test_postgresql_gets_what_dagster_makes(home_on_postgresql: Path, postgres_url: str) -> None:
    make_ready(home_on_postgresql)
    made = schema_of(postgres_url)
    with engine_of(postgres_url).begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    DagsterPostgresStorage(postgres_url)
    assert schema_of(postgres_url) == made


def test_a_home_with_a_file_of_dagsters_own_defaults_is_safe_for_commands(
    home: Path, as_dagster_makes_it: dict[str, Tables]
) -> None:
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    all_at_once(as_a_command_does, home)
    assert schema_in(home) == as_dagster_makes_it


def test_a_start_that_is_killed_stops_no_later_one(home: Path, as_dagster_makes_it: dict[str, Tables]) -> None:
    for folder in killed_at_every(11, as_a_command_does, new_homes(home)):
        make_ready(folder)
        assert schema_in(folder) == as_dagster_makes_it


def test_a_start_of_dagster_alone_that_was_killed_is_finished(
    home: Path, as_dagster_makes_it: dict[str, Tables]
) -> None:
    for folder in killed_at_every(13, as_dagster_without_us_does, new_homes(home)):
        make_ready(folder)
        found = schema_in(folder)
        # Killed after the last of the tables, Dagster has a file that is whole, and slower for what it did not mark.
        for file, tables in as_dagster_makes_it.items():
            assert found[file] | {"marks": set()} == tables | {"marks": set()}


def test_a_start_that_is_killed_leaves_postgresql_as_it_was(home_on_postgresql: Path, postgres_url: str) -> None:
    def same() -> Iterator[Path]:
        while True:
            yield home_on_postgresql

    for _ in killed_at_every(40, as_a_command_does, same()):
        with engine_of(postgres_url).connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
    assert len(schema_of(postgres_url)["revisions"]) == 1


def broken_by_two_starts(home: Path) -> str:
    """A home as two starts of Dagster leave it: two revisions in each file. Returns the id of a run in there."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run_id = instance.create_run_for_job(_nothing).run_id
    for file in FILES:
        with closing(sqlite3.connect(home / file)) as connection, connection:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION,))
    return run_id


def test_a_home_with_two_revisions_is_mended_and_keeps_its_runs(
    home: Path, as_dagster_makes_it: dict[str, Tables]
) -> None:
    run_id = broken_by_two_starts(home)
    with pytest.raises(Exception, match="more than one head"):
        DagsterSqliteStorage.from_local(str(home))
    make_ready(home)
    assert schema_in(home) == as_dagster_makes_it
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.has_run(run_id)


def test_dagsters_own_processes_mend_it_too(home: Path) -> None:
    run_id = broken_by_two_starts(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance, Instance)
        assert instance.has_run(run_id)


def test_a_postgresql_database_with_two_revisions_is_mended(home_on_postgresql: Path, postgres_url: str) -> None:
    with dg.DagsterInstance.from_config(str(home_on_postgresql)) as instance:
        run_id = instance.create_run_for_job(_nothing).run_id
    whole = schema_of(postgres_url)
    with engine_of(postgres_url).begin() as connection:
        revision = LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION
        connection.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{revision}')"))
        connection.execute(sa.text("DROP TABLE instance_info"))
    make_ready(home_on_postgresql)
    assert schema_of(postgres_url) == whole
    with dg.DagsterInstance.from_config(str(home_on_postgresql)) as instance:
        assert instance.has_run(run_id)


def test_what_cannot_be_mended_is_one_line_with_a_command_that_helps(home: Path) -> None:
    broken_by_two_starts(home)
    with closing(sqlite3.connect(home / "history" / "runs.db")) as connection, connection:
        connection.execute("ALTER TABLE bulk_actions DROP COLUMN body")
    with pytest.raises(ConfigurationError) as caught:
        make_ready(home)
    told = str(caught.value)
    assert "\n" not in told
    assert "column body of bulk_actions is missing" in told
    assert "tweets, suggestions and the ledger are in another file and stay" in told
    command = told[told.index("mkdir") : told.index(" (tweets")]
    subprocess.run(command, shell=True, check=True)
    make_ready(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs() == []
    assert (home / "damaged" / "history" / "runs.db").is_file()


def test_a_damaged_file_is_one_line_with_the_same_advice(home: Path) -> None:
    make_ready(home)
    (home / "schedules" / "schedules.db").write_bytes(b"This is no database. " * 100)
    with pytest.raises(ConfigurationError, match=r"schedules\.db cannot be used \(file is not a database\).* mv "):
        make_ready(home)


def test_an_older_schema_is_left_to_dagster_instance_migrate(home: Path) -> None:
    make_ready(home)
    runs = home / "history" / "runs.db"
    with closing(sqlite3.connect(runs)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION,))
        connection.execute("DROP TABLE instance_info")
    before = schema_of(f"sqlite:///{runs}")
    make_ready(home)
    assert schema_of(f"sqlite:///{runs}") == before


def test_a_schema_that_is_whole_is_not_touched(home: Path) -> None:
    make_ready(home)
    (home / "first_start.lock").unlink()
    before = {file: (home / file).read_bytes() for file in FILES}
    schema._newest.cache_clear()
    make_ready(home)
    assert {file: (home / file).read_bytes() for file in FILES} == before
    assert not (home / "first_start.lock").exists()
    assert schema._newest.cache_info().currsize == 0, "Dagster's scripts were read to learn what nobody asked"


def test_who_opens_an_instance_sees_to_its_tables_once(home: Path) -> None:
    def statements() -> int:
        with statements_sent(sa.Engine) as asked, open_instance(home):
            return len(asked)

    make_ready(home)
    with_our_class = statements()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert with_our_class == statements()


def test_a_server_that_is_down_is_one_line_without_its_password(
    home_on_postgresql: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql+psycopg2://me:geheim@127.0.0.1:1/dagster")
    with pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1:1/dagster of Dagster's runs") as caught:
        make_ready(home_on_postgresql)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@dg.job
def _nothing() -> None:
    """A job without steps."""
