"""Work that one process at a time does on a database."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.store.engine import Database
from viral_assets.store.exclusive import exclusively
from viral_assets.store.tables import kept_values

AT_IT = """
import sys, time
from viral_assets.store.engine import Database
from viral_assets.store.exclusive import exclusively

with exclusively(Database(sys.argv[1]), "sorting"):
    print("begun", flush=True)
    time.sleep(600)
"""


def test_who_comes_second_waits_for_the_first(database: Database) -> None:
    did: list[str] = []

    def second() -> None:
        with exclusively(database, "sorting"):
            did.append("second")

    thread = threading.Thread(target=second)
    with exclusively(database, "sorting"):
        thread.start()
        with (
            pytest.raises(DatabaseUnavailableError, match=r"another run has been at sorting for 0\.1 seconds"),
            exclusively(database, "sorting", patience_seconds=0.1),
        ):
            pass
        did.append("first")
    thread.join()
    assert did == ["first", "second"]


def test_other_work_and_other_writers_go_on(database: Database) -> None:
    with exclusively(database, "sorting"), exclusively(database, "counting"), database.begin() as connection:
        connection.execute(sa.insert(kept_values).values(name="a", value="b"))
    with database.read() as connection:
        assert connection.scalar(sa.select(kept_values.c.value).where(kept_values.c.name == "a")) == "b"


def test_an_error_ends_it_too(database: Database) -> None:
    with pytest.raises(ValueError, match="in the middle"), exclusively(database, "sorting"):
        raise ValueError("in the middle")
    with exclusively(database, "sorting", patience_seconds=0.1):
        pass


def test_a_killed_process_does_not_keep_it(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", AT_IT, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        with pytest.raises(DatabaseUnavailableError), exclusively(database, "sorting", patience_seconds=0.1):
            pass
        process.send_signal(signal.SIGKILL)
    with exclusively(database, "sorting"):
        pass


def test_a_file_that_cannot_be_made_is_named(sqlite_database: Database) -> None:
    refused = Path(f"{sqlite_database.url.database}.sorting.lock")
    refused.mkdir()
    with pytest.raises(DatabaseUnavailableError, match=r"sorting\.lock: "), exclusively(sqlite_database, "sorting"):
        pass
