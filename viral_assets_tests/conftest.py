"""What every package's tests may ask for: a fixed time, and real databases.

PostgreSQL comes from a wheel: one server for each process of the suite, started when first asked for.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from viral_assets.store.engine import Database
from viral_assets_tests.colours import put_colours_aside
from viral_assets_tests.migrations import read_migrations_once
from viral_assets_tests.postgres import PostgresServer
from viral_assets_tests.proxies import put_proxies_aside
from viral_assets_tests.scratch import keep_files_in_memory
from viral_assets_tests.tables import make_tables

if TYPE_CHECKING:
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

# A database is slower on its first use, and machines differ: neither a test nor what it is given has a time to keep.
# Explaining a failure costs more examples than finding it.
settings.register_profile(
    "whole",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=set(Phase) - {Phase.explain},
    max_examples=40,
)
# Laws are tried on a few examples before every commit, on more by `make test`, and on many when somebody asks for it.
settings.register_profile("quick", settings.get_profile("whole"), max_examples=10)
settings.register_profile("thorough", settings.get_profile("whole"), max_examples=1000)
settings.load_profile("whole")


LONGEST_IN_A_NAME = 60


def is_quick(config: pytest.Config) -> bool:
    """Whether only the quick layer was asked for."""
    return "not slow" in config.option.markexpr


def pytest_configure(config: pytest.Config) -> None:
    # Not where the tests are only handed out: the processes that run them have the environment of this one.
    if hasattr(config, "workerinput") or getattr(config.option, "dist", "no") == "no":
        put_proxies_aside()
        put_colours_aside()
    keep_files_in_memory()
    read_migrations_once()
    asked_for = config.getoption("--hypothesis-profile", default=None)
    settings.load_profile(asked_for or ("quick" if is_quick(config) else "whole"))
    # What a shell starts in the background ignores interrupts, and so would what is tested here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported to find the tests stays to the end: it is not looked through for garbage, now or later.

    Nor is what tests make as often as usual: most of it goes by itself, and to look takes a fourteenth of their time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 10, 100)
        gc.enable()


SHARED = re.compile(
    r"/e2e/.*(\[sqlite|\[postgresql)"
    r"|/(web_browser/|(?:assets/test_(?:hours|query_plans|rehearsal)|automation/test_deferred|checks/test_evaluations"
    r"|history/test_prune|setup/test_wheel|test_import_rules)\.py)"
    r"|/((?:embedding/test_multilingual|instance/test_celery_launcher|learning/test_tuning|web/test_left_out)\.py)"
)
"""Tests for which something is made once that takes long: a deployment, a browser, an installed package, a worker, a
finished home, a model, what thousands of decisions teach."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """Tests that share what takes long to make go to one process of the suite, the largest groups first.

    ``--dist=loadgroup`` would do it by a mark, but pytest-xdist 3.8 does not see the mark with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            shared = SHARED.search(nodeid)
            return next(filter(None, shared.groups())) if shared else nodeid

        def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
            scope = self._split_scope(self.registered_collections[node][item_index])
            super().mark_test_complete(node, item_index, duration)
            # It counts all it has handed out after each test, which is the more the longer it takes.
            if all(self.assigned_work[node][scope].values()):
                del self.assigned_work[node][scope]

    return Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """``-n auto`` for the whole suite: more processes than cores, because much of it waits for daemons and browsers.

    The quick layer waits for nothing, and has one process a core.
    """
    return None if is_quick(config) else 2 * (os.cpu_count() or 1)


DATABASES = ("sqlite", "postgresql")

NewDatabase = Callable[[str], AbstractContextManager[Database]]

LAYERS = {"web_browser": "browser", "e2e": "e2e"}
"""What every test of a package is marked as."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """A short name for a long text. pytest before 9 makes it a part of the test's name, which stands in the environment
    of each process that the test starts: with more than 128 KiB there, none starts."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_IN_A_NAME:
        return f"{val[:LONGEST_IN_A_NAME]!a}, {len(val)} in all"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and (layer := LAYERS.get(item.path.relative_to(here).parts[0])):
            item.add_marker(layer)
        # The quick layer asks SQLite alone; what is tried on both is tried on the server by `make test`.
        if isinstance(item, pytest.Function) and ("postgresql" in item.name or "postgres" in str(item.fixturenames)):
            item.add_marker("slow")
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """What takes long comes first where several processes share the tests, so that none is left with it at the end."""
    marks = {mark.name for mark in item.iter_markers()}
    if "e2e" in marks:
        return 0
    if "slow" in marks and "postgresql" not in item.name:
        return 1
    return 2 if "browser" in marks else 3


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not in pytest's own folder: each start of pytest closes that to the user the server runs as.
    with tempfile.TemporaryDirectory(prefix="viral_assets_tests_", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder) / "postgres")
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Of a fresh, empty PostgreSQL database."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'viral_assets.db'}"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """Of a fresh, empty database of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite file with all tables."""
    database = Database(sqlite_url)
    make_tables(Path(str(database.url.database)))
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Makes a fresh database of a kind, with all tables, that several tests share: they only read it."""

    @contextmanager
    def make(kind: str) -> Iterator[Database]:
        if kind == "sqlite":
            path = tmp_path_factory.mktemp("shared") / "viral_assets.db"
            make_tables(path)
            database = Database(f"sqlite:///{path}")
            yield database
            database.dispose()
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.lent() as url:
            database = Database(url)
            yield database
            database.dispose()

    return make


@pytest.fixture
def postgres_database(new_database: NewDatabase) -> Iterator[Database]:
    """A fresh PostgreSQL database with all tables."""
    with new_database("postgresql") as database:
        yield database


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database of each kind, with all tables."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    made: Database = request.getfixturevalue(name)
    return made


@pytest.fixture
def now() -> datetime:
    """A fixed time to hand to whatever asks what time it is."""
    return datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


@pytest.fixture
def clock(now: datetime) -> Callable[[], datetime]:
    """A clock that stands still at ``now``."""
    return lambda: now
