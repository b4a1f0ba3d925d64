"""PostgreSQL, Redis, PgBouncer, and Dagster's services with two run workers: each a process of its own on the loopback,
each worker with a folder and an instance file of its own, as on a machine of its own. All of them end with the context.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

import redis
import sqlalchemy as sa
from _builds import ROOT
from _postgres import Postgres

from viral_assets_tests.deploy.services import INHERITED, free_port
from viral_assets_tests.e2e import queries
from viral_assets_tests.waiting import NotYetError, until

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
WORKERS = ("one", "two")
DEBIAN = {"redis-server": "redis-server", "pgbouncer": "pgbouncer"}
"""Programs that no Python package brings, and Debian's packages that do."""


def missing(pooled: bool) -> str:
    """What has to be installed first, in one line; empty where all is there."""
    wanted = [name for name in DEBIAN if name != "pgbouncer" or pooled]
    absent = [DEBIAN[name] for name in wanted if _program(name) is None]
    return f"not installed: {' and '.join(absent)} (Debian: apt install {' '.join(absent)})" if absent else ""


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Machines:
    """Everything but the model.

    Args:
        folder: for their files; the inbox in it has what there is to read.
        variables: that every service has which runs our code.
        pooled: whether they come to PostgreSQL through PgBouncer.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], *, pooled: bool) -> None:
        self.folder, self._given, self._pooled = folder, dict(variables), pooled
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._postgres = Postgres()

    def __enter__(self) -> Self:
        self._postgres.__enter__()
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.running.values()):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for name, process in self.running.items():
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            self.kill(name)
        self._postgres.__exit__()

    def _start_all(self) -> None:
        self.direct_url = self._postgres.new_database()
        broker = f"redis://127.0.0.1:{self._start_redis()}"
        self.url = self._start_pgbouncer() if self._pooled else self.direct_url
        self.variables = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "DAGSTER_CELERY_BROKER_URL": f"{broker}/0",
            "DAGSTER_CELERY_BACKEND_URL": f"{broker}/1",
            "DAGSTER_POSTGRES_URL": self.url.replace("postgresql://", "postgresql+psycopg2://", 1),
            "VIRAL_ASSETS_DATABASE_URL": self.url,
            "VIRAL_ASSETS_HOME": str(self.folder),
            **self._given,
        }
        code, self._web = free_port(), free_port()
        workspace = self.folder / "workspace.yaml"
        server = (DEPLOY / "postgres" / "workspace.yaml").read_text("utf-8")
        workspace.write_text(server.replace("code-location", "127.0.0.1").replace("4000", str(code)), "utf-8")
        self._python("migrate", "-m", "viral_assets.cli", "db", "upgrade").wait()
        self._python("instance", "-m", "dagster", "instance", "migrate").wait()
        serve = ("api", "grpc", "--module-name", "viral_assets.definitions", "--host", "127.0.0.1", "--port")
        self._python("code", "-m", "dagster", *serve, str(code))
        check = [sys.executable, "-m", "dagster", "api", "grpc-health-check", "--port", str(code)]
        until(lambda: not self._returns(check), "the code server", every=1, meanwhile=lambda: self._lives("code"))
        # The limit that it would set stays with the pooler's connections, which others get afterwards.
        limit = ("--db-statement-timeout", "0") if self._pooled else ()
        self._python("web", "-m", "dagster_webserver", "--port", str(self._web), "--workspace", str(workspace), *limit)
        until(lambda: self.ask(queries.ASSETS), "the user interface", every=1, meanwhile=lambda: self._lives("web"))
        self._python("daemon", "-m", "dagster._daemon", "run", "--workspace", str(workspace))
        for name in WORKERS:
            self.start_worker(name)

    def start_worker(self, name: str) -> None:
        """A Celery worker that takes one run at a time."""
        app, options = "viral_assets.instance.celery_worker", ("--concurrency", "1", "--loglevel", "INFO")
        self._python(name, "-m", "celery", "--app", app, "worker", "--hostname", f"{name}@%h", *options)

    def kill(self, name: str) -> None:
        """What a machine without power does: all its processes are gone at once."""
        process = self.running[name]
        for each in _session(process.pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")

    def took(self, task: str) -> list[str]:
        """The workers that took a task of Celery's."""
        return [name for name in WORKERS if f"Task execute_job[{task}] received" in self.log(name)]

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of what the webserver answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"http://127.0.0.1:{self._web}/graphql", body, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=60) as response:
                answer = json.load(response)
        except (URLError, ConnectionError, TimeoutError) as error:
            raise NotYetError(str(error)) from None
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        return found

    def _start_redis(self) -> int:
        port = free_port()
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        self._start("redis", ["redis-server", *options], os.environ)
        client = redis.Redis(port=port)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.RedisError as error:
                raise NotYetError(str(error)) from None

        until(answers, "Redis", meanwhile=lambda: self._lives("redis"))
        client.close()
        return port

    def _start_pgbouncer(self) -> str:
        """With the file of ``deploy/``, but for where things are and who may come in."""
        direct = sa.make_url(self.direct_url)
        server, port = Path(str(direct.query["host"])), free_port()
        own = {"host": server, "listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "trust", "auth_file": ""}
        own["auth_file"] = self.folder / "userlist.txt"
        own["auth_file"].write_text('"postgres" ""\n', "utf-8")
        text = (DEPLOY / "postgres" / "pgbouncer.ini").read_text("utf-8").replace("viral_assets", str(direct.database))
        for name, value in own.items():
            text = re.sub(rf"\b{name} ?= ?\S+", f"{name} = {value}", text)
        file = self.folder / "pgbouncer.ini"
        file.write_text(text, "utf-8")
        command = [str(_program("pgbouncer")), str(file)]
        if os.getuid() == 0:
            # It refuses to be root, and the server's folder is closed to others.
            command[1:1] = ["-u", pwd.getpwuid(server.stat().st_uid).pw_name]
            self.folder.chmod(0o755)
        self._start("pgbouncer", command, os.environ)
        url = f"postgresql://postgres@127.0.0.1:{port}/{direct.database}"
        until(lambda: _connects(url), "PgBouncer", meanwhile=lambda: self._lives("pgbouncer"))
        return url

    def _python(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A service, with an instance file of its own."""
        home = self.folder / f"dagster-{name}"
        home.mkdir(exist_ok=True)
        shutil.copyfile(DEPLOY / "celery" / "dagster.yaml", home / "dagster.yaml")
        return self._start(name, [sys.executable, *arguments], {**self.variables, "DAGSTER_HOME": str(home)})

    def _start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=environment, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        return self.running[name]

    def _lives(self, name: str) -> bool:
        return self.running[name].poll() is None

    def _returns(self, command: Sequence[str]) -> int:
        home = {"DAGSTER_HOME": str(self.folder / "dagster-code")}
        return subprocess.run(command, check=False, env={**self.variables, **home}, capture_output=True).returncode


def _session(leader: int) -> list[int]:
    """The processes that somebody has started, and those that they have."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                found.append(int(folder.name))
    return found


def _connects(url: str) -> bool:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT 1")) == 1
    except sa.exc.OperationalError as error:
        raise NotYetError(str(error.orig)) from None
