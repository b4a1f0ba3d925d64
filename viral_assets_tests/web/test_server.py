"""The command as a person starts it: a real server in a process of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from viral_assets.errors import ConfigurationError
from viral_assets.web.server import listen
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.cli.conftest import home as home  # noqa: PLC0414 -- a fixture, used by name
from viral_assets_tests.cli.conftest import new_home as new_home  # noqa: PLC0414
from viral_assets_tests.cli.conftest import viral_assets as viral_assets  # noqa: PLC0414
from viral_assets_tests.cli.forked import Forked
from viral_assets_tests.waiting import PATIENCE, until

Start = Callable[..., tuple[Forked, dict[str, Any]]]


@pytest.fixture
def start(viral_assets: CommandLine) -> Iterator[Start]:
    """Start the command and wait until it says where the page is."""
    started: list[Forked] = []

    def begin(*arguments: str, **environment: str) -> tuple[Forked, dict[str, Any]]:
        command = viral_assets.forked("review", "--no-open", "--json", *arguments, **environment)
        started.append(command)
        line = until(command.first_line, "the address of the page", every=0.05, meanwhile=lambda: command.code is None)
        return command, json.loads(line)

    yield begin
    for command in started:
        command.process.kill()
        command.process.join(PATIENCE)


@pytest.mark.e2e
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_page_and_ends_cleanly(start: Start, way: signal.Signals) -> None:
    command, told = start("--port", "0", "--who", "mara", "--project", "demo")
    answer = requests.get(told["url"], timeout=PATIENCE)
    assert answer.status_code == 200
    assert "No suggestions yet" in answer.text or "Nothing matches" in answer.text
    assert told["url"].startswith("http://127.0.0.1:")
    assert told["token"] is None
    command.signal(way)
    code, _, said = command.ended(PATIENCE)
    assert "Traceback" not in said
    assert "as mara (Ctrl-C ends it)" in said
    assert code == (0 if way == signal.SIGINT else -signal.SIGTERM)


@pytest.mark.e2e
def test_for_others_it_makes_a_token_and_asks_for_it(start: Start) -> None:
    command, told = start("--host", "0.0.0.0", "--port", "0")
    assert len(told["token"]) >= 32
    answer = requests.get(told["url"], timeout=PATIENCE)
    assert "Token" in answer.text
    assert answer.url.endswith("/login")
    session = requests.Session()
    inside = session.get(told["url"] + "login", params={"token": told["token"]}, timeout=PATIENCE)
    assert "to decide" in inside.text
    assert told["token"] not in inside.url + inside.text
    command.interrupt()
    _, _, said = command.ended(PATIENCE)
    assert said.count(told["token"]) == 1, "printed once, and logged nowhere"


@pytest.mark.e2e
def test_a_token_of_ones_own_is_not_printed(start: Start) -> None:
    token = "the token of this test"
    command, told = start("--host", "0.0.0.0", "--port", "0", VIRAL_ASSETS_REVIEW_TOKEN=token)
    assert told["token"] is None
    assert requests.get(told["url"] + "login", params={"token": token}, timeout=PATIENCE).url.endswith("/")
    command.interrupt()
    _, out, err = command.ended(PATIENCE)
    assert token not in out + err


def test_a_taken_port_leads_to_the_next_one_unless_it_was_asked_for() -> None:
    with listen("127.0.0.1", 0, more=False) as taken:
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port, more=True) as found:
            assert port < found.getsockname()[1] <= port + 20
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port} .*choose another --port"):
            listen("127.0.0.1", port, more=False)


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_one_line(viral_assets: CommandLine, host: str) -> None:
    said = viral_assets("review", "--no-open", "--host", host, "--port", "0")
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert host in said.err


@pytest.mark.parametrize(
    ("environment", "code", "told"),
    [
        ({"VIRAL_ASSETS_REVIEW_TOKEN": "abcdefghij"}, 2, "VIRAL_ASSETS_REVIEW_TOKEN is too short"),
        ({"VIRAL_ASSETS_DATABASE_URL": "postgresql://me:geheim@127.0.0.1:1/x"}, 1, "check that it runs"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], code: int, told: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said = viral_assets("review", "--no-open", "--port", "0")
    assert said.code == code
    assert said.err.count("\n") == 1
    assert told in said.err
    assert "geheim" not in said.err


def test_postgresql_without_tables_names_the_command(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", postgres_url)
    said = viral_assets("review", "--no-open", "--port", "0")
    assert said.code == 1
    assert "viral-assets db upgrade" in said.err
