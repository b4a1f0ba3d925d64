"""Opening a database: which URLs, what a transaction promises, and what a person reads when it cannot be opened."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError, ViralAssetsError
from viral_assets.store.bulk import serialise_writers
from viral_assets.store.database_url import normalise_url
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_state
from viral_assets_tests.postgres import PostgresServer
from viral_assets_tests.waiting import PATIENCE

SECRET = "s3cr3t-word"


def write(connection: sa.Connection, key: str, blocked_until: float = 0) -> None:
    connection.execute(sa.insert(quota_state).values(quota_key=key, blocked_until=blocked_until, reason=""))


def keys(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(quota_state.c.quota_key).order_by("quota_key")).scalars())


def one_line(caught: pytest.ExceptionInfo[ViralAssetsError]) -> str:
    """The message, which must be one line without the password."""
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message


class TestUrls:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
    def test_postgresql_gets_the_driver_that_is_installed(self, scheme: str) -> None:
        url = normalise_url(f" {scheme}://user:{SECRET}@host:5433/name?sslmode=require\n")

        assert url.drivername == "postgresql+psycopg2"
        assert (url.username, url.password, url.host, url.port, url.database) == ("user", SECRET, "host", 5433, "name")
        assert url.query == {"sslmode": "require"}

    def test_another_driver_named_on_purpose_is_kept(self) -> None:
        assert normalise_url("postgresql+psycopg://host/name").drivername == "postgresql+psycopg"

    def test_a_sqlite_file_becomes_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert normalise_url("sqlite:///folder/file.db").database == str(tmp_path / "folder" / "file.db")

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "nonsense",
            f"user:{SECRET}@host/name",
            f"postgresql://user:{SECRET}@host:{SECRET}/name",
            f"postgresql://user:pass@{SECRET}@host/name",
            f"oracle+nothing://user:{SECRET}@host/name",
            f"mysql://user:{SECRET}@host/name",
            f"postgresql+asyncpg://user:{SECRET}@host/name",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///file:shared?mode=memory&uri=true",
            "sqlite+aiosqlite:///file.db",
        ],
    )
    def test_a_url_that_cannot_work_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Database(url)
        one_line(caught)

    @pytest.mark.parametrize("url", [f"postgresql://u:{SECRET}@h/n", f"postgresql://h/n?user=u&password={SECRET}"])
    def test_what_people_see_hides_the_password(self, url: str) -> None:
        database = Database(url)

        assert SECRET not in database.url_for_people + repr(database)

    def test_a_driver_that_is_not_installed_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match="psycopg is not installed"):
            Database(f"postgresql+psycopg://u:{SECRET}@127.0.0.1/n").ensure_ready()


class TestTransactions:
    def test_opens_nothing_before_it_is_used(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'folder' / 'file.db'}")

        assert not (tmp_path / "folder").exists()
        with database.read() as connection:
            assert keys(connection) == []
        assert (tmp_path / "folder" / "file.db").exists()

    def test_a_write_transaction_is_all_or_nothing(self, database: Database) -> None:
        with database.begin() as connection:
            write(connection, "kept")

        def fail_half_way() -> None:
            with database.begin() as connection:
                write(connection, "lost")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()

        with database.read() as connection:
            assert keys(connection) == ["kept"]

    def test_a_dry_run_sees_what_it_wrote_and_leaves_nothing(self, database: Database) -> None:
        with database.begin(dry_run=True) as connection:
            write(connection, "to see")
            with connection.begin_nested():
                write(connection, "within")
            assert keys(connection) == ["to see", "within"]
        with database.begin() as connection:
            assert keys(connection) == []

    def test_a_read_sees_one_state_however_long_it_takes(self, database: Database) -> None:
        with database.read() as reading:
            assert keys(reading) == []
            with database.begin() as writing:
                write(writing, "later")
            assert keys(reading) == []
        with database.read() as reading:
            assert keys(reading) == ["later"]

    def test_a_read_does_not_wait_for_a_writer(self, database: Database) -> None:
        with database.begin() as writing:
            write(writing, "uncommitted")
            with database.read() as reading:
                assert keys(reading) == []

    def test_a_read_cannot_write(self, database: Database) -> None:
        with pytest.raises((sa.exc.DBAPIError, DatabaseUnavailableError)), database.read() as connection:
            write(connection, "sneaked in")
        with database.begin() as connection:
            write(connection, "written")
        with database.read() as connection:
            assert keys(connection) == ["written"]

    def test_writers_who_decide_from_what_they_read_take_turns(self, database: Database) -> None:
        with database.begin() as connection:
            write(connection, "counter")

        def count_up() -> None:
            for _ in range(10):
                with database.begin() as connection:
                    serialise_writers(connection, quota_state)
                    value = connection.execute(sa.select(quota_state.c.blocked_until)).scalar_one()
                    connection.execute(sa.update(quota_state).values(blocked_until=value + 1))

        run_together(count_up, 4)
        with database.read() as connection:
            assert connection.execute(sa.select(quota_state.c.blocked_until)).scalar_one() == 40

    def test_sqlite_writes_ahead_waits_for_the_disk_and_checks_foreign_keys(self, sqlite_database: Database) -> None:
        with sqlite_database.read() as connection:
            settings = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            }
        assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}

    def test_it_can_be_used_again_after_it_was_disposed_of(self, database: Database) -> None:
        with database.begin() as connection:
            write(connection, "before")
        database.dispose()
        with database.read() as connection:
            assert keys(connection) == ["before"]


class TestTrouble:
    @pytest.mark.parametrize(
        "content", [b"This is a text, not a database. " * 100, b"SQLite format 3\0" + b"\xff" * 8192]
    )
    def test_a_file_that_is_no_database(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "viral_assets.db"
        path.write_bytes(content)

        with pytest.raises(DatabaseUnavailableError, match="move it away or restore a copy") as caught:
            Database(f"sqlite:///{path}").ensure_ready()
        assert str(path) in one_line(caught)
        assert path.read_bytes() == content

    def test_a_file_damaged_while_in_use(self, sqlite_database: Database) -> None:
        sqlite_database.dispose()
        path = Path(str(sqlite_database.url.database))
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))

        with pytest.raises(DatabaseUnavailableError, match="damaged") as caught, sqlite_database.read() as connection:
            keys(connection)
        one_line(caught)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        database = Database(f"sqlite:///{tmp_path / 'file' / 'folder' / 'viral_assets.db'}")

        with pytest.raises(DatabaseUnavailableError, match="choose another place") as caught:
            database.ensure_ready()
        one_line(caught)

    def test_a_file_name_that_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DatabaseUnavailableError, match="check that its folder exists and can be written") as caught:
            Database(f"sqlite:///{tmp_path}").ensure_ready()
        one_line(caught)

    @pytest.mark.parametrize("exists", [False, True])
    def test_a_folder_that_is_not_writable(self, sqlite_database: Database, exists: bool) -> None:
        sqlite_database.dispose()
        # The folders of pytest are closed to others altogether.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "viral_assets.db"
            if exists:
                shutil.copy(str(sqlite_database.url.database), path)
            Path(folder).chmod(0o555)
            message = as_nobody(f"sqlite:///{path}")
            Path(folder).chmod(0o755)
        assert message.startswith("DatabaseUnavailableError")
        assert "can be written" in message
        assert message.count("\n") == 1

    def test_a_file_that_another_process_keeps_locked(self, sqlite_database: Database) -> None:
        impatient = Database(str(sqlite_database.url), lock_timeout_seconds=0.05)

        with (
            sqlite_database.begin(),
            pytest.raises(DatabaseUnavailableError, match="keeps it locked") as caught,
            impatient.begin(),
        ):
            pass
        one_line(caught)

    def test_who_waits_for_another_writer_gives_up_once_there_is_a_hurry(self, sqlite_database: Database) -> None:
        # Without the hurry it would wait for longer than it is waited for here.
        patient = Database(str(sqlite_database.url), lock_timeout_seconds=2 * PATIENCE)

        def write() -> None:
            with patient.begin():
                pass

        with sqlite_database.begin(), ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(write)
            with patient.hurried(0.0), pytest.raises(DatabaseUnavailableError, match="keeps it locked"):
                waiting.result(PATIENCE)
        write()
        patient.dispose()

    def test_a_server_that_is_down(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            database = Database(f"postgresql://user:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/name")

            with pytest.raises(DatabaseUnavailableError, match="Connection refused; check that it runs") as caught:
                database.ensure_ready()
        one_line(caught)

    def test_a_host_that_does_not_exist(self) -> None:
        with pytest.raises(DatabaseUnavailableError, match=r"nowhere\.invalid") as caught:
            Database(f"postgresql://user:{SECRET}@nowhere.invalid/name").ensure_ready()
        one_line(caught)

    def test_a_wrong_password(self, postgres_server: PostgresServer, postgres_url: str) -> None:
        url = postgres_server.with_password(postgres_url, "right-word")
        with sa.create_engine(url).connect() as connection:
            assert connection.execute(sa.text("SELECT current_user")).scalar_one() == "careful"

        with pytest.raises(DatabaseUnavailableError, match="password authentication failed") as caught:
            Database(url.replace("right-word", SECRET)).ensure_ready()
        one_line(caught)

    def test_a_database_that_does_not_exist(self, postgres_url: str) -> None:
        url = sa.make_url(postgres_url).set(database="nothing_here")
        with pytest.raises(DatabaseUnavailableError, match='"nothing_here" does not exist') as caught:
            Database(url.render_as_string(hide_password=False)).ensure_ready()
        one_line(caught)

    def test_a_connection_that_breaks_costs_its_transaction_and_nothing_else(self, postgres_database: Database) -> None:
        def lose_the_connection() -> None:
            with postgres_database.begin() as connection:
                write(connection, "lost")
                end_other_sessions(postgres_database)
                write(connection, "never")

        with pytest.raises(DatabaseUnavailableError) as caught:
            lose_the_connection()
        one_line(caught)

        end_other_sessions(postgres_database)
        with postgres_database.begin() as connection:
            write(connection, "kept")
        with postgres_database.read() as connection:
            assert keys(connection) == ["kept"]

    def test_a_mistake_in_a_statement_is_not_called_an_unavailable_database(self, database: Database) -> None:
        with pytest.raises(sa.exc.DBAPIError), database.begin() as connection:
            connection.execute(sa.text("SELECT nothing FROM nowhere"))

    def test_an_error_never_repeats_the_values_of_a_statement(self, database: Database) -> None:
        with pytest.raises(sa.exc.IntegrityError) as caught, database.begin() as connection:
            connection.execute(sa.insert(quota_state).values(quota_key="k", blocked_until=1, reason=None), [{}])
        assert "quota_key" in str(caught.value)
        assert "[SQL parameters hidden" in str(caught.value)


def run_together(work: Callable[[], object], threads: int) -> None:
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            failures.append(error)

    started = [threading.Thread(target=guarded) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert failures == []


def as_nobody(url: str) -> str:
    """What somebody without rights reads who writes to the database; root may write everywhere."""
    program = (
        "import os, sys\n"
        "from viral_assets.store.engine import Database\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try:\n"
        "    with Database(sys.argv[1]).begin(): pass\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    return subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True).stdout


def end_other_sessions(database: Database) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))
